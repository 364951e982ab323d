"""How much of what was bought went back, or will."""

from django.db.models import Q, Sum

from zhiyue.product.commerce.models import Order, Refund, RefundPart

_S = Refund.Status
# Money of these is gone, or will be: it can't go back again. What failed and was sent again counts there.
_TAKEN = Q(refund__status__in=[_S.APPROVED, _S.SENT, _S.DONE]) | Q(
    refund__status=_S.FAILED, refund__again=None
)


def taken_fen(*orders: Order) -> dict[tuple[int | None, int | None], int]:
    """How much of each course of these orders, and of their memberships, went back or is on its way, by the ids of the
    two of which one is None; absent where nothing is."""
    rows = RefundPart.objects.filter(_TAKEN, refund__order__in=orders).values_list("part_id", "plan_id")
    return {(part, plan): total for part, plan, total in rows.annotate(total=Sum("amount_fen"))}
