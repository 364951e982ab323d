"""What is lent to simulated members, as the product's records say it: read into the model when a day begins, and asked
of each lesson that is written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from zhiyue.core.kit import clock
from zhiyue.demo.roster import wall_days
from zhiyue.engine.simulate.kinds import NONE, Acts, Catalogue, Kind, People
from zhiyue.product.commerce.models import TrialPass
from zhiyue.product.commerce.periods import Bought, Period, periods
from zhiyue.product.commerce.rights import bought_of, covered_by, reckoned_plans

# Orders that aren't written yet come after all that are.
_LAST = 10**12
# The plans that each member bought, in the order of time.
Orders = dict[int, list["PlanOrder"]]


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """An order of a plan: what it is worth for another one, and what it takes off everything else."""

    plan_id: int
    bought: Bought
    worth_fen: int
    off_percent: int = 0


def running(orders: Iterable[PlanOrder]) -> list[tuple[int, Period]]:
    """The periods of a member with their plans, in the order of time."""
    known = list(orders)
    plan_of = {one.bought.order_id: one.plan_id for one in known}
    found = periods([one.bought for one in known], clock.business_zone())
    return [(plan_of[period.order.order_id], period) for period in found]


def is_credited(orders: Iterable[PlanOrder], plan_id: int, at: datetime) -> bool:
    """Does what is left of another plan come off the price of this one? The model asks for one that costs more alone,
    and while the other one lasts, so something does."""
    return any(plan != plan_id and period.opens_until > at for plan, period in running(orders))


def orders_of(member_ids: Iterable[int] | None = None, *, before: datetime | None = None) -> Orders:
    """The plans that these members (None: the simulated ones) bought. None of them gives one back, but staff may give
    it back for them."""
    rows = reckoned_plans().select_related("order").order_by("order__paid_at", "order_id")
    rows = (
        rows.filter(order__user__is_simulated=True)
        if member_ids is None
        else rows.filter(order__user_id__in=list(member_ids))
    )
    if before is not None:
        rows = rows.filter(order__paid_at__lt=before)
    found: Orders = defaultdict(list)
    for row in rows:
        if row.order.user_id is not None:
            credit = -sum(int(line["amount_fen"]) for line in row.order.lines if line["kind"] == "credit")
            one = PlanOrder(row.plan_id, bought_of(row), row.order.kept_fen + credit, row.off_percent)
            found[row.order.user_id].append(one)
    return found


@dataclass(eq=False)
class Lent:
    """What simulated people have of trials and plans, by their rows, kept in step with the days that they live."""

    orders: dict[int, list[PlanOrder]] = field(default_factory=lambda: defaultdict(list))

    def read(
        self,
        people: People,
        row: Mapping[int, int],
        shown: Catalogue,
        originals: Mapping[int, int],
        before: datetime,
    ) -> None:
        """As it stood at the moment `before`; `row` is where each member stands, `originals` of editions."""
        place = {plan.id: n for n, plan in enumerate(shown.plans)}
        trials = TrialPass.objects.filter(user__is_simulated=True, started_at__lt=before)
        for who, course, plan, ends_at in trials.values_list("user_id", "course_id", "plan_id", "ends_at"):
            column = shown.course_index.get(originals.get(course or 0, course or 0))
            if who in row and column is not None:
                people.tried[row[who], column] = wall_days(ends_at)
            elif who in row and plan in place:
                people.tried_plan[row[who], place[plan]] = wall_days(ends_at)
        for who, orders in orders_of(before=before).items():
            if who in row:
                self.orders[row[who]] = orders
                self._put(people, row[who], place)

    def live(self, people: People, acts: Acts, shown: Catalogue, start: datetime) -> None:
        """Take in what was begun on a day, to the moment."""
        place = {plan.id: n for n, plan in enumerate(shown.plans)}
        for n in (acts.kind == Kind.TRY).nonzero()[0].tolist():
            person, course, plan = int(acts.person[n]), int(acts.course[n]), int(acts.plan[n])
            at = start + timedelta(seconds=float(acts.at[n]))
            if course != NONE:
                days = int(shown.trial_days[course])
                people.tried[person, course] = wall_days(at + timedelta(days=days))
            else:
                days = shown.plans[plan].trial_days
                people.tried_plan[person, plan] = wall_days(at + timedelta(days=days))
        for n in ((acts.kind == Kind.PAY) & (acts.plan != NONE)).nonzero()[0].tolist():
            person, bought_plan = int(acts.person[n]), shown.plans[int(acts.plan[n])]
            at = start + timedelta(seconds=float(acts.at[n]))
            placed_at = at - timedelta(seconds=int(acts.seconds[n]))
            orders = self.orders[person]
            credited_at = placed_at if is_credited(orders, bought_plan.id, placed_at) else None
            bought = Bought(
                _LAST + len(orders),
                at,
                bought_plan.months,
                bought_plan.grace_days,
                credited_at,
                plan_id=bought_plan.id,
            )
            orders.append(PlanOrder(bought_plan.id, bought, bought_plan.price_fen))
            self._put(people, person, place)

    def _put(self, people: People, person: int, place: Mapping[int, int]) -> None:
        """The last of a member's periods is the one that runs, if any does: another one takes its place or follows."""
        had = running(self.orders[person])
        if not had:
            return
        plan_id, last = had[-1]
        people.plan[person] = place.get(plan_id, NONE)
        people.paid_until[person] = wall_days(last.opens_until)
        people.open_until[person] = wall_days(last.grace_until)


class Rights:
    """From when until when trials and memberships open courses to these members: those that were begun before, and
    those that are told."""

    def __init__(self, member_ids: Sequence[int]) -> None:
        self._opened: dict[int, list[tuple[datetime, datetime, frozenset[int]]]] = defaultdict(list)
        self._plans: dict[int, frozenset[int]] = {}
        if not member_ids:
            return
        trials = TrialPass.objects.filter(user_id__in=member_ids)
        for who, course, plan, begun, ends in trials.values_list(
            "user_id", "course_id", "plan_id", "started_at", "ends_at"
        ):
            self.begun(who, begun, ends, course=course, plan=plan)
        for who, orders in orders_of(member_ids).items():
            for plan_id, period in running(orders):
                self.begun(who, period.opens_from, period.grace_until, plan=plan_id)

    def begun(
        self, who: int, at: datetime, until: datetime, *, course: int | None = None, plan: int | None = None
    ) -> None:
        opened = self._of_plan(plan) if plan is not None else frozenset({course or 0})
        self._opened[who].append((at, until, opened))

    def is_open(self, who: int, course: int, at: datetime) -> bool:
        return any(
            begun <= at < until and course in opened for begun, until, opened in self._opened.get(who, ())
        )

    def _of_plan(self, plan: int) -> frozenset[int]:
        if plan not in self._plans:
            self._plans[plan] = frozenset(covered_by([plan]).values_list("pk", flat=True))
        return self._plans[plan]
