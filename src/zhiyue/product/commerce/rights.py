"""What opens a course for somebody at this moment, in one question. Every right is derived from the row that gave it:
an order, a gift of the academy, a pass. Nothing has to be set when a payment comes, and nothing cleared when a time is
over or a course changes its topic."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.models import (
    CourseTerms,
    Enrolment,
    GiftOpening,
    LessonOpening,
    Order,
    OrderCourse,
    OrderPlan,
    Plan,
    TrialPass,
)
from zhiyue.product.commerce.periods import Bought, Period, periods

RightKind = Literal["owned", "membership", "trial", "gift"]
# What a member may show to friends: what is tried, or was shown to them, isn't theirs to show.
SHARED: frozenset[RightKind] = frozenset({"owned", "membership"})
# Of several rights the first of these counts.
_ORDER: tuple[RightKind, ...] = ("owned", "membership", "trial", "gift")


@dataclass(frozen=True, slots=True)
class Right:
    """Why a course (a gift: a lesson of it) is open: it is somebody's own (`owned`), or lent to them until a moment.
    `member_id` is whose right it is, of a gift the giver's; `giver` what they are called. `part` is the course of an
    order that was paid for it, of a membership the plan of the order that runs, 0 where it cost nothing; `is_noted`:
    the lesson that was asked about was opened by it before. Both of a gift are its giver's, who has the course `by`."""

    why: RightKind
    member_id: int
    until: datetime | None = None
    giver: str = ""
    part: int = 0
    is_noted: bool = True
    by: RightKind | None = None


class _Row(NamedTuple):
    """What may open a course, in the columns that all such rows share. Of an order of a plan: when it was paid, what it
    is worth, and whether the plan `opens` this course."""

    why: str
    member_id: int
    until: datetime | None
    giver: str
    order_id: int
    paid_at: datetime | None
    credited_at: datetime | None
    returned_at: datetime | None
    months: int
    grace_days: int
    plan_id: int
    part: int
    opens: bool
    is_noted: bool


def right_to_course(member_id: int, course: Course, *, now: datetime | None = None) -> Right | None:
    """The best right that a member has to the whole of a course. One query."""
    moment = now or clock.now()
    return _best(_asked(_of_members([member_id], course, moment), moment))


def right_to_lesson(
    member_id: int | None, visitor: UUID | None, lesson: Lesson, *, now: datetime | None = None
) -> Right | None:
    """The same of a member or a visitor and one lesson, which a friend may have given them. One query; a second where
    nothing but a gift opens it, for a gift ends with the giver's own right."""
    if member_id is None and visitor is None:
        return None
    moment = now or clock.now()
    course = lesson.course
    rows = _of_members([member_id], course, moment, lesson) if member_id is not None else []
    found = _asked([*rows, _gifts(member_id, visitor, lesson, moment)], moment)
    best = _best(found)
    if best is None or best.why != "gift":
        return best
    givers = _shared({right.member_id for right in found}, course, moment, lesson)
    given = _best(right for right in found if right.member_id in givers)
    if given is None:
        return None
    theirs = givers[given.member_id]
    return replace(given, part=theirs.part, is_noted=theirs.is_noted, by=theirs.why)


def may_share(member_ids: Collection[int], course: Course, *, now: datetime | None = None) -> set[int]:
    """Which of these members have the course in such a way that they may show a lesson of it to friends. One query."""
    return set(_shared(member_ids, course, now or clock.now()))


def _shared(
    member_ids: Collection[int], course: Course, moment: datetime, lesson: Lesson | None = None
) -> dict[int, Right]:
    """Those of the members, each with the right by which they have the course."""
    rights = defaultdict(list)
    for right in _asked(_of_members(member_ids, course, moment, lesson), moment):
        if right.why in SHARED:
            rights[right.member_id].append(right)
    return {pk: best for pk, mine in rights.items() if (best := _best(mine)) is not None}


def bought() -> QuerySet[OrderCourse]:
    """Courses that orders open now."""
    return OrderCourse.objects.filter(order__status__in=Order.OPENING, returned_at=None)


