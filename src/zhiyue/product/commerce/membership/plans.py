"""Plans of membership: which there are, and staff's making, offering and withdrawing of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.commerce.errors import BadTerm, NoSuchOffer
from zhiyue.product.commerce.models import CourseTerms, Order, OrderPlan, Plan
from zhiyue.product.commerce.models.lending import LONGEST_TRIAL_DAYS
from zhiyue.product.commerce.offering import Facts, check_price, locked, note_act, note_change, turn
from zhiyue.product.commerce.rights import coverable

LONGEST_GRACE_DAYS = 30
MOST_PERCENT = 90
_TERMS = ("name", "summary", "months", "price_fen", "grace_days", "trial_days", "off_percent")


@dataclass(frozen=True, slots=True)
class PlanWish:
    """A plan as staff wish it; without topics it opens everything."""

    name: str
    summary: str
    months: int
    price_fen: int
    topic_ids: Sequence[int] = ()
    grace_days: int = 3
    trial_days: int = 0
    off_percent: int = 0


@dataclass(frozen=True, slots=True)
class PlanOnDesk:
    """A plan with what its form needs to know: was it ever sold, and how many orders of it are paid."""

    plan: Plan
    topics: Sequence[Topic]
    sold: int
    is_fixed: bool


def plans_for_sale() -> list[Plan]:
    """Those offered with their topics, the shortest first and of equals the cheapest."""
    offered = Plan.objects.filter(status=Plan.Status.OFFERED)
    return list(offered.prefetch_related("topics").order_by("months", "price_fen", "pk"))


def are_plans_for_sale() -> bool:
    return Plan.objects.filter(status=Plan.Status.OFFERED).exists()


def plan_for_sale(plan_id: int) -> Plan:
    """Raises NoSuchOffer."""
    plan = Plan.objects.filter(pk=plan_id, status=Plan.Status.OFFERED).first()
    if plan is None:
        raise NoSuchOffer(pgettext_lazy("offer", "This membership isn't for sale now."))
    return plan


def plans_opening(course: Course) -> list[Plan]:
    """Plans for sale that would open the course, the cheapest first."""
    opening = Q(opens_all=True) | Q(topics=course.topic_id)
    kept_out = CourseTerms.objects.filter(course=course, is_in_memberships=False)
    offered = Plan.objects.filter(opening, ~Exists(kept_out), status=Plan.Status.OFFERED).distinct()
    return list(offered.order_by("price_fen", "pk")) if course.is_published and not course.is_free else []


def courses_in(plans: Iterable[Plan]) -> dict[int, int]:
    """How many courses each of these plans, which come with their topics, opens now. One query."""
    rows = coverable().order_by().values_list("topic_id").annotate(n=Count("pk"))
    of_topic = dict(rows)
    return {
        plan.pk: sum(
            of_topic.values()
            if plan.opens_all
            else (of_topic.get(topic.pk, 0) for topic in plan.topics.all())
        )
        for plan in plans
    }


def compared(held: Plan, plans: Iterable[Plan]) -> dict[int, tuple[int, int]]:
    """How many courses each of these plans opens now that `held` doesn't, and how many it lacks of those that `held`
    opens; the plans come with their topics. Two queries."""
    of_topic = dict(coverable().order_by().values_list("topic_id").annotate(n=Count("pk")))
    mine = _topics(held, of_topic)
    theirs = {plan.pk: _topics(plan, of_topic) for plan in plans}
    return {
        pk: (sum(of_topic[one] for one in topics - mine), sum(of_topic[one] for one in mine - topics))
        for pk, topics in theirs.items()
    }


def _topics(plan: Plan, of_topic: dict[int, int]) -> set[int]:
    return set(of_topic) if plan.opens_all else {one.pk for one in plan.topics.all()} & set(of_topic)


def all_plans(viewer: Viewer) -> list[PlanOnDesk]:
    """Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    sold = Count("orders", filter=Q(orders__order__status__in=Order.OPENING), distinct=True)
    ordered = Exists(OrderPlan.objects.filter(plan=OuterRef("pk")))
    rows: Any = Plan.objects.annotate(sold=sold, is_fixed=ordered).prefetch_related("topics")
    return [
        PlanOnDesk(plan, list(plan.topics.all()), plan.sold, plan.is_fixed)
        for plan in rows.order_by("months", "price_fen", "pk")
    ]


