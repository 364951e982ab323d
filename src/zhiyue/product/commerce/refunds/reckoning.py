"""What the rule gives back of an order at a moment, course by course, and why where it is nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Q
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.consumption import opened_lesson_ids
from zhiyue.product.commerce.errors import NoSuchOrder
from zhiyue.product.commerce.membership.held import credit_of, use_of
from zhiyue.product.commerce.models import Order, OrderCourse, OrderPlan, Payment, Refund, RefundPart
from zhiyue.product.commerce.models.payments import PAST
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.refunds.rule import (
    Bought,
    Reckoning,
    RefundTerms,
    WhyNot,
    reckon,
    why_not,
    why_not_free,
)
from zhiyue.product.commerce.refunds.terms import plan_terms, terms_of_parts
from zhiyue.product.commerce.standing import Saving, bundled, savings_by
from zhiyue.product.commerce.taken import taken_fen

# Why of a whole order nothing can be asked for.
ClosedTo = Literal["", "not_paid", "under_way", "returned", "costs_nothing", "no_courses", "credited"]
_S, _C = Refund.Status, Refund.Cause
# What was paid before it came here, and its provider never heard of by the number that we made for it. The sandbox's
# trades are written along with its past orders.
_ELSEWHERE = Q(channel=PAST) & ~Q(provider=sandbox.NAME)
_GIVEN = Q(refund__status__in=[_S.APPROVED, _S.SENT, _S.DONE, _S.FAILED])
# Of a person one membership goes back by rule in so long.
PLAN_ONCE_IN = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Returnable:
    """A course of an order, or the membership it is of, as the rule reckons it now. `why_not` is why the rule gives
    nothing back, "" where it does; `until` is the end of its window, None where it has none. `savings` are what a
    membership saved on what is kept, order by order, `opened` how many lessons it opened."""

    part: OrderCourse | OrderPlan
    terms: RefundTerms
    bought: Bought
    reckoning: Reckoning
    why_not: WhyNot
    until: datetime | None
    savings: Sequence[Saving] = ()
    opened: int = 0

    @property
    def course(self) -> Course | None:
        """None of a membership."""
        return self.part.course if isinstance(self.part, OrderCourse) else None

    @property
    def course_id(self) -> int | None:
        return self.part.course_id if isinstance(self.part, OrderCourse) else None

    @property
    def left_fen(self) -> int:
        """What could still go back, if staff decided so. What came off another membership is paid back by that."""
        return 0 if self.why_not == "credited" else self.bought.left_fen

    @property
    def by_rule_fen(self) -> int:
        return 0 if self.why_not else self.reckoning.amount_fen

    @property
    def is_by_rule(self) -> bool:
        """Has nobody to decide about it? What cost nothing may go with what did."""
        return self.why_not in ("", "costs_nothing")

    @property
    def frees_another(self) -> bool:
        """Did a membership cost nothing as it took the place of another? Given back, that one goes on, and its money
        can go back."""
        took_place = isinstance(self.part, OrderPlan) and self.part.credited_at is not None
        return took_place and not self.bought.paid_fen


@dataclass(frozen=True, slots=True)
class OrderReckoning:
    """A whole order. `open` are the courses that are still open by it, in their order, `returned` those that aren't;
    `closed_to` is why nothing can be asked for, "" where something can."""

    order: Order
    parts: Sequence[Returnable]
    closed_to: ClosedTo

    @property
    def open(self) -> list[Returnable]:
        return [one for one in self.parts if one.part.returned_at is None]

    @property
    def left_fen(self) -> int:
        return sum(one.left_fen for one in self.parts)

    @property
    def goes_back_whole(self) -> bool:
        """Of several courses by rule all that are still open go back, or none: some of them were had at the price of
        all."""
        return len(self.open) > 1

    def asked_for(self, course_ids: Collection[int]) -> list[Returnable]:
        """These courses that are open, or the membership, as they go back if they are asked for at once."""
        chosen = [one for one in self.open if one.course_id is None or one.course_id in course_ids]
        if len(chosen) == len(self.open):
            return chosen
        return [one if one.why_not else replace(one, why_not="in_part") for one in chosen]


def refund_of(user: User, number: str, *, now: datetime | None = None) -> OrderReckoning:
    """What a member would get back of their order now. Raises NoSuchOrder, also where it is somebody else's."""
    order = Order.objects.filter(user=user, number=number).first()
    if order is None:
        raise NoSuchOrder(pgettext_lazy("order", "You have no such order."))
    return reckoned(order, now=now)


