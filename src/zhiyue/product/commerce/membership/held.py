"""A member's own membership: what runs, what follows, what is left of it in money, and the word before it ends."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import translation
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.academy.selectors import academy
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.commerce.errors import NoMembership
from zhiyue.product.commerce.flash import flashes_of
from zhiyue.product.commerce.models import Order, OrderPlan, Plan, TrialPass
from zhiyue.product.commerce.periods import Bought, Period, days_used, left_fen, periods
from zhiyue.product.commerce.rights import bought_of, goes_on, reckoned_plans, trials_under_way

REMINDED_BEFORE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Held:
    """A period of a member with the plan that was bought for it."""

    period: Period
    row: OrderPlan

    @property
    def plan(self) -> Plan:
        return self.row.plan


@dataclass(frozen=True, slots=True)
class Membership:
    """What a member has now (`running`, None: nothing) and what follows it by itself, as it is paid for already."""

    running: Held | None
    following: Sequence[Held] = ()
    trial: TrialPass | None = None

    @property
    def last(self) -> Held | None:
        return self.following[-1] if self.following else self.running

    @property
    def until(self) -> datetime | None:
        """The end of everything that is paid for."""
        return self.last.period.opens_until if self.last else None

    @property
    def is_in_grace(self) -> bool:
        return self.running is not None and self.running.period.opens_until <= clock.now()

    @property
    def wants_reminder(self) -> bool:
        return self.last is not None and self.last.row.wants_reminder


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order of a plan would be worth to a member if it were paid now: from when until when, and how much comes
    off its price (`credit_fen`), as it takes the place of what runs (`replaced`)."""

    opens_from: datetime
    opens_until: datetime
    credit_fen: int = 0
    replaced: Plan | None = None


def membership_of(user: User | None, *, now: datetime | None = None) -> Membership:
    """Three queries at most."""
    if user is None:
        return Membership(None)
    moment = now or clock.now()
    trial = trials_under_way(moment).filter(user=user, plan__isnull=False).select_related("plan")
    trying = trial.order_by("-ends_at").first()
    ahead = ahead_of(user.pk, now=moment)
    running = next((held for held in ahead if goes_on(held.period, moment)), None)
    following = [held for held in ahead if held.period.opens_from > moment]
    return Membership(running, following, trying)


def running_of(member_id: int, *, now: datetime | None = None) -> Held | None:
    """The membership that runs, of those that were bought. One query."""
    moment = now or clock.now()
    return next((held for held in ahead_of(member_id, now=moment) if goes_on(held.period, moment)), None)


def ran_at(rows: Iterable[OrderPlan], moment: datetime) -> OrderPlan | None:
    """Which of a member's paid plans ran at a moment, as it was known then: what was bought or given back since
    changes nothing about whose price somebody was shown."""
    known = {row.order_id: row for row in rows}
    bought = [one for one in map(bought_of, known.values()) if one.paid_at <= moment]
    then = [
        replace(one, returned_at=None) if one.returned_at and one.returned_at > moment else one
        for one in bought
    ]
    found = periods(then, clock.business_zone())
    return next((known[one.order.order_id] for one in found if goes_on(one, moment)), None)


def ahead_of(member_id: int, *, now: datetime | None = None) -> list[Held]:
    """What was bought and isn't over, in the order of time: what runs, and what follows. One query."""
    moment = now or clock.now()
    return [held for held in _held(member_id) if held.period.grace_until > moment]


def terms_for(user: User | None, plan: Plan, *, now: datetime | None = None) -> Terms:
    """What buying a plan now would be worth to somebody. The same plan goes on from its end. Another one takes the
    place of what runs, where it costs more now than what is left of that; else it follows it."""
    return terms_for_each(user, [plan], now=now)[plan.pk]


def terms_for_each(
    user: User | None, plans: Iterable[Plan], *, now: datetime | None = None
) -> dict[int, Terms]:
    """The same of several plans, by their id. Three queries of a member at most."""
    wanted, moment = list(plans), now or clock.now()
    held = _held(user.pk) if user is not None else []
    refs = [f"plan:{plan.pk}" for plan in wanted] if held else []
    prices = {ref: one.sale.price_fen for ref, one in flashes_of(refs, user=user, moment=moment).items()}
    return {
        plan.pk: _terms(
            held, plan, moment, min(plan.price_fen, prices.get(f"plan:{plan.pk}", plan.price_fen))
        )
        for plan in wanted
    }


