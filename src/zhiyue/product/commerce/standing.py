"""What lowered a price and must still stand: the membership whose percent is in it, and the courses that a bundle was
lowered for. Else somebody would keep what they gave back: by rule neither goes back past what it lowered, and no money
is taken for a price whose reason is gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zhiyue.product.commerce.membership.held import credit_holds, ran_at
from zhiyue.product.commerce.models import Order, OrderCourse, OrderPlan
from zhiyue.product.commerce.rights import reckoned_plans
from zhiyue.product.commerce.selectors import enrolled_course_ids
from zhiyue.product.commerce.shares import shared_out
from zhiyue.product.commerce.taken import taken_fen


@dataclass(frozen=True, slots=True)
class Saving:
    """What a membership's percent saved of an order, in so far as what it was for is kept."""

    order: Order
    amount_fen: int


def price_holds(order: Order) -> bool:
    """Is what an order's price was lowered for still there? It may have gone back since it was placed."""
    if not credit_holds(order):
        return False
    if order.user_id is None:
        return True
    credited = _credited(order)
    if credited and not enrolled_course_ids(order.user_id) >= credited:
        return False
    if not _saved_fen(order):
        return True
    ran = ran_at(_plans(order.user_id), order.created_at)
    return ran is None or ran.returned_at is None


def savings_by(plan: OrderPlan) -> list[Saving]:
    """What the percent of a membership saved, order by order: of those that were placed while it ran, are paid, and of
    which something is kept. Four queries at most, none where it takes nothing off."""
    order = plan.order
    if not plan.off_percent or order.user_id is None or order.paid_at is None:
        return []
    kept = Order.objects.filter(
        user_id=order.user_id, status__in=Order.OPENING, created_at__gte=order.paid_at, plan=None
    )
    lowered = [one for one in kept.order_by("pk") if _saved_fen(one)]
    if not lowered:
        return []
    plans = list(_plans(order.user_id))
    mine = [one for one in lowered if ran_at(plans, one.created_at) == plan]
    parts: dict[int, list[OrderCourse]] = {one.pk: [] for one in mine}
    for part in OrderCourse.objects.filter(order__in=mine).order_by("pk"):
        parts[part.order_id].append(part)
    gone = {part: fen for (part, _), fen in taken_fen(*mine).items() if part is not None} if mine else {}
    found = [Saving(one, _kept_of(_saved_fen(one), parts[one.pk], gone)) for one in mine]
    return [one for one in found if one.amount_fen]


def bundled(order: Order, parts: Iterable[OrderCourse]) -> set[int]:
    """Which of these courses of an order, by the part, came off the price of a bundle that stands. One query."""
    if order.user_id is None or order.paid_at is None:
        return set()
    bundles = Order.objects.filter(
        user_id=order.user_id,
        status__in=Order.OPENING,
        offer__startswith="bundle:",
        created_at__gte=order.paid_at,
        courses__returned_at=None,
        courses__isnull=False,
    )
    credited = set().union(*(_credited(one) for one in bundles.exclude(pk=order.pk).distinct()))
    return {part.pk for part in parts if part.course_id in credited}


def _plans(member_id: int) -> Iterable[OrderPlan]:
    return reckoned_plans().filter(order__user_id=member_id).select_related("order")


def _saved_fen(order: Order) -> int:
    """What a membership's percent saved of it in the end. Orders of old, and imported ones, keep only what it took off
    at first."""
    lines = [line for line in order.lines if line["kind"] == "membership"]
    return sum(int(line.get("saved_fen", -line["amount_fen"])) for line in lines)


def _credited(order: Order) -> set[int]:
    """The courses for which its price was lowered."""
    return {int(course) for line in order.lines for course in line.get("courses", ())}


def _kept_of(saved_fen: int, parts: Iterable[OrderCourse], gone: Mapping[int, int]) -> int:
    """The share of what was saved that lies in what is still kept: by what each course cost, of those that cost nothing
    alike. Of a course that went back by what stayed of its money, for so much of it was read at that price; rounded
    up."""
    whole = {part.pk: part for part in parts}
    shares = {pk: part.total_fen for pk, part in whole.items()}
    of_each = shared_out(saved_fen, shares if any(shares.values()) else dict.fromkeys(shares, 1))
    found = 0
    for pk, fen in of_each.items():
        part = whole[pk]
        if part.returned_at is None:
            found += fen
        elif part.total_fen:
            found += -(-fen * (part.total_fen - gone.get(pk, 0)) // part.total_fen)
    return found
