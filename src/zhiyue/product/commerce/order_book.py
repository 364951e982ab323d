"""Reads of orders: one's own, and everybody's for staff."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import NoSuchOrder
from zhiyue.product.commerce.models import (
    Entry,
    Invoice,
    Order,
    OrderCourse,
    OrderPlan,
    OrderStep,
    Payment,
    ProviderNotice,
    Refund,
)


@dataclass(frozen=True, slots=True)
class SoughtOrders:
    """Which orders staff look for; what is empty narrows nothing. `words` are part of an order's number, the whole
    number of one of its payments or of a past order elsewhere, or part of who ordered or of what is called so. It was
    placed on the academy's days from `since` to `until`, both of them too."""

    words: str = ""
    status: str = ""
    member_id: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """What was paid for orders, and what of it has gone back by now."""

    paid_fen: int
    refunded_fen: int


@dataclass(frozen=True, slots=True)
class WholeOrder:
    """Everything that is known of an order, each in the order in which it came."""

    order: Order
    courses: Sequence[OrderCourse]
    plan: OrderPlan | None
    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    invoices: Sequence[Invoice]
    notices: Sequence[ProviderNotice]
    steps: Sequence[OrderStep]
    entries: Sequence[Entry]

    @property
    def parts(self) -> Sequence[OrderCourse | OrderPlan]:
        """What it opens."""
        return [*self.courses, *([self.plan] if self.plan else [])]


def orders_of(user: User) -> QuerySet[Order]:
    """A member's orders, the latest first."""
    return Order.objects.filter(user=user).order_by("-created_at", "-pk")


def order_of(user: User, number: str) -> Order:
    """A member's order, with what it opens, its payments, and its refunds and invoices, the latest first. Raises
    NoSuchOrder, also where it is somebody else's."""
    parts = OrderCourse.objects.select_related("course").order_by("pk")
    found = (
        orders_of(user)
        .filter(number=number)
        .select_related("plan__plan")
        .prefetch_related(
            Prefetch("courses", parts),
            Prefetch("payments", Payment.objects.order_by("pk")),
            Prefetch("refunds", Refund.objects.order_by("-pk")),
            Prefetch("invoices", Invoice.objects.order_by("-pk")),
        )
        .first()
    )
    if found is None:
        raise NoSuchOrder(pgettext_lazy("order", "You have no such order."))
    return found


def plan_of(order: Order) -> OrderPlan | None:
    """The membership that an order is of; one that `order_of` gave isn't asked for again."""
    found: OrderPlan | None = getattr(order, "plan", None)
    return found


def why_expired(order: Order) -> str:
    """Why an order ended that waited for its money, as its journal says; "" where it didn't."""
    if order.status != Order.Status.EXPIRED:
        return ""
    ended = order.steps.filter(before=Order.Status.CREATED, after=Order.Status.EXPIRED)
    return ended.order_by("-pk").values_list("why", flat=True).first() or ""


def numbers_of(ids: Iterable[int]) -> dict[int, str]:
    """What people call these orders, by their id."""
    return dict(Order.objects.filter(pk__in=list(ids)).values_list("pk", "number"))


def all_orders(viewer: Viewer, sought: SoughtOrders) -> QuerySet[Order]:
    """The orders sought with who ordered, the latest first. Raises NotAllowed."""
    require(viewer, Permission.SEE_ORDERS)
    orders = Order.objects.select_related("user").filter(_about(sought.words.strip()))
    if sought.status:
        orders = orders.filter(status=sought.status)
    if sought.member_id is not None:
        orders = orders.filter(user_id=sought.member_id)
    if sought.since is not None:
        orders = orders.filter(created_at__gte=clock.day_start(sought.since))
    if sought.until is not None:
        orders = orders.filter(created_at__lt=clock.day_start(sought.until + timedelta(days=1)))
    return orders.order_by("-created_at", "-pk")


def money_of(orders: QuerySet[Order]) -> Money:
    """The sums of orders that `all_orders` gave: of those that were paid, whatever became of them since."""
    paid = Sum("total_fen", filter=Q(paid_at__isnull=False))
    sums = orders.order_by().aggregate(paid=Coalesce(paid, 0), refunded=Coalesce(Sum("refunded_fen"), 0))
    return Money(sums["paid"], sums["refunded"])


def whole_order(viewer: Viewer, number: str) -> WholeOrder:
    """Raises NotAllowed, NoSuchOrder."""
    require(viewer, Permission.SEE_ORDERS)
    order = Order.objects.select_related("user", "plan__plan").filter(number=number).first()
    if order is None:
        raise NoSuchOrder(pgettext_lazy("order", "There is no such order."))
    notices = ProviderNotice.objects.select_related("payment").filter(payment__order=order)
    return WholeOrder(
        order=order,
        courses=list(order.courses.select_related("course").order_by("pk")),
        plan=plan_of(order),
        payments=list(order.payments.order_by("pk")),
        refunds=list(order.refunds.order_by("-pk")),
        invoices=list(order.invoices.order_by("-pk")),
        notices=list(notices.order_by("pk")),
        steps=list(order.steps.select_related("by").order_by("pk")),
        entries=list(order.entries.prefetch_related("postings").order_by("pk")),
    )


@transaction.atomic
def export_orders(*, viewer: Viewer, sought: SoughtOrders) -> QuerySet[Order]:
    """Note that the orders sought are taken away, and give them. They name people: it takes the right to take those
    away, too. Raises NotAllowed."""
    by = require(viewer, Permission.EXPORT_MEMBERS)
    orders = all_orders(viewer, sought)
    note(by=by, act="orders.exported", subject=("orders", "", ""), after={"orders": orders.count()})
    return orders


def _about(words: str) -> Q:
    if not words:
        return Q()
    paid_by = Payment.objects.filter(order=OuterRef("pk"), number__iexact=words)
    there = Payment.objects.filter(order=OuterRef("pk"), provider_number=words)
    who = Q(user__display_name__icontains=words) | Q(user__email__icontains=words)
    called = Q(number__icontains=words) | Q(outside_number=words) | Q(title__icontains=words)
    return called | who | Exists(paid_by) | Exists(there)
