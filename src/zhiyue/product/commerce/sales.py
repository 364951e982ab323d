"""What the whole academy sold, for staff: month by month, what sold most lately, and how many of the orders begun were
paid. As orders and refunds tell: money counts when it came and when it went. (The books count memberships by days.)"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Case, Count, Exists, Max, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import CouponUse, Order, Refund

MONTHS = 12
LATELY_DAYS = 30
MOST_SOLD = 10
KINDS = ("course", "bundle", "plan")


@dataclass(slots=True)
class MonthSales:
    """Of one month: what was paid for each of KINDS, in how many orders and by how many people, and what went back in
    it, whenever it was bought."""

    by_kind: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    people: int = 0
    refunds: int = 0
    refunded_fen: int = 0

    @property
    def sold_fen(self) -> int:
        return self.by_kind.total()

    @property
    def kept_fen(self) -> int:
        """Below 0 where more went back than came."""
        return self.sold_fen - self.refunded_fen

    @property
    def average_fen(self) -> int | None:
        """Of a paid order; None without one."""
        return round(self.sold_fen / self.orders) if self.orders else None


@dataclass(frozen=True, slots=True)
class SoldOffer:
    """An offer, what it was called when it was ordered last, how often it was paid and for how much, and what of that
    has gone back by now."""

    offer: str
    title: str
    orders: int
    sold_fen: int
    refunded_fen: int


@dataclass(frozen=True, slots=True)
class Begun:
    """Orders that were placed lately and cost something: what became of them, and the coupons of those paid."""

    orders: int
    paid: int
    waiting: int
    with_coupon: int
    coupons_fen: int


@dataclass(frozen=True, slots=True)
class AcademySales:
    """The last MONTHS, the earliest first, the last of which isn't over; and the last LATELY_DAYS, today with them."""

    months: Sequence[tuple[date, MonthSales]]
    offers: Sequence[SoldOffer]
    begun: Begun

    @property
    def is_empty(self) -> bool:
        return all(one == MonthSales() for _, one in self.months) and not self.begun.orders


def monthly_sales(viewer: Viewer, *, now: datetime | None = None) -> Sequence[tuple[date, MonthSales]]:
    """The months alone. Raises NotAllowed."""
    require(viewer, Permission.SEE_ORDERS)
    firsts = clock.last_months(MONTHS, now)
    months = {first: MonthSales() for first in firsts}
    since = clock.day_start(firsts[0])
    paid = _paid(since).annotate(month=_month("paid_at"))
    kinds = [When(offer__startswith=f"{kind}:", then=Value(kind)) for kind in KINDS]
    by_kind = paid.annotate(kind=Case(*kinds)).values_list("month", "kind")
    for month, kind, fen in by_kind.annotate(fen=Sum("total_fen")):
        months[_first(month)].by_kind[kind] = fen
    counted = paid.values_list("month").annotate(n=Count("pk"), people=Count("user", distinct=True))
    for month, orders, people in counted:
        months[_first(month)].orders, months[_first(month)].people = orders, people
    # What came without an order that could take it was never sold, so it doesn't go back here.
    back = Refund.objects.filter(status=Refund.Status.DONE, settled_at__gte=since, amount_fen__gt=0).exclude(
        cause=Refund.Cause.OWED
    )
    grouped = back.order_by().annotate(month=_month("settled_at")).values_list("month")
    for month, refunds, fen in grouped.annotate(n=Count("pk"), fen=Sum("amount_fen")):
        months[_first(month)].refunds, months[_first(month)].refunded_fen = refunds, fen
    return [(first, months[first]) for first in firsts]


def academy_sales(viewer: Viewer, *, now: datetime | None = None) -> AcademySales:
    """Raises NotAllowed."""
    moment = now or clock.now()
    months = monthly_sales(viewer, now=moment)
    since = clock.day_start(clock.days_before(clock.business_day(moment), LATELY_DAYS - 1))
    return AcademySales(months, _most_sold(since), _begun(since))


def _most_sold(since: datetime) -> list[SoldOffer]:
    offers = _paid(since).values_list("offer").annotate(
        last=Max("pk"), n=Count("pk"), fen=Sum("total_fen"), back=Sum("refunded_fen")
    )  # fmt: skip
    found = list(offers.order_by("-fen", "-n", "offer")[:MOST_SOLD])
    titles = dict(Order.objects.filter(pk__in=[last for _, last, *_ in found]).values_list("pk", "title"))
    return [SoldOffer(offer, titles[last], n, fen, back) for offer, last, n, fen, back in found]


def _begun(since: datetime) -> Begun:
    uses = CouponUse.objects.filter(order=OuterRef("pk"))
    placed = Order.objects.filter(created_at__gte=since, total_fen__gt=0)
    paid = Q(paid_at__isnull=False)
    found = placed.aggregate(
        orders=Count("pk"),
        paid=Count("pk", filter=paid),
        waiting=Count("pk", filter=Q(status=Order.Status.CREATED)),
        with_coupon=Count("pk", filter=paid & Q(Exists(uses))),
    )
    took_off = CouponUse.objects.filter(
        order__created_at__gte=since, order__total_fen__gt=0, order__paid_at__isnull=False
    ).aggregate(fen=Coalesce(Sum("amount_fen"), 0))
    return Begun(**found, coupons_fen=took_off["fen"])


def _paid(since: datetime) -> QuerySet[Order]:
    """Orders that money was paid for since then, whatever became of them."""
    return Order.objects.filter(paid_at__gte=since, total_fen__gt=0).order_by()


def _month(moment: str) -> TruncMonth:
    return TruncMonth(moment, tzinfo=clock.business_zone())


def _first(month: datetime) -> date:
    return clock.business_day(month).replace(day=1)