def _terms(held: Sequence[Held], plan: Plan, moment: datetime, price_fen: int) -> Terms:
    """`price_fen` is what it costs now. Where something lies ahead that nothing was paid for (by a code), that would be
    lost: then the plan follows."""
    ahead = [one for one in held if one.period.opens_until > moment and one.row.returned_at is None]
    others = [one for one in ahead if one.row.plan_id != plan.pk]
    left = _left(ahead, moment) if others else 0
    is_credited = 0 < left < price_fen and all(_worth(one.row.order) for one in ahead)
    credited_at = moment if is_credited else None
    wanted = Bought(0, moment, plan.months, plan.grace_days, credited_at, plan_id=plan.pk)
    orders = [bought_of(one.row) for one in held]
    [mine] = [one for one in periods([*orders, wanted], clock.business_zone()) if one.order is wanted]
    replaced = others[0].plan if is_credited else None
    return Terms(mine.opens_from, mine.opens_until, left if is_credited else 0, replaced)


@dataclass(frozen=True, slots=True)
class Use:
    """How far an order of a plan is used up: `used` of its `days`, the one that runs among them; `over` are gone by
    whole. `is_credited`: what was left of it came off the price of another one, and is no longer of this. `covered` of
    the used days were those of memberships whose place it took; `covered_fen` is what its days cost more than theirs
    on those, rounded up."""

    used: int = 0
    over: int = 0
    days: int = 0
    is_credited: bool = False
    covered: int = 0
    covered_fen: int = 0


def use_of(row: OrderPlan, moment: datetime, *, but: int | None = None) -> Use:
    """How far an order is used up at a moment; as if the order `but` had never been paid."""
    zone = clock.business_zone()
    found = _rows(row.order.user_id) if row.order.user_id is not None else {}
    rows = {pk: one for pk, one in found.items() if pk != but and _stands(one)} | {row.order_id: row}
    bought = [bought_of(one) for one in rows.values()]
    mine = [one for one in periods(bought, zone) if one.order.order_id == row.order_id]
    if not mine or any(_takes_over(one, row, bought) for one in bought):
        return Use(is_credited=True)
    used, days = days_used(mine[0], moment, zone)
    runs = mine[0].opens_from <= moment < mine[0].opens_until
    covered, covered_fen = _covered(row, rows, used, days)
    return Use(used, used - runs, days, covered=covered, covered_fen=covered_fen)


def _stands(row: OrderPlan) -> bool:
    """One that took the place of others and was given back is as if it had never been."""
    return row.returned_at is None or row.credited_at is None


def _covered(row: OrderPlan, rows: Mapping[int, OrderPlan], used: int, days: int) -> tuple[int, int]:
    """How many of the `used` days of one that took the place of others those have had anyway: given back, they have
    their time again, which ran meanwhile. And what those days of its `days` cost more than theirs."""
    if row.credited_at is None:
        return 0, 0
    zone = clock.business_zone()
    earlier = [bought_of(one) for pk, one in rows.items() if pk != row.order_id]
    before = periods([one for one in earlier if one.paid_at <= row.credited_at], zone)
    begun = bought_of(row).paid_at.astimezone(zone).date()
    its_day = Fraction(row.order.total_fen + credit_of(row.order), days)
    covered, more = 0, Fraction(0)
    for period in before:
        first = period.opens_from.astimezone(zone).date()
        length = days_used(period, period.opens_until, zone)[1]
        # Of both together, in days since it began.
        since = max((first - begun).days, 0)
        until = min((first - begun).days + length, used)
        count = max(until - since, 0)
        covered += count
        more += count * max(
            its_day - Fraction(_worth(rows[period.order.order_id].order), length), Fraction(0)
        )
    return covered, ceil(more)


def _takes_over(later: Bought, row: OrderPlan, bought: Sequence[Bought]) -> bool:
    """Did what was left of an order come off the price of a later one? Never of its own, also where it was ordered and
    paid at the same instant."""
    if later.order_id == row.order_id or later.credited_at is None:
        return False
    if bought_of(row).paid_at > later.credited_at:
        return False
    before = periods(
        [one for one in bought if one.order_id != later.order_id and one.paid_at <= later.credited_at],
        clock.business_zone(),
    )
    return any(one.order.order_id == row.order_id and one.opens_until > later.paid_at for one in before)


