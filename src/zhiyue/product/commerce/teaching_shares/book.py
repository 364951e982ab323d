"""Reads of payouts for staff: the months, the statements of one, a statement with its lines, and what is due next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Teacher
from zhiyue.product.commerce.errors import NoSuchStatement
from zhiyue.product.commerce.models import PayoutLine, PayoutStatement
from zhiyue.product.commerce.teaching_shares.statements import unstated


@dataclass(frozen=True, slots=True)
class SoughtStatements:
    """Which statements staff look for; what is empty narrows nothing. `words` are part of the number or the teacher's
    name."""

    month: date | None = None
    status: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class WholeStatement:
    statement: PayoutStatement
    lines: Sequence[PayoutLine]

    @property
    def carried_fen(self) -> int:
        """What of it was due in earlier months."""
        return sum(line.carried_fen for line in self.lines)


@dataclass(frozen=True, slots=True)
class Due:
    """What is in no statement yet of a teacher: due by now, and due later. Below 0 where more went back."""

    teacher: Teacher
    due_fen: int
    later_fen: int


def all_statements(viewer: Viewer, sought: SoughtStatements) -> QuerySet[PayoutStatement]:
    """The statements sought with whose they are, those to be paid first, then by month, the latest first.
    Raises NotAllowed."""
    require(viewer, Permission.PAY_TEACHERS)
    found = PayoutStatement.objects.select_related("teacher")
    if sought.month is not None:
        found = found.filter(month=sought.month)
    if sought.status:
        found = found.filter(status=sought.status)
    if words := sought.words.strip():
        found = found.filter(Q(number__icontains=words) | Q(teacher__name__icontains=words))
    is_open = Q(status=PayoutStatement.Status.OPEN)
    return found.alias(is_open=is_open).order_by("-is_open", "-month", "teacher__name", "pk")


def months(viewer: Viewer) -> list[date]:
    """The months that have a statement, the latest first. Raises NotAllowed."""
    require(viewer, Permission.PAY_TEACHERS)
    found = PayoutStatement.objects.order_by("-month").values_list("month", flat=True)
    return list(found.distinct())


def to_be_paid(viewer: Viewer) -> tuple[int, int]:
    """How many statements wait for their money, and how many fen they are together. Raises NotAllowed."""
    require(viewer, Permission.PAY_TEACHERS)
    amounts = PayoutStatement.objects.filter(status=PayoutStatement.Status.OPEN)
    found = list(amounts.values_list("amount_fen", flat=True))
    return len(found), sum(found)


def due_next(viewer: Viewer, *, now: datetime | None = None) -> list[Due]:
    """What teachers earned and no statement has yet, who is due most first. Raises NotAllowed."""
    require(viewer, Permission.PAY_TEACHERS)
    by_now = Q(due_at__lt=now or clock.now())
    rows = unstated().order_by().values_list("teacher_id")
    sums = rows.annotate(
        due=Coalesce(Sum("amount_fen", filter=by_now), 0),
        later=Coalesce(Sum("amount_fen", filter=~by_now), 0),
    )
    found = {teacher_id: (due, later) for teacher_id, due, later in sums if due or later}
    teachers = Teacher.objects.in_bulk(list(found))
    owed = [Due(teachers[pk], due, later) for pk, (due, later) in found.items()]
    return sorted(owed, key=lambda one: (-one.due_fen, -one.later_fen, one.teacher.name))


def whole_statement(viewer: Viewer, number: str) -> WholeStatement:
    """Raises NotAllowed, NoSuchStatement."""
    require(viewer, Permission.PAY_TEACHERS)
    return with_lines(PayoutStatement.objects.filter(number=number))


def with_lines(found: QuerySet[PayoutStatement]) -> WholeStatement:
    """The one statement of these with its lines. Raises NoSuchStatement."""
    statement = found.select_related("teacher", "decided_by").first()
    if statement is None:
        raise NoSuchStatement(pgettext_lazy("payout", "There is no such statement."))
    return WholeStatement(statement, list(statement.lines.order_by("pk")))
