"""Past orders in bulk: what was sold before the academy came here, or lived by the simulator. They come with their
rights, their journal and their place in the books, and tell nobody: no mail, no fact, nothing to be done after."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.collect.cleaning import Cleaned, clean
from zhiyue.collect.kinds import Actor
from zhiyue.collect.retention import days_kept
from zhiyue.collect.services import import_history
from zhiyue.core.accounts.errors import NoSuchMember, NotOneself
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.errors import NotOffered
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.imports import past_sales
from zhiyue.product.commerce.imports.past_sales import Sold
from zhiyue.product.commerce.membership.deferring import take_over
from zhiyue.product.commerce.models import Entry, Order, OrderCourse, Payment, SandboxTrade
from zhiyue.product.commerce.models.payments import PAST
from zhiyue.product.commerce.numbers import number
from zhiyue.product.commerce.offers import course_ref
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.selectors import owned_pairs

OFFLINE, OTHER = "offline", "other"
# By whom a past order may have been paid. Through the last two there was no provider, so there is no payment either.
VIA = ("wechat", "alipay", "stripe", sandbox.NAME, OFFLINE, OTHER)
_PROVIDERS = frozenset(VIA) - {OFFLINE, OTHER}
AT_ONCE = 500
NOT_ONES_OWN = pgettext_lazy("import", "This is you: a colleague brings in what you bought yourself.")
MOST_FEN = 2**31 - 1
LONGEST_NUMBER = 64


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order that has come to its end: paid, or not paid in time; of one course, or of what was `sold`.

    outside_number  what it was called where it was placed: told again under it, it is known
    course_id  None where what was sold isn't a course
    total_fen  what was paid, or should have been; what it cost is the same, unless `sold` tells what reduced it
    paid_at  None: it never was, and its time ended at `ended_at`
    via  one of VIA; says nothing of an order that wasn't paid
    """

    outside_number: str
    member_id: int
    course_id: int | None
    total_fen: int
    placed_at: datetime
    paid_at: datetime | None = None
    ended_at: datetime | None = None
    via: str = OFFLINE
    sold: Sold | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.outside_number) <= LONGEST_NUMBER:
            raise ValueError(f"a past order has a number of at most {LONGEST_NUMBER} signs")
        if not 0 <= self.total_fen <= MOST_FEN:
            raise ValueError("what was paid is 0 or more fen, and fits a column")
        if self.via not in VIA:
            raise ValueError(f"a past order was paid by one of {VIA}, not “{self.via}”")
        if (self.paid_at is None) == (self.ended_at is None):
            raise ValueError("a past order was either paid or ended without")
        if self.over_at < self.placed_at:
            raise ValueError("nothing ends before it begins")
        if self.sold is None and self.course_id is None:
            raise ValueError("a past order is of a course, or says what was sold")
        if self.sold is not None and self.sold.total_fen != self.total_fen:
            raise ValueError("the lines of a price sum to the total")

    @property
    def over_at(self) -> datetime:
        return self.paid_at or self.ended_at or self.placed_at

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """The courses that it opens, each with its part of the total."""
        if self.sold is not None:
            return self.sold.parts
        return ((self.course_id, self.total_fen),) if self.course_id is not None else ()


@dataclass(frozen=True, slots=True)
class Imported:
    """The orders that were new, and how many events that gave."""

    orders: tuple[PastOrder, ...] = ()
    events: int = 0


@transaction.atomic
def import_orders(*, rows: Iterable[PastOrder], by: User | None = None) -> Imported:
    """Add past orders, all or none. One whose outside number is known stays as it is, whatever is
    told of it now. `by` is who brings them in; whoever calls asked for the right.

    Raises NoSuchMember, NotOneself for an order of who brings it in, NotOffered for a course that there isn't or that
    is a draft, and ValueError where two rows of one number differ; whatever else was sold must be there. Of two calls
    that bring in the same order at the same moment one gets an IntegrityError.
    """
    new = _unknown(rows)
    if not new:
        return Imported()
    _check_there(new)
    if by is not None and any(row.member_id == by.pk for row in new):
        raise NotOneself(NOT_ONES_OWN)
    titles = dict(Course.objects.filter(pk__in={row.course_id for row in new}).values_list("pk", "title"))
    owned = owned_pairs({row.member_id for row in new})
    marks = past_sales.coupon_titles([row.sold for row in new if row.sold is not None])
    orders = [_order(row, titles, marks) for row in new]
    Order.objects.bulk_create(orders, batch_size=AT_ONCE)
    pairs = list(zip(new, orders, strict=True))
    OrderCourse.objects.bulk_create(
        [
            OrderCourse(order=order, course_id=course_id, total_fen=part_fen)
            for row, order in pairs
            for course_id, part_fen in row.parts
        ],
        batch_size=AT_ONCE,
    )
    sold = [(row.sold, order) for row, order in pairs if row.sold is not None]
    past_sales.put(sold)
    told = [(order, {"outside": row.outside_number, **_via(row)}) for row, order in pairs]
    journal.bring_in(told, why="imported", by=by)
    _put_payments([(row, order) for row, order in pairs if _provider(row)])
    ledger.post_all([_entry(row, order) for row, order in pairs if row.paid_at and row.total_fen])
    for one, order in sold:
        if one.credited_at is not None and order.paid_at is not None:
            take_over(order)
    return Imported(tuple(new), import_history(events=_events(pairs, owned)))


