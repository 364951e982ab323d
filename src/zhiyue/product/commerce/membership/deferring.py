"""Revenue of memberships: paid at once, earned day by day. What isn't earned yet stands in an account of the order
(`deferred:ORDER`); how much that is, and how far its time is used up, says what is earned. An order whose price was
lowered by what was left of another one takes over what that has not earned.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.membership.held import Use, use_of
from zhiyue.product.commerce.models import Entry, Order, OrderPlan, Posting
from zhiyue.product.commerce.teaching_shares.reading import share_earned, take_back_earned


def income_account(order: Order) -> str:
    """Where what an order brought in goes."""
    return ledger.deferred(order) if order.is_of_plan else ledger.REVENUE


def take_over(order: Order) -> None:
    """What memberships before have not earned is earned by this one, for what was left of them came off its price. The
    caller holds the member's row; the order is paid."""
    if not order.is_of_plan:
        return
    plan = OrderPlan.objects.filter(order=order, credited_at__isnull=False).first()
    if plan is None or plan.credited_at is None or order.user_id is None:
        return
    before = Order.objects.filter(
        user_id=order.user_id, plan__isnull=False, plan__returned_at=None, paid_at__lte=plan.credited_at
    )
    # Most have earned all that was paid for them: only the others are asked one by one.
    unearned = _unearned([ledger.deferred(one) for one in before.exclude(pk=order.pk).only("number")])
    for one in before.filter(number__in=unearned).order_by("pk").select_for_update(of=("self",)):
        _earn(one, order.paid_at or clock.now(), _use(one, plan.credited_at, but=order.pk))
        if left := left_of(one):
            ledger.post(
                f"credited:{one.number}:{order.number}",
                kind="credited",
                order=order,
                at=order.paid_at,
                postings={ledger.deferred(one): left, ledger.deferred(order): -left},
            )


def taken_back(order: Order, amount_fen: int) -> dict[str, int]:
    """The accounts from which money of an order goes back: what wasn't earned yet first, but for what those have again
    whose place it took."""
    unearned = 0
    if order.is_of_plan:
        again = sum(fen for _, fen in _have_again(order))
        unearned = min(max(left_of(order) - again, 0), amount_fen)
    postings = {ledger.deferred(order): unearned, ledger.REFUNDS: amount_fen - unearned}
    return {account: amount for account, amount in postings.items() if amount}


def earn_rest(order: Order) -> None:
    """A membership that was given back earns what was kept of it. Those whose place it took have again what their own
    days left are worth; had it earned too much for that, so much is earned no more. The caller holds the order's
    row."""
    if not order.is_of_plan:
        return
    if not OrderPlan.objects.filter(order=order, returned_at__isnull=False).exists():
        return
    again = _have_again(order)
    missing = sum(fen for _, fen in again) - left_of(order)
    if missing > 0:
        _earn_no_more(order, missing)
    for one, fen in again:
        ledger.post(
            _again_key(order, one),
            kind="credited",
            order=order,
            postings={ledger.deferred(order): fen, ledger.deferred(one): -fen},
        )
    if left := left_of(order):
        _enter(order, left, clock.now(), "rest")


def _have_again(order: Order) -> list[tuple[Order, int]]:
    """The orders whose place it took, and how much of what it took over they have again, now that it was given back:
    what their days left at that moment are worth. Those that have it already aren't among them."""
    row = OrderPlan.objects.filter(order=order, returned_at__isnull=False).first()
    if row is None or row.returned_at is None:
        return []
    found = []
    for one, taken in _taken_over(order):
        use, put_in = _use(one, row.returned_at), _put_in(one)
        worth = put_in - put_in * use.over // use.days if use.days else 0
        if min(taken, worth) > 0 and not Entry.objects.filter(key=_again_key(order, one)).exists():
            found.append((one, min(taken, worth)))
    return found


def _again_key(order: Order, one: Order) -> str:
    return f"credit_back:{order.number}:{one.number}"


def _earn_no_more(order: Order, amount_fen: int) -> None:
    """Take back what an order had earned too much, and the teachers' parts of it."""
    key, now = f"unearned:{order.number}", clock.now()
    postings = {ledger.REVENUE: amount_fen, ledger.deferred(order): -amount_fen}
    if ledger.post(key, kind="unearned", order=order, at=now, postings=postings):
        take_back_earned(order, amount_fen, earned_fen=_earned(order), key=key, at=now)


