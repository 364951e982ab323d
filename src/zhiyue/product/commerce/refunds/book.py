"""Reads of refunds for staff: the list, and one with all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Q, QuerySet, Value, When
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.product.commerce.errors import NoSuchOrder, NoSuchRefund
from zhiyue.product.commerce.models import Order, Refund, RefundPart
from zhiyue.product.commerce.refunds.reckoning import OrderReckoning, reckoned

_S = Refund.Status


@dataclass(frozen=True, slots=True)
class SoughtRefunds:
    """Which refunds staff look for; what is empty narrows nothing. `words` are part of a number (of a refund or its
    order), of who ordered or of what is called so."""

    words: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class WholeRefund:
    """A refund, its courses, what the rule says of its order now, and the other one where it was sent again."""

    refund: Refund
    parts: Sequence[RefundPart]
    reckoning: OrderReckoning
    again: Refund | None


def all_refunds(viewer: Viewer, sought: SoughtRefunds) -> QuerySet[Refund]:
    """The refunds sought: those that wait for staff first, the one that waits longest at the top; then the latest.
    Raises NotAllowed."""
    require(viewer, Permission.SEE_ORDERS)
    refunds = Refund.objects.select_related("order__user", "again").filter(_about(sought.words.strip()))
    if sought.status:
        refunds = refunds.filter(status=sought.status)
    waits = Case(When(WAITS_FOR_STAFF, then=Value(0)), default=Value(1))
    waiting_since = Case(When(WAITS_FOR_STAFF, then="pk"), default=Value(0))
    return refunds.order_by(waits, waiting_since, "-asked_at", "-pk")


# To be decided, to be sent again, or to be paid out by hand.
WAITS_FOR_STAFF = (
    Q(status=_S.ASKED)
    | Q(status=_S.FAILED, again=None)
    | Q(status=_S.APPROVED, payment=None, amount_fen__gt=0)
)


def waiting_count(viewer: Viewer) -> int:
    """How many wait for staff. Raises NotAllowed."""
    require(viewer, Permission.SEE_ORDERS)
    return Refund.objects.filter(WAITS_FOR_STAFF).count()


def whole_refund(viewer: Viewer, number: str) -> WholeRefund:
    """Raises NotAllowed, NoSuchRefund."""
    require(viewer, Permission.SEE_ORDERS)
    rows = Refund.objects.select_related("order__user", "payment", "decided_by", "again_of")
    refund = rows.filter(number=number).first()
    if refund is None:
        raise NoSuchRefund(pgettext_lazy("refund", "There is no such refund."))
    return WholeRefund(
        refund=refund,
        parts=list(refund.parts.select_related("part__course", "plan__plan").order_by("pk")),
        reckoning=reckoned(refund.order),
        again=Refund.objects.filter(again_of=refund).first(),
    )


def reckoning_of(viewer: Viewer, order_number: str) -> OrderReckoning:
    """What the rule gives back of an order, for staff. Raises NotAllowed, NoSuchOrder."""
    require(viewer, Permission.SEE_ORDERS)
    order = Order.objects.select_related("user").filter(number=order_number).first()
    if order is None:
        raise NoSuchOrder(pgettext_lazy("order", "There is no such order."))
    return reckoned(order)


def _about(words: str) -> Q:
    if not words:
        return Q()
    of_whom = Q(order__user__display_name__icontains=words) | Q(order__user__email__icontains=words)
    numbers = Q(number__icontains=words) | Q(order__number__icontains=words)
    return numbers | Q(order__title__icontains=words) | of_whom
