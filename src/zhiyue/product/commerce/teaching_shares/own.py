"""What a teacher sees of their own sales: how often and for how much their courses were sold, month by month, what of
it is theirs, and their statements. Who bought is told to nobody here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.authoring import teacher_of
from zhiyue.product.catalogue.models import Teacher
from zhiyue.product.commerce.models import OrderCourse, PayoutStatement, Refund, RefundPart, TeacherShare
from zhiyue.product.commerce.teaching_shares.book import WholeStatement, with_lines
from zhiyue.product.commerce.teaching_shares.statements import unstated

MONTHS = 12


@dataclass(slots=True)
class Sales:
    """What was sold and paid for, what went back and what of it is the teacher's, in some time. What goes back counts
    when it went."""

    sold: int = 0
    gross_fen: int = 0
    refunds: int = 0
    refunded_fen: int = 0
    share_fen: int = 0

    def add(self, other: "Sales") -> None:
        self.sold += other.sold
        self.gross_fen += other.gross_fen
        self.refunds += other.refunds
        self.refunded_fen += other.refunded_fen
        self.share_fen += other.share_fen


@dataclass(frozen=True, slots=True)
class OwnSales:
    """A teacher's last twelve months, the earliest first, the last of which isn't over; and the same by course, by what
    it brought in. `due_fen` is due by now and in no statement, `later_fen` will be."""

    teacher: Teacher
    months: Sequence[tuple[date, Sales]]
    courses: Sequence[tuple[str, Sales]]
    due_fen: int
    later_fen: int

    @property
    def total(self) -> Sales:
        whole = Sales()
        for _, one in self.months:
            whole.add(one)
        return whole


@dataclass(slots=True)
class _Kept:
    """Sales by month, and by course."""

    months: dict[date, Sales] = field(default_factory=dict)
    courses: dict[int, tuple[str, Sales]] = field(default_factory=dict)

    def put(self, month: datetime, course_id: int | None, title: str | None, sales: Sales) -> None:
        first = clock.business_day(month).replace(day=1)
        self.months.setdefault(first, Sales()).add(sales)
        if course_id is not None:
            self.courses.setdefault(course_id, (title or "", Sales()))[1].add(sales)


def own_sales(viewer: Viewer, *, now: datetime | None = None) -> OwnSales | None:
    """The sales of the courses that the viewer teaches; None where they teach none yet. Raises NotAllowed."""
    teacher = teacher_of(require(viewer, Permission.USE_STUDIO))
    if teacher is None:
        return None
    moment = now or clock.now()
    firsts = clock.last_months(MONTHS, moment)
    kept = _Kept(months={first: Sales() for first in firsts})
    since = clock.day_start(firsts[0])
    _put_sold(kept, teacher, since)
    _put_back(kept, teacher, since)
    _put_read(kept, teacher, since)
    _put_shares(kept, teacher, since)
    courses = sorted(kept.courses.values(), key=lambda one: (-one[1].gross_fen, -one[1].share_fen, one[0]))
    by_now = Q(due_at__lt=moment)
    due = (
        unstated()
        .filter(teacher=teacher)
        .aggregate(
            now=Coalesce(Sum("amount_fen", filter=by_now), 0),
            later=Coalesce(Sum("amount_fen", filter=~by_now), 0),
        )
    )
    months = [(first, kept.months[first]) for first in firsts]
    return OwnSales(teacher, months, courses, due["now"], due["later"])


def own_statements(viewer: Viewer) -> QuerySet[PayoutStatement]:
    """The viewer's statements, the latest first. Raises NotAllowed."""
    user = require(viewer, Permission.USE_STUDIO)
    return PayoutStatement.objects.filter(teacher__user=user).order_by("-month", "-pk")


def own_statement(viewer: Viewer, number: str) -> WholeStatement:
    """One of them with its lines. Raises NotAllowed, NoSuchStatement, also where it is another teacher's."""
    return with_lines(own_statements(viewer).filter(number=number))


def _put_sold(kept: _Kept, teacher: Teacher, since: datetime) -> None:
    parts = OrderCourse.objects.filter(course__teacher=teacher, order__paid_at__gte=since, total_fen__gt=0)
    for month, course_id, title, sold, gross in _by_month(parts, "order__paid_at", "course").annotate(
        n=Count("pk"), fen=Sum("total_fen")
    ):
        kept.put(month, course_id, title, Sales(sold=sold, gross_fen=gross))


def _put_back(kept: _Kept, teacher: Teacher, since: datetime) -> None:
    parts = RefundPart.objects.filter(
        part__course__teacher=teacher,
        refund__status=Refund.Status.DONE,
        refund__settled_at__gte=since,
        amount_fen__gt=0,
    )
    for month, course_id, title, refunds, fen in _by_month(
        parts, "refund__settled_at", "part__course"
    ).annotate(n=Count("pk"), fen=Sum("amount_fen")):
        kept.put(month, course_id, title, Sales(refunds=refunds, refunded_fen=fen))


def _put_read(kept: _Kept, teacher: Teacher, since: datetime) -> None:
    """What memberships earned by the courses that their members read: no sale, but money that they brought in."""
    read = TeacherShare.objects.filter(teacher=teacher, at__gte=since, part=None)
    for month, course_id, title, fen in _by_month(read, "at", "course").annotate(fen=Sum("sold_fen")):
        kept.put(month, course_id, title, Sales(gross_fen=fen))


def _put_shares(kept: _Kept, teacher: Teacher, since: datetime) -> None:
    shares = TeacherShare.objects.filter(teacher=teacher, at__gte=since)
    for month, course_id, title, fen in _by_month(shares, "at", "course").annotate(fen=Sum("amount_fen")):
        kept.put(month, course_id, title, Sales(share_fen=fen))


def _by_month(rows: QuerySet[Any], moment: str, course: str) -> QuerySet[Any, Any]:
    """Grouped by the academy's month and by course: (month, course, its title)."""
    month = TruncMonth(moment, tzinfo=clock.business_zone())
    grouped: QuerySet[Any, Any] = rows.order_by().annotate(
        month=month, of=F(f"{course}_id"), called=F(f"{course}__title")
    )
    return grouped.values_list("month", "of", "called")
