"""The statements of a month: one for each teacher to whom enough is due, made once."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Teacher
from zhiyue.product.commerce.models import PayoutLine, PayoutStatement, TeacherShare
from zhiyue.product.commerce.numbers import number


def ended_month(now: datetime | None = None) -> date:
    """The first day of the academy's last whole month."""
    this = clock.business_day(now).replace(day=1)
    return (this - timedelta(days=1)).replace(day=1)


def month_end(month: date) -> datetime:
    """The moment at which a month, given by its first day, is over."""
    return clock.day_start((month + timedelta(days=31)).replace(day=1))


def make_statements(*, now: datetime | None = None) -> int:
    """State the month that is over for each teacher who has no statement of it, and to whom as much as the least amount
    is due; what is less is carried on. How many were made; run again it makes none.

    What was due in a month that nobody stated (the server was off) is in the statement of the next one.
    """
    moment = now or clock.now()
    month = ended_month(moment)
    done = PayoutStatement.objects.filter(month=month).values("teacher_id")
    due = unstated(before=month_end(month)).exclude(teacher_id__in=done).order_by()
    enough = due.values("teacher_id").annotate(due_fen=Sum("amount_fen")).filter(due_fen__gte=_least())
    teachers = list(enough.order_by("teacher_id").values_list("teacher_id", flat=True))
    return sum(_state(teacher_id, month, moment) for teacher_id in teachers)


def unstated(*, before: datetime | None = None) -> QuerySet[TeacherShare]:
    """Shares that are in no statement; `before`: those that were due then."""
    free = TeacherShare.objects.filter(statement=None)
    return free if before is None else free.filter(due_at__lt=before)


def _least() -> int:
    """A statement is about something, however low the setting."""
    return max(1, settings.ZHIYUE_PAYOUT_LEAST_FEN)


@transaction.atomic
def _state(teacher_id: int, month: date, moment: datetime) -> bool:
    # One statement of a teacher at a time: a second worker waits here, and finds it made.
    Teacher.objects.select_for_update(no_key=True).get(pk=teacher_id)
    if PayoutStatement.objects.filter(teacher_id=teacher_id, month=month).exists():
        return False
    statement = PayoutStatement.objects.create(
        number=number("S", moment), teacher_id=teacher_id, month=month, amount_fen=0, made_at=moment
    )
    # Taken first and summed then: what comes in meanwhile is in the next one.
    unstated(before=month_end(month)).filter(teacher_id=teacher_id).update(statement=statement)
    lines = list(_lines(statement))
    statement.amount_fen = sum(line.share_fen for line in lines)
    if statement.amount_fen < _least():
        transaction.set_rollback(True)
        return False
    statement.save(update_fields=["amount_fen"])
    PayoutLine.objects.bulk_create(lines)
    return True


def _lines(statement: PayoutStatement) -> Iterable[PayoutLine]:
    sold, back = Q(sold_fen__gt=0), Q(sold_fen__lt=0)
    carried = Q(due_at__lt=clock.day_start(statement.month))
    rows = statement.shares.order_by("course__title", "course_id").values_list("course_id", "course__title")
    for course_id, title, sales, gross, refunds, refunded, share, earlier in rows.annotate(
        # What memberships earned by a course is no sale of it.
        sales=Count("pk", filter=sold & Q(part__isnull=False)),
        gross=_sum("sold_fen", sold),
        refunds=Count("pk", filter=back),
        refunded=_sum("sold_fen", back),
        share=_sum("amount_fen", Q()),
        earlier=_sum("amount_fen", carried),
    ):
        yield PayoutLine(
            statement=statement,
            course_id=course_id,
            title=title or "",
            sales=sales,
            gross_fen=gross,
            refunds=refunds,
            refunded_fen=-refunded,
            share_fen=share,
            carried_fen=earlier,
        )


def _sum(column: str, of: Q) -> Coalesce:
    return Coalesce(Sum(column, filter=of), 0)