def _unknown(rows: Iterable[PastOrder]) -> list[PastOrder]:
    """Those that aren't here yet, in the order in which they ended."""
    told: dict[str, PastOrder] = {}
    for row in rows:
        if told.setdefault(row.outside_number, row) != row:
            raise ValueError(f"two past orders have the number “{row.outside_number}”")
    numbers = sorted(told)
    for start in range(0, len(numbers), AT_ONCE):
        known = Order.objects.filter(outside_number__in=numbers[start : start + AT_ONCE])
        for outside_number in known.values_list("outside_number", flat=True):
            del told[outside_number]
    return sorted(told.values(), key=lambda row: (row.over_at, row.outside_number))


def _check_there(rows: Sequence[PastOrder]) -> None:
    members = {row.member_id for row in rows}
    courses = {course_id for row in rows for course_id, _ in row.parts}
    if User.objects.filter(pk__in=members).count() < len(members):
        raise NoSuchMember
    there = Course.objects.filter(pk__in=courses).exclude(status=Course.Status.DRAFT)
    if there.count() < len(courses):
        raise NotOffered


def _order(row: PastOrder, titles: Mapping[int, str], marks: Mapping[str, str]) -> Order:
    """`titles` by course, `marks` the titles of coupons by their marks."""
    return Order(
        number=number("Z", row.placed_at),
        outside_number=row.outside_number,
        user_id=row.member_id,
        offer=row.sold.offer if row.sold else course_ref(row.course_id or 0),
        title=row.sold.title if row.sold else titles[row.course_id or 0],
        price_fen=row.sold.lines[0].amount_fen if row.sold else row.total_fen,
        total_fen=row.total_fen,
        lines=past_sales.lines(row.sold, row.total_fen, marks),
        status=Order.Status.FULFILLED if row.paid_at else Order.Status.EXPIRED,
        created_at=row.placed_at,
        expires_at=row.over_at,
        paid_at=row.paid_at,
    )


def _via(row: PastOrder) -> dict[str, str]:
    return {"provider": row.via} if row.paid_at and row.total_fen else {}


def _provider(row: PastOrder) -> str:
    """Through whose books its money came."""
    return row.via if row.paid_at and row.total_fen and row.via in _PROVIDERS else ""


def _put_payments(pairs: Sequence[tuple[PastOrder, Order]]) -> None:
    payments = [
        Payment(
            order=order,
            number=number("P", row.over_at),
            provider=row.via,
            channel=PAST,
            amount_fen=row.total_fen,
            status=Payment.Status.PAID,
            begun_at=row.placed_at,
            settled_at=row.paid_at,
        )
        for row, order in pairs
    ]
    Payment.objects.bulk_create(payments, batch_size=AT_ONCE)
    # The pretended provider remembers them, too: its bills and what goes back by it come out right.
    trades = [
        SandboxTrade(
            number=payment.number,
            title=payment.order.title,
            amount_fen=payment.amount_fen,
            state=SandboxTrade.State.PAID,
            expires_at=payment.order.expires_at,
            settled_at=payment.settled_at,
            created_at=payment.begun_at,
        )
        for payment in payments
        if payment.provider == sandbox.NAME
    ]
    SandboxTrade.objects.bulk_create(trades, batch_size=AT_ONCE)


def _entry(row: PastOrder, order: Order) -> tuple[Entry, dict[str, int]]:
    """What a real provider took then it has paid out long ago, or owes in books that aren't these; the sandbox has a
    bill that says it owes this."""
    source = ledger.receivable(sandbox.NAME) if row.via == sandbox.NAME else ledger.OPENING
    entry = Entry(key=f"imported:{order.number}", kind="imported", order=order, at=row.over_at)
    is_membership = row.sold is not None and row.sold.plan_id is not None
    income = ledger.deferred(order) if is_membership else ledger.REVENUE
    return entry, {source: row.total_fen, income: -row.total_fen}


def _events(
    pairs: Iterable[tuple[PastOrder, Order]], owned: set[tuple[int, int]]
) -> Iterator[tuple[Cleaned, Actor]]:
    """What the log knows of an order that is placed and paid here, as far back as it keeps such events."""
    for row, order in pairs:
        first = next((course_id for course_id, _ in row.parts), None)
        about: dict[str, object] = {"order": order.pk, "amount_fen": row.total_fen}
        told: list[tuple[str, datetime, int | None, dict[str, object]]] = []
        told.append(("order.placed", row.placed_at, first, about))
        if row.paid_at is None:
            told.append(("order.expired", row.over_at, first, about))
        else:
            provider = row.via if row.total_fen else "none"
            told.append(("order.paid", row.paid_at, first, {**about, "provider": provider}))
            for new_id, _ in row.parts:
                if (row.member_id, new_id) not in owned:
                    owned.add((row.member_id, new_id))
                    told.append(("course.enrolled", row.paid_at, new_id, {}))
            for coupon_id, amount in row.sold.coupons if row.sold else ():
                used = {**about, "amount_fen": amount, "coupon": coupon_id}
                told.append(("coupon.used", row.paid_at, first, used))
        for name, at, course_id, properties in told:
            if clock.business_day(at) <= clock.days_before(clock.business_day(), days_kept(name)):
                continue
            event = clean(
                name=name,
                origin="import",
                # The same order brought in again is the same event.
                event_id=uuid5(NAMESPACE_OID, f"{name} {row.outside_number}{_also(row, course_id)}"),
                course_id=course_id,
                lesson_id=None,
                properties=properties,
                occurred_at=at,
                received_at=at,
            )
            yield event, Actor(member_id=row.member_id)


def _also(row: PastOrder, course_id: int | None) -> str:
    """What tells the events of an order of several courses apart."""
    return "" if row.course_id == course_id else f" {course_id}"