def reckoned_plans() -> QuerySet[OrderPlan]:
    """Plans that were paid, also those given back since: until then they ran, and the days that they had stay used."""
    counts = Q(order__status__in=Order.OPENING) | Q(returned_at__isnull=False)
    return OrderPlan.objects.filter(counts, order__paid_at__isnull=False)


def owned_rows(member_id: int) -> tuple[QuerySet[Enrolment], QuerySet[OrderCourse]]:
    """A member's own courses, one row each: what they joined or were given, and what they paid for. There is no mark
    that a payment must remember to set: an order that is paid, and hasn't gone back, opens its courses."""
    return Enrolment.objects.filter(user_id=member_id), bought().filter(order__user_id=member_id)


def trials_under_way(moment: datetime) -> QuerySet[TrialPass]:
    return TrialPass.objects.filter(ends_at__gt=moment)


def coverable() -> QuerySet[Course]:
    """Published courses with a price that aren't kept out of memberships, whenever they came out. What is free stays
    free."""
    kept_out = CourseTerms.objects.filter(course=OuterRef("pk"), is_in_memberships=False)
    return Course.objects.published().filter(~Exists(kept_out), price_fen__gt=0)


def covered_by(plan_ids: Collection[int]) -> QuerySet[Course]:
    """The courses that these plans open at this moment."""
    of_topic = Plan.topics.through.objects.filter(plan__in=plan_ids, topic=OuterRef("topic"))
    everything = Plan.objects.filter(pk__in=plan_ids, opens_all=True)
    return coverable().filter(Exists(of_topic) | Exists(everything))


def bought_of(row: OrderPlan) -> Bought:
    """An order of a plan as `periods` reckons with it; its order comes with it."""
    return Bought(
        row.order_id,
        row.order.paid_at or row.order.created_at,
        row.months,
        row.grace_days,
        row.credited_at,
        row.returned_at,
        row.plan_id,
    )


def _of_members(
    member_ids: Collection[int], course: Course, moment: datetime, lesson: Lesson | None = None
) -> list[QuerySet[Any]]:
    """What may open the whole course to these members; of what was paid, whether `lesson` was opened by it."""
    joined = Enrolment.objects.filter(user__in=member_ids, course=course)
    paid = bought().filter(order__user__in=member_ids, course=course)
    trials = trials_under_way(moment).filter(user__in=member_ids)
    found = [
        _as_rows(joined, "owned", "user_id"),
        _as_rows(paid, "owned", "order__user_id", noted=_noted(lesson), part="pk"),
        _as_rows(trials.filter(course=course), "trial", "user_id", until="ends_at"),
    ]
    if not course.is_published or course.is_free:
        return found
    kept_out = CourseTerms.objects.filter(course=course, is_in_memberships=False)
    of_topic = Plan.topics.through.objects.filter(plan=OuterRef("plan"), topic=course.topic_id)
    opens = Q(plan__opens_all=True) | Q(Exists(of_topic))
    plans = reckoned_plans().filter(~Exists(kept_out), order__user__in=member_ids)
    tried = trials.filter(opens, ~Exists(kept_out), plan__isnull=False)
    return [
        *found,
        _as_rows(tried, "trial", "user_id", until="ends_at"),
        _as_rows(
            plans,
            "membership",
            "order__user_id",
            opens=opens,
            noted=_noted_of_plan(lesson),
            part="pk",
            order_id="order_id",
            paid_at="order__paid_at",
            credited_at="credited_at",
            returned_at="returned_at",
            plan_id="plan_id",
            months="months",
            grace_days="grace_days",
        ),
    ]


def _noted(lesson: Lesson | None) -> Exists | None:
    return Exists(LessonOpening.objects.filter(part=OuterRef("pk"), lesson=lesson)) if lesson else None


def _noted_of_plan(lesson: Lesson | None) -> Exists | None:
    return Exists(LessonOpening.objects.filter(plan=OuterRef("pk"), lesson=lesson)) if lesson else None