def _earned(order: Order) -> int:
    """All that an order ever earned."""
    mine = Posting.objects.filter(entry__order=order, entry__kind="earned", account=ledger.REVENUE)
    return -_sum(mine)


def _taken_over(order: Order) -> list[tuple[Order, int]]:
    """The orders whose place it took, and what it took over of each."""
    mine = Posting.objects.filter(entry__key__startswith="credited:", entry__order=order, amount_fen__gt=0)
    rows = dict(mine.values_list("account", "amount_fen"))
    numbers = {account.removeprefix(ledger.DEFERRED): fen for account, fen in rows.items()}
    orders = Order.objects.filter(number__in=numbers).order_by("pk")
    return [(one, numbers[one.number]) for one in orders]


def earn(*, now: datetime | None = None) -> int:
    """Enter what memberships have earned until the first day of this month, and of those that are over until their end;
    how many entries. Each order in a transaction of its own; run again it changes nothing, and a first day that was
    missed is made up for."""
    moment = now or clock.now()
    first = clock.day_start(clock.business_day(moment).replace(day=1))
    entered = 0
    for number in _due(moment, first):
        with transaction.atomic():
            order = Order.objects.select_for_update().filter(number=number).first()
            if order is None or order.status not in Order.OPENING or order.paid_at is None:
                continue
            use = _use(order, moment)
            if use.days and use.over == use.days:
                entered += _earn(order, moment, use)
            elif order.paid_at < first:
                entered += _earn(order, first, _use(order, first))
    return entered


def _due(moment: datetime, first: datetime) -> list[str]:
    """The numbers of orders that may have something to earn: not those that did so this month and can't be over."""
    numbers = _unearned()
    have = Entry.objects.filter(kind="earned", at__gte=first).values("order_id")
    rows = Order.objects.filter(number__in=numbers, plan__isnull=False)
    done = rows.filter(pk__in=have).values_list("number", "paid_at", "plan__months")
    # The shortest month has 28 days.
    early = {
        number for number, paid_at, months in done if paid_at and paid_at + timedelta(28 * months) > moment
    }
    return [number for number in numbers if number not in early]


def left_of(order: Order) -> int:
    """What an order hasn't earned yet, in fen."""
    return -_sum(Posting.objects.filter(account=ledger.deferred(order)))


def _put_in(order: Order) -> int:
    """What there was to be earned by an order in all its time. What another one took over of it, and gave back or
    earned itself, is in that."""
    mine = Posting.objects.filter(account=ledger.deferred(order)).exclude(entry__kind="earned")
    return -_sum(mine.exclude(~Q(entry__order=order), entry__kind="credited"))


def _unearned(accounts: Collection[str] | None = None) -> list[str]:
    """The numbers of orders that have something to earn; of those accounts, where some are named."""
    named = Q(account__startswith=ledger.DEFERRED) if accounts is None else Q(account__in=accounts)
    rows = Posting.objects.filter(named).values_list("account")
    sums: Iterable[tuple[str, int]] = (
        rows.annotate(total=Sum("amount_fen")).exclude(total=0).order_by("account")
    )
    return [account.removeprefix(ledger.DEFERRED) for account, _ in sums]


def _use(order: Order, moment: datetime, *, but: int | None = None) -> Use:
    """How far it is used up; not at all where it is given back, or earned by another one."""
    row = OrderPlan.objects.select_related("order").filter(order=order, returned_at=None).first()
    return Use() if row is None else use_of(row, moment, but=but)


def _earn(order: Order, moment: datetime, use: Use) -> bool:
    """Earn the share of the days that are over, rounded down, less what was earned before."""
    if not use.days:
        return False
    put_in = _put_in(order)
    gone = put_in - left_of(order)
    return _enter(
        order, put_in * use.over // use.days - gone, moment, f"{clock.business_day(moment):%Y-%m-%d}"
    )


def _enter(order: Order, amount_fen: int, moment: datetime, occasion: str) -> bool:
    key = f"earned:{order.number}:{occasion}"
    postings = {ledger.deferred(order): amount_fen, ledger.REVENUE: -amount_fen}
    if amount_fen <= 0 or not ledger.post(key, kind="earned", order=order, at=moment, postings=postings):
        return False
    share_earned(order, amount_fen, key=key, at=moment)
    return True


def _sum(postings: QuerySet[Posting]) -> int:
    return int(postings.aggregate(total=Sum("amount_fen"))["total"] or 0)
