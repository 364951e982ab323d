"""What came of a contest: counted by ended day and policy, believed, and made the chances of tomorrow."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max, Q

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock
from zhiyue.engine import bandits
from zhiyue.engine.bandits import Counts
from zhiyue.engine.evaluate import FEWEST_PEOPLE, Estimate
from zhiyue.engine.off_policy import Lead, Why
from zhiyue.recommend import live
from zhiyue.recommend.models import ArmDay, Contest
from zhiyue.recommend.policies import CONTEST
from zhiyue.recommend.showings import days_of_people
from zhiyue.recommend.valuing import KEPT, is_settled, kept_lead, to_keep, valued

# What browsers tell may be a week late: so many ended days are counted again each time.
LATE_DAYS = 8
# Of so many days it is remembered with which chances policies were drawn.
KEPT_DAYS = 30
# Fewer days of people with something taken up, of all arms together, tell nothing.
FEWEST_TAKEN = 20


def count_all() -> None:
    """Count again the last days of each contest that is on or ended a short while ago, reckon what each policy is worth
    alone, and decide the chances of tomorrow where one is on. The same again gives the same. Raises LakeUnreachable."""
    lately = clock.now() - timedelta(days=LATE_DAYS)
    for contest in Contest.objects.filter(Q(ended_at=None) | Q(ended_at__gt=lately)).order_by("pk"):
        count(contest, today=clock.business_day())


def count(contest: Contest, *, today: date) -> None:
    """What the night before `today` does: count the last ended days, reckon what each policy is worth alone, and decide
    the chances of tomorrow where the contest is on. A past that is lived day by day has its nights, too. Raises
    LakeUnreachable."""
    _count(contest, today)
    _value(contest, today)
    if contest.ended_at is None:
        _decide(contest.pk, today)


def seen(contest: Contest, day: date) -> Counts:
    """What was seen of each arm as it counts on `day`: days of people with something taken up, and without."""
    return _seen(contest.policies, list(contest.days.filter(day__lt=day).order_by("day")), day)


@dataclass(frozen=True, slots=True)
class Untellable:
    """Why the log can't tell what a policy would reach alone, with the figures of that."""

    why: Why
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arm:
    """A policy of a contest. `shown`, `chosen`, `taken` in days of people, of `people` different ones; `mean`, `low`,
    `high` of the rate at which they take something up, and the chance to be `best`, as believed now from so much as is
    left of `seen` days with `hits` among them; its `share` today; its rate had it been shown `alone` (doubly robust,
    from the whole log), None where that can't be told, as `untellable` says."""

    policy: str
    shown: int
    chosen: int
    taken: int
    mean: float
    low: float
    high: float
    best: float
    share: float
    people: int
    seen: float
    hits: float
    alone: Estimate | None = None
    untellable: Untellable | None = None


@dataclass(frozen=True, slots=True)
class Standings:
    """A contest. `counted_until`: the last day that was counted (None: none); `ended_at`: None while it is on;
    `simulated`: how many of the people who were counted are a demo's invention; `lead`: how far the best policy is
    above each other, had each been shown alone (99 % intervals), None while the log can't tell; `is_settled`: it was
    surely so on many nights running; `is_enough`: it tells something."""

    contest: int
    began_at: datetime
    by: str
    counted_until: date | None
    arms: tuple[Arm, ...]
    ended_at: datetime | None = None
    simulated: int = 0
    lead: Lead | None = None
    is_settled: bool = False

    @property
    def is_enough(self) -> bool:
        """By what the belief is made of, in which old days count less, and by people, not their days alone."""
        shown = min(min(arm.people, arm.seen) for arm in self.arms)
        return shown >= FEWEST_PEOPLE and sum(arm.hits for arm in self.arms) >= FEWEST_TAKEN


