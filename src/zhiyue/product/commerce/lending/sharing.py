"""Who may show courses to friends, asked of many at once; `rights.may_share` asks it of one course."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Enrolment, OrderPlan, Plan
from zhiyue.product.commerce.periods import periods
from zhiyue.product.commerce.rights import bought, bought_of, coverable, goes_on, reckoned_plans

# A member and a course.
Pair = tuple[int, int]


def may_share_each(pairs: Collection[Pair], *, now: datetime | None = None) -> set[Pair]:
    """Those of the pairs of which the member has the course in such a way that they may show a lesson of it to friends.
    Five queries at most, however many they are."""
    if not pairs:
        return set()
    members, courses = {member for member, _ in pairs}, {course for _, course in pairs}
    joined = Enrolment.objects.filter(user__in=members, course__in=courses)
    paid = bought().filter(order__user__in=members, course__in=courses)
    rows: Any = joined.values_list("user_id", "course_id")
    owned = set(rows.union(paid.values_list("order__user_id", "course_id")))
    found = owned.intersection(pairs)
    left = {pair for pair in pairs if pair not in found}
    running = _running({member for member, _ in left}, now or clock.now())
    opened = _opened(running.values(), {course for _, course in left})
    return found | {pair for pair in left if (running.get(pair[0]), pair[1]) in opened}


def _running(member_ids: Collection[int], moment: datetime) -> dict[int, int]:
    """The plan that runs of each member who has one."""
    mine: defaultdict[int, list[OrderPlan]] = defaultdict(list)
    for row in reckoned_plans().filter(order__user__in=member_ids).select_related("order"):
        if row.order.user_id is not None:
            mine[row.order.user_id].append(row)
    found = {}
    for member_id, rows in mine.items():
        plans = {row.order_id: row.plan_id for row in rows}
        for period in periods([bought_of(row) for row in rows], clock.business_zone()):
            if goes_on(period, moment):
                found[member_id] = plans[period.order.order_id]
    return found


def _opened(plan_ids: Iterable[int], course_ids: Collection[int]) -> set[tuple[int | None, int]]:
    """A plan with a course that it opens now, for all of both."""
    plans = list(Plan.objects.filter(pk__in=set(plan_ids)).prefetch_related("topics"))
    if not plans:
        return set()
    topics = dict(coverable().filter(pk__in=course_ids).values_list("pk", "topic_id"))
    of = {plan.pk: {topic.pk for topic in plan.topics.all()} for plan in plans}
    return {
        (plan.pk, course_id)
        for plan in plans
        for course_id, topic_id in topics.items()
        if plan.opens_all or topic_id in of[plan.pk]
    }