def reckoned(order: Order, *, now: datetime | None = None) -> OrderReckoning:
    """An order as it stands now; of one whose refund waits for a decision by the time at which that was asked. Whoever
    acts upon it holds the order's row."""
    moment = now or clock.now()
    waiting = under_way(order)
    asked_at = waiting.asked_at if waiting is not None and waiting.status == _S.ASKED else moment
    taken = taken_fen(order)
    plan = OrderPlan.objects.filter(order=order).select_related("plan").first()
    if plan is not None:
        plan.order = order
        whole = _but_elsewhere(order, [_membership(plan, taken, moment, asked_at)])
        return OrderReckoning(order, whole, _closed_to(order, whole, waiting))
    parts = list(order.courses.select_related("course").order_by("pk"))
    terms = terms_of_parts(parts)
    lessons = _lessons(parts)
    returnable = [
        _returnable(order, part, terms[part.pk], lessons[part.pk], taken.get((part.pk, None), 0), asked_at)
        for part in parts
    ]
    returnable = _but_elsewhere(order, returnable)
    if any(one.by_rule_fen for one in returnable):
        returnable = _but_bundled(order, returnable)
    return OrderReckoning(order, returnable, _closed_to(order, returnable, waiting))


def goes_by_rule(chosen: Collection[Returnable]) -> bool:
    """Does money go back for these at once, or is another membership freed, without anybody's decision?"""
    goes = any(one.by_rule_fen or one.frees_another for one in chosen)
    return goes and all(one.is_by_rule for one in chosen)


def may_go_back(order: Order, parts: Collection[OrderCourse | OrderPlan]) -> bool:
    """May something of an order be asked back, as far as it and what it opens tell without a reckoning? What waits for
    a decision may be asked again."""
    refund = under_way(order)
    is_under_way = refund is not None and refund.status != _S.ASKED
    is_worth = order.total_fen or any(isinstance(one, OrderPlan) and one.credited_at for one in parts)
    return bool(is_worth) and not _closed_at_sight(order, parts, is_under_way=is_under_way)


def under_way(order: Order) -> Refund | None:
    """The refund of an order that is under way. Reads its refunds, which may be prefetched."""
    return next((one for one in order.refunds.all() if one.is_under_way), None)


def payment_of(order: Order) -> Payment | None:
    """The payment that paid the order, where its provider can give it back: not what was paid elsewhere and imported.
    One that came on top of it is owed back by itself."""
    owed = Refund.objects.filter(cause=_C.OWED, order=order).values("payment_id")
    here = order.payments.filter(status=Payment.Status.PAID).exclude(_ELSEWHERE)
    return here.exclude(pk__in=owed).order_by("pk").first()


def _returnable(
    order: Order,
    part: OrderCourse,
    terms: RefundTerms,
    lessons: tuple[int, int],
    taken: int,
    moment: datetime,
) -> Returnable:
    for_money, opened = lessons
    bought = Bought(part.total_fen, for_money, opened, taken)
    paid_at = order.paid_at or moment
    return Returnable(
        part=part,
        terms=terms,
        bought=bought,
        reckoning=reckon(terms, bought),
        why_not=why_not(terms, bought, age=moment - paid_at),
        until=paid_at + terms.window if terms.window_days and order.paid_at else None,
    )


def _but_elsewhere(order: Order, parts: Sequence[Returnable]) -> list[Returnable]:
    """By rule nothing goes back of what was paid elsewhere: here nobody but who brought it in says that it was paid."""
    if not order.outside_number or payment_of(order) is not None:
        return list(parts)
    return [one if one.why_not else replace(one, why_not="elsewhere") for one in parts]


def _but_bundled(order: Order, parts: Sequence[Returnable]) -> list[Returnable]:
    """By rule nothing goes back of what came off the price of a bundle that is kept; that bundle can go back before."""
    kept = bundled(order, [one.part for one in parts if isinstance(one.part, OrderCourse)])
    return [
        replace(one, why_not="bundled") if one.part.pk in kept and not one.why_not else one for one in parts
    ]