@transaction.atomic
def make_plan(*, viewer: Viewer, wish: PlanWish) -> Plan:
    """A draft, which nobody sees yet. Raises NotAllowed, BadTerm."""
    by = require(viewer, Permission.CHANGE_SALES)
    _check(wish)
    plan = Plan(status=Plan.Status.DRAFT)
    _write(plan, wish)
    note_act(by, "plan.made", plan, after=_facts(plan))
    return plan


@transaction.atomic
def change_plan(*, viewer: Viewer, plan_id: int, wish: PlanWish) -> bool:
    """Change what stands of it. What was sold stays as it was: once somebody ordered it, what it opens and its months
    don't change any more. False where nothing changed. Raises NotAllowed, BadTerm, NoSuchOffer."""
    by = require(viewer, Permission.CHANGE_SALES)
    plan = locked(Plan, plan_id)
    _check(wish)
    before = _facts(plan)
    is_other = wish.months != plan.months or sorted(wish.topic_ids) != before["topics"]
    if is_other and plan.orders.exists():
        raise BadTerm(
            "months",
            pgettext_lazy(
                "plan", "It was sold: what it opens and how long stays. Withdraw it, and make another one."
            ),
        )
    _write(plan, wish)
    return note_change(by, "plan.changed", plan, before=before, after=_facts(plan))


@transaction.atomic
def offer_plan(*, viewer: Viewer, plan_id: int) -> bool:
    """Put it on sale. False where it was. Raises NotAllowed, NoSuchOffer."""
    return turn(viewer, Plan, plan_id, Plan.Status.OFFERED, "plan.offered")


@transaction.atomic
def withdraw_plan(*, viewer: Viewer, plan_id: int) -> bool:
    """Sell it no longer; whoever has it keeps it until its end. False where it wasn't for sale. Raises NotAllowed,
    NoSuchOffer."""
    return turn(viewer, Plan, plan_id, Plan.Status.WITHDRAWN, "plan.withdrawn")


def _check(wish: PlanWish) -> None:
    if not 1 <= len(wish.name) <= 40:
        raise BadTerm("name", pgettext_lazy("plan", "Give it a name of 1 to 40 characters."))
    if len(wish.summary) > 200:
        raise BadTerm("summary", pgettext_lazy("plan", "Say it in 200 characters at most."))
    if wish.months not in Plan.Months.values:
        raise BadTerm("months", pgettext_lazy("plan", "Choose a month, a quarter or a year."))
    check_price(wish.price_fen)
    if not 0 <= wish.grace_days <= LONGEST_GRACE_DAYS:
        raise BadTerm("grace_days", pgettext_lazy("plan", "Days of grace are 0 to 30."))
    if not 0 <= wish.trial_days <= LONGEST_TRIAL_DAYS:
        raise BadTerm("trial_days", pgettext_lazy("terms", "A trial lasts 1 to 90 days; 0 is none."))
    if not 0 <= wish.off_percent <= MOST_PERCENT:
        raise BadTerm("off_percent", pgettext_lazy("plan", "Members pay 0 to 90 percent less."))
    if Topic.objects.filter(pk__in=wish.topic_ids).count() != len(set(wish.topic_ids)):
        raise BadTerm("topics", pgettext_lazy("plan", "Choose topics from the list."))


def _write(plan: Plan, wish: PlanWish) -> None:
    for name in _TERMS:
        setattr(plan, name, getattr(wish, name))
    plan.opens_all = not wish.topic_ids
    plan.save()
    plan.topics.set(wish.topic_ids)


def _facts(plan: Plan) -> Facts:
    topics = sorted(plan.topics.values_list("pk", flat=True))
    return {**{name: getattr(plan, name) for name in _TERMS}, "topics": topics}