def credit_holds(order: Order) -> bool:
    """Is what came off the price of an order still there to be given for it? What was left may have gone back since."""
    asked = order.is_of_plan and credit_of(order) > 0
    row = OrderPlan.objects.filter(order=order).first() if asked else None
    if row is None or row.credited_at is None or order.user_id is None:
        return True
    before = [one for one in _held(order.user_id) if one.row.order.paid_at <= row.credited_at]  # type: ignore[operator]
    return _left(before, row.credited_at) >= credit_of(order)


def credit_of(order: Order) -> int:
    """What came off an order's price for something paid before."""
    return -sum(int(line["amount_fen"]) for line in order.lines if line["kind"] == "credit")


@transaction.atomic
def choose_reminder(*, user: User, wanted: bool, check: Callable[[Membership], None] | None = None) -> bool:
    """Whether the member is told before their membership ends. False where it was chosen so. `check` sees it as it is
    before, and refuses by raising. Raises NoMembership."""
    last = membership_of(user).last
    if last is None:
        raise NoMembership(pgettext_lazy("membership", "You have no membership at the moment."))
    row = OrderPlan.objects.select_for_update().get(pk=last.row.pk)
    if check is not None:
        check(membership_of(user))
    if row.wants_reminder == wanted:
        return False
    row.wants_reminder = wanted
    row.save(update_fields=["wants_reminder"])
    return True


def remind_of_membership_ends(*, now: datetime | None = None, at_once: int = 200) -> int:
    """Write to those whose membership ends within three days; how many. Each period once, unless another one follows it
    or the member doesn't want to be told."""
    moment = now or clock.now()
    members = reckoned_plans().filter(order__user__is_active=True, order__user__email__isnull=False)
    rows = members.order_by("order__user_id").values_list("order__user_id")
    told = 0
    for member_id, paid_at, months in rows.annotate(last=Max("order__paid_at"), n=Sum("months")):
        # Whose time can't but be over, or can't end yet, isn't asked for.
        if not moment - timedelta(days=31 * months + 62) <= paid_at:
            continue
        last = [one for one in _held(member_id)[-1:] if one.row.wants_reminder and not one.row.reminded_at]
        if last and moment < last[0].period.opens_until <= moment + REMINDED_BEFORE:
            told += _remind(last[0], moment)
        if told >= at_once:
            break
    return told


@transaction.atomic
def _remind(held: Held, moment: datetime) -> bool:
    row = OrderPlan.objects.select_for_update(of=("self",)).select_related("order__user").get(pk=held.row.pk)
    user = row.order.user
    if row.reminded_at is not None or not row.wants_reminder or user is None or not user.email:
        return False
    row.reminded_at = moment
    row.save(update_fields=["reminded_at"])
    with translation.override(user.language or settings.LANGUAGE_CODE):
        ends = held.period.opens_until.astimezone(clock.business_zone())
        told = {"academy": academy().name, "plan": held.plan.name, "ends": f"{ends:%Y-%m-%d %H:%M}"}
        subject = pgettext("membership mail", "%(academy)s: your membership ends on %(ends)s") % told
        text = pgettext(
            "membership mail",
            "Your membership “%(plan)s” runs until %(ends)s. It ends by itself: nothing is charged unless you "
            "buy it again, and who buys again loses no day.\n\nYou find it under Me, Membership, where you can "
            "also say that you don't want to be told.",
        )
        send_mail(to=user.email, subject=subject, text=text % told)
    return True


def _rows(member_id: int) -> dict[int, OrderPlan]:
    """Everything that a member ever bought of plans, by the order."""
    rows = reckoned_plans().filter(order__user_id=member_id).select_related("order", "plan")
    return {row.order_id: row for row in rows}


def _held(member_id: int) -> list[Held]:
    """The same in the order of time; what was given back until then."""
    by_order = _rows(member_id)
    found = periods([bought_of(row) for row in by_order.values()], clock.business_zone())
    return [Held(period, by_order[period.order.order_id]) for period in found]


def _left(held: Sequence[Held], moment: datetime) -> int:
    """What is left in money of these periods, to the day: of what was paid, what was credited before, and hasn't gone
    back."""
    zone = clock.business_zone()
    return sum(left_fen(_worth(one.row.order), one.period, moment, zone) for one in held)


def _worth(order: Order) -> int:
    return order.total_fen - order.refunded_fen + credit_of(order)