def _gifts(
    member_id: int | None, visitor: UUID | None, lesson: Lesson, moment: datetime
) -> QuerySet[GiftOpening]:
    """Gifts of the lesson that somebody opened and that aren't over; whether their givers still may is another
    question. A member keeps what they opened in this browser before they signed in."""
    mine = Q(user=member_id) if member_id is not None else Q()
    mine |= Q(visitor=visitor) if visitor is not None else Q()
    opened = GiftOpening.objects.filter(mine, gift__lesson=lesson, gift__ends_at__gt=moment)
    return _as_rows(
        opened.filter(gift__giver__is_active=True),
        "gift",
        "gift__giver_id",
        until="gift__ends_at",
        giver="gift__giver__display_name",
    )


# Databases want to know the type of what isn't there.
_NOTHING: dict[str, Any] = {
    "until": Cast(Value(None), DateTimeField()),
    "giver": Value("", output_field=CharField()),
    "order_id": Value(0, output_field=IntegerField()),
    "paid_at": Cast(Value(None), DateTimeField()),
    "credited_at": Cast(Value(None), DateTimeField()),
    "returned_at": Cast(Value(None), DateTimeField()),
    "months": Value(0, output_field=IntegerField()),
    "grace_days": Value(0, output_field=IntegerField()),
    "plan_id": Value(0, output_field=IntegerField()),
    "part": Value(0, output_field=IntegerField()),
}


def _as_rows(
    rows: QuerySet[Any],
    why: RightKind,
    whose: str,
    *,
    opens: Q | None = None,
    noted: Exists | None = None,
    **columns: str,
) -> QuerySet[Any]:
    """Rows in the columns of `_Row`; `columns` are the names that those have here which aren't empty."""
    values = [F(columns[name]) if name in columns else empty for name, empty in _NOTHING.items()]
    does_open = Value(True) if opens is None else opens
    is_noted = Value(True) if noted is None else noted
    return rows.order_by().values_list(
        Value(why, output_field=CharField()),
        F(whose),
        *values,
        ExpressionWrapper(does_open, output_field=BooleanField()),
        ExpressionWrapper(is_noted, output_field=BooleanField()),
    )


def _asked(rows: Sequence[QuerySet[Any]], moment: datetime) -> list[Right]:
    found = rows[0].union(*rows[1:], all=True) if len(rows) > 1 else rows[0]
    rights, plans = [], defaultdict(list)
    for row in map(_Row._make, found):
        if row.why == "membership":
            plans[row.member_id].append(row)
        else:
            kind = _KINDS[row.why]
            rights.append(Right(kind, row.member_id, row.until, row.giver, row.part, row.is_noted))
    for member_id, bought_by_them in plans.items():
        running, until = _running(bought_by_them, moment)
        if running is not None:
            rights.append(Right("membership", member_id, until, part=running.part, is_noted=running.is_noted))
    return rights


_KINDS: dict[str, RightKind] = {one: one for one in _ORDER}


def _running(rows: Sequence[_Row], moment: datetime) -> tuple[_Row | None, datetime | None]:
    """By which of a member's plans the course is open, and until when without a break; None: by none now."""
    by_order = {row.order_id: row for row in rows}
    orders = [
        Bought(
            row.order_id,
            row.paid_at,
            row.months,
            row.grace_days,
            row.credited_at,
            row.returned_at,
            row.plan_id,
        )
        for row in rows
        if row.paid_at is not None
    ]
    running: _Row | None = None
    until: datetime | None = None
    for period in periods(orders, clock.business_zone()):
        row = by_order[period.order.order_id]
        if row.opens and goes_on(period, until or moment):
            until = period.opens_until if period.opens_until > moment else period.grace_until
            running = running or row
    return running, until


def goes_on(period: Period, moment: datetime) -> bool:
    """Is it open at a moment, its grace included?"""
    return period.opens_from <= moment < period.grace_until


def _best(rights: Iterable[Right]) -> Right | None:
    """One's own before what is lent, what lasts longer before what ends sooner; of one's own what was free or given
    before what was paid, of which the first counts."""

    def place(right: Right) -> tuple[int, int, float]:
        return _ORDER.index(right.why), right.part, -right.until.timestamp() if right.until else 0

    return min(rights, key=place, default=None)