def standings(viewer: Viewer) -> Standings | None:
    """How the policies do among which the academy is learning, or did in the contest that was on last; None where
    there was none. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    contest = Contest.objects.select_related("began_by").order_by("-pk").first()
    if contest is None:
        return None
    days = list(contest.days.order_by("day"))
    today = clock.business_day(contest.ended_at)
    counts = _seen(contest.policies, days, today + timedelta(days=1))
    believed = bandits.believed(CONTEST, counts)
    shares = live.Standing("", contest.pk, contest.chances).chances_on(today) or {}
    kept: dict[str, Any] = contest.valued or {}
    valued_as: dict[str, dict[str, Any]] = kept.get("policies", {})
    arms = []
    for n, policy in enumerate(contest.policies):
        mine = [day for day in days if day.policy == policy]
        shown, chosen, taken = (
            sum(getattr(day, name) for day in mine) for name in ("shown", "chosen", "taken")
        )
        arms.append(
            Arm(
                policy,
                shown,
                chosen,
                taken,
                mean=float(believed.mean[n]),
                low=float(believed.low[n]),
                high=float(believed.high[n]),
                best=float(believed.best[n]),
                share=shares.get(policy, 0.0),
                people=valued_as.get(policy, {}).get("people", 0),
                seen=float(counts.successes[n] + counts.failures[n]),
                hits=float(counts.successes[n]),
                alone=_alone(valued_as.get(policy, {})),
                untellable=_untellable(valued_as.get(policy, {})),
            )
        )
    return Standings(
        contest=contest.pk,
        began_at=contest.began_at,
        by=contest.began_by.display_name if contest.began_by else "",
        counted_until=max((day.day for day in days), default=None),
        arms=tuple(sorted(arms, key=lambda arm: -arm.mean)),
        ended_at=contest.ended_at,
        simulated=kept.get("simulated", 0),
        lead=kept_lead(kept),
        is_settled=is_settled(kept),
    )


def _alone(told: Mapping[str, Any]) -> Estimate | None:
    if KEPT not in told:
        return None
    value, low, high = told[KEPT]
    return Estimate(value, low, high, "bootstrap")


def _untellable(told: Mapping[str, Any]) -> Untellable | None:
    if "why" not in told:
        return None
    return Untellable(Why(told["why"]), told["figures"])


def _count(contest: Contest, today: date) -> None:
    """Read before the transaction begins, which on SQLite keeps other writers out."""
    yesterday = clock.days_before(today, 1)
    until = min(yesterday, clock.business_day(contest.ended_at)) if contest.ended_at else yesterday
    counted = contest.days.aggregate(last=Max("day"))["last"]
    since = clock.business_day(contest.began_at)
    if counted is not None:
        since = max(since, min(counted + timedelta(days=1), clock.days_before(until, LATE_DAYS - 1)))
    if since > until:
        return
    rows = {
        (day, policy): ArmDay(contest=contest, day=day, policy=policy, shown=0, chosen=0, taken=0)
        for day in (since + timedelta(days=n) for n in range((until - since).days + 1))
        for policy in contest.policies
    }
    weight: defaultdict[tuple[date, str], float] = defaultdict(float)
    for one in days_of_people(contest.pk, since=since, until=until):
        # What stood in for an arm and is none itself isn't counted for any.
        row = rows.get((one.day, one.policy))
        if row is not None:
            row.shown += 1
            row.chosen += one.is_chosen
            row.taken += one.is_taken
            weight[one.day, one.policy] += 1.0 / one.chance
    for key, row in rows.items():
        if row.shown:
            row.chance = min(1.0, row.shown / weight[key])
    with transaction.atomic():
        # Of two who count at once the second waits, and writes the same again.
        Contest.objects.select_for_update().get(pk=contest.pk)
        contest.days.filter(day__gte=since, day__lte=until).delete()
        ArmDay.objects.bulk_create(rows.values(), batch_size=500)


def _value(contest: Contest, today: date) -> None:
    found = valued(contest, today=today)
    with transaction.atomic():
        row = Contest.objects.select_for_update().get(pk=contest.pk)
        row.valued = to_keep(found, row.valued)
        row.save(update_fields=["valued"])


@transaction.atomic
def _decide(contest_id: int, today: date) -> None:
    """The chances of tomorrow: never those of today, within which nobody's policy is to change."""
    contest = Contest.objects.select_for_update().get(pk=contest_id)
    tomorrow = today + timedelta(days=1)
    drawn = bandits.chances(CONTEST, seen(contest, tomorrow)).tolist()
    known = {**contest.chances, tomorrow.isoformat(): dict(zip(contest.policies, drawn, strict=True))}
    contest.chances = {day: known[day] for day in sorted(known)[-KEPT_DAYS:]}
    contest.save(update_fields=["chances"])


def _seen(policies: Sequence[str], days: Sequence[ArmDay], day: date) -> Counts:
    """What days before `day` tell on it, of policies that were drawn with other chances on each."""
    found = sorted({one.day for one in days})
    row, column = ({key: n for n, key in enumerate(keys)} for keys in (found, policies))
    shown, taken = np.zeros((2, len(found), len(policies)))
    chance = np.ones_like(shown)
    for one in days:
        if one.policy in column:
            at = row[one.day], column[one.policy]
            shown[at], taken[at], chance[at] = one.shown, one.taken, one.chance
    age = np.asarray([(day - one).days for one in found], dtype=np.float64)
    return bandits.weighed(CONTEST, age, chance, shown, taken)