def _membership(
    plan: OrderPlan,
    taken: Mapping[tuple[int | None, int | None], int],
    moment: datetime,
    asked_at: datetime,
) -> Returnable:
    """A membership: what is left of it by days. What came off the price of another one is in that; days that the other
    one had anyway are kept at what they cost more."""
    use = use_of(plan, moment)
    terms = RefundTerms.from_json(plan.refund_terms) if plan.refund_terms else plan_terms()
    savings = savings_by(plan) if plan.returned_at is None else []
    bought = Bought(
        plan.total_fen,
        use.days,
        use.used - use.covered,
        taken.get((None, plan.pk), 0),
        unit="days",
        saved_fen=sum(one.amount_fen for one in savings),
        covered=use.covered,
        covered_fen=use.covered_fen,
        credit_fen=credit_of(plan.order),
    )
    paid_at = plan.order.paid_at or asked_at
    age = asked_at - paid_at
    opened = plan.openings.count()
    why: WhyNot = "credited" if use.is_credited else why_not(terms, bought, age=age)
    until = paid_at + terms.window if terms.window_days and plan.order.paid_at else None
    found = Returnable(plan, terms, bought, reckon(terms, bought), why, until, savings, opened)
    if why == "costs_nothing" and found.frees_another:
        found = replace(found, why_not=why_not_free(terms, age=age, saved_fen=bought.saved_fen))
    return found if found.why_not else replace(found, why_not=_too_often(plan, terms, opened, asked_at))


def _too_often(plan: OrderPlan, terms: RefundTerms, opened: int, moment: datetime) -> WhyNot:
    """Days alone say little of who read everything on the first one, or does so again and again."""
    if terms.most_lessons and opened > terms.most_lessons:
        return "much_read"
    if plan.order.user_id is None:
        return ""
    before = RefundPart.objects.filter(
        _GIVEN,
        refund__is_by_rule=True,
        refund__decided_at__gt=moment - PLAN_ONCE_IN,
        plan__order__user_id=plan.order.user_id,
        amount_fen__gt=0,
    )
    return "this_year" if before.exclude(plan=plan).exists() else ""


def _lessons(parts: Iterable[OrderCourse]) -> Mapping[int, tuple[int, int]]:
    """By the part: how many lessons were for money, and how many of them were opened. Announced ones were for money,
    too; of those that were withdrawn or made free since, the ones that were opened."""
    wanted = list(parts)
    offered: dict[int, set[int]] = {}
    rows = Lesson.objects.offered().filter(course_id__in={part.course_id for part in wanted}, is_free=False)
    for course_id, lesson_id in rows.order_by().values_list("course_id", "pk"):
        offered.setdefault(course_id, set()).add(lesson_id)
    opened = opened_lesson_ids(part.pk for part in wanted)
    found = {}
    for part in wanted:
        mine = opened.get(part.pk, set())
        found[part.pk] = (len(offered.get(part.course_id, set()) | mine), len(mine))
    return found


def _is_for_the_rule(waiting: Refund, parts: Sequence[Returnable]) -> bool:
    """Would what waits for a decision be approved at once if it were asked now? What stood against it may be gone."""
    if waiting.status != _S.ASKED:
        return False
    wanted = {part or plan for part, plan in waiting.parts.values_list("part_id", "plan_id")}
    asked = [one for one in parts if one.part.returned_at is None]
    return all(one.part.pk in wanted for one in asked) and goes_by_rule(asked)


def _closed_to(order: Order, parts: Sequence[Returnable], waiting: Refund | None) -> ClosedTo:
    is_under_way = waiting is not None and not _is_for_the_rule(waiting, parts)
    if why := _closed_at_sight(order, [one.part for one in parts], is_under_way=is_under_way):
        return why
    still_open = [one for one in parts if one.part.returned_at is None]
    if any(one.why_not == "credited" for one in still_open):
        return "credited"
    return "" if any(one.left_fen or one.frees_another for one in still_open) else "costs_nothing"


def _closed_at_sight(
    order: Order, parts: Collection[OrderCourse | OrderPlan], *, is_under_way: bool
) -> ClosedTo:
    if order.paid_at is None or order.status not in (*Order.OPENING, Order.Status.REFUNDED):
        return "not_paid"
    if not parts:
        return "no_courses"
    if is_under_way:
        return "under_way"
    is_over = order.status == Order.Status.REFUNDED or all(one.returned_at is not None for one in parts)
    return "returned" if is_over else ""
