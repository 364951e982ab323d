"""What each policy of a contest would have earned alone, reckoned from the academy's own log."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from zhiyue.collect.vocabulary.kinds import BROWSE_DAYS
from zhiyue.core.accounts.selectors import simulated_members
from zhiyue.core.kit import clock
from zhiyue.engine.evaluate import Estimate
from zhiyue.engine.logged import Rounds, Target
from zhiyue.engine.off_policy import Evaluation, Lead, Untold, compared
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.models import Contest
from zhiyue.recommend.off_policy import how_told, table
from zhiyue.recommend.outputs import Place
from zhiyue.recommend.people_days import NO_DAYS, PeopleDays
from zhiyue.recommend.showings import days_of_people

# Of the engine's estimators, the one that the lab shows.
KEPT = "dr"
# Asked every night, a level of 99 % is passed by chance on one or another: a policy is called the best that is surely
# ahead on so many counted nights running.
NIGHTS = 7
NO_CONTEST = (
    "This academy has never learnt by lot which policy to show, so its log holds no chances: begin on the desk "
    "(Recommendation lab)."
)


@dataclass(frozen=True, slots=True)
class Valued:
    """The value of each policy of a contest, alone, on the ended days that the log still has: `days` days of people.
    `people`: how many different ones each policy was shown; `simulated`: how many of all are a demo's invention;
    `lead`: how far the best is above each other, None while that can't be told."""

    contest: int
    began: date
    until: date
    seed: int
    days: int
    people: dict[str, int]
    policies: dict[str, Evaluation]
    simulated: int = 0
    lead: Lead | None = None


def valued(contest: Contest, *, today: date | None = None, seed: int = 0) -> Valued:
    """By the days that ended before `today` (default: the present day). Raises LakeUnreachable."""
    today = today or clock.business_day()
    began, until = clock.business_day(contest.began_at), clock.days_before(today, 1)
    if contest.ended_at is not None:
        until = min(until, clock.business_day(contest.ended_at))
    since = max(began, clock.days_before(today, BROWSE_DAYS))
    days = days_of_people(contest.pk, since=since, until=until) if since <= until else NO_DAYS
    found: dict[str, Evaluation] = {}
    lead = None
    if len(days):
        arms = contest.policies
        rounds = rounds_of(days, arms)
        found, lead = compared(rounds, {arm: only(arm, rounds, arms) for arm in arms}, seed=seed)
    people = {arm: days.people_shown(arm) for arm in contest.policies}
    simulated = len({f"m{pk}" for pk in simulated_members()}.intersection(days.people))
    return Valued(contest.pk, began, until, seed, len(days), people, found, simulated, lead)


def rounds_of(days: PeopleDays, policies: Sequence[str]) -> Rounds:
    """A round is a person's day: the policy that was drawn for it, with its chance, and 1 where something was taken up.
    What stood in for an arm and is none itself comes after the arms. Context: is it a member, is it their first day.
    Intervals are over people, of whom each has several days."""
    names = [*policies, *sorted(set(days.policies) - set(policies))]
    code = np.asarray([names.index(policy) for policy in days.policies], dtype=np.int64)
    is_member = np.asarray([key.startswith("m") for key in days.people], dtype=np.bool_)
    # Codes in the order of keys: who is resampled with whom must not hang on who came first.
    rank = np.empty(len(days.people), dtype=np.int64)
    rank[np.argsort(np.asarray(days.people, dtype=np.str_))] = np.arange(len(days.people))
    first = np.full(len(days.people), np.iinfo(np.int64).max)
    np.minimum.at(first, days.person, days.day)
    return Rounds(
        action=code[days.policy],
        reward=days.is_taken.astype(np.float64),
        propensity=days.chance,
        actions=len(names),
        person=rank[days.person],
        context=np.stack([is_member[days.person], first[days.person] == days.day], axis=1).astype(np.float64),
    )


def only(policy: str, rounds: Rounds, policies: Sequence[str]) -> Target:
    """Always this policy."""
    chances = np.zeros((1, rounds.actions))
    chances[0, policies.index(policy)] = 1.0
    return Target(chances, np.zeros(len(rounds), dtype=np.int64))


def to_keep(found: Valued, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """As a contest keeps it for the lab: of each policy how many people it was shown, and its value with the interval,
    or why there is none; of how many of all people the lives are simulated, where any are; how far the best policy is
    above each other; and which one was surely ahead by the end of each of the last days ("": none), of which those
    until the one before are known from what was kept `before`."""
    told: dict[str, dict[str, Any]] = {policy: {"people": people} for policy, people in found.people.items()}
    for policy, one in found.policies.items():
        value = one.values[KEPT]
        if isinstance(value, Untold):
            told[policy] |= {"why": value.why, "figures": value.figures}
        elif isinstance(value, Estimate):
            told[policy][KEPT] = [value.value, value.low, value.high]
    kept: dict[str, Any] = {"policies": told} | ({"simulated": found.simulated} if found.simulated else {})
    if found.lead is not None:
        gaps = {policy: [gap.value, gap.low, gap.high] for policy, gap in found.lead.gaps.items()}
        kept["lead"] = {"best": found.lead.best, "gaps": gaps}
    nights = dict((before or {}).get("nights", {}))
    if found.until >= found.began:
        nights[found.until.isoformat()] = found.lead.best if found.lead and found.lead.is_sure else ""
    return kept | {"nights": {day: nights[day] for day in sorted(nights)[-NIGHTS:]}}


def kept_lead(kept: Mapping[str, Any]) -> Lead | None:
    """How far the best policy is above each other, as it was kept."""
    if "lead" not in kept:
        return None
    gaps = {
        policy: Estimate(value, low, high, "bootstrap")
        for policy, (value, low, high) in kept["lead"]["gaps"].items()
    }
    return Lead(kept["lead"]["best"], gaps)


def is_settled(kept: Mapping[str, Any]) -> bool:
    """Was the best policy surely ahead on so many counted nights running that it isn't by chance of the night?"""
    nights = kept.get("nights", {})
    running = {nights[day] for day in sorted(nights)[-NIGHTS:]}
    return len(nights) >= NIGHTS and "lead" in kept and running == {kept["lead"]["best"]}


def of_newest(*, seed: int = 0) -> Valued:
    """Of the contest that began last. Raises NotPossible where there was none."""
    contest = Contest.objects.order_by("-pk").first()
    if contest is None:
        raise NotPossible(NO_CONTEST)
    return valued(contest, seed=seed)


def as_text(found: Valued) -> str:
    """A table of estimators for each policy, and why there are none."""
    if found.until < found.began:
        return f"contest {found.contest}, since {found.began}: no day of it has ended yet, and only whole days count."
    lines = [
        f"contest {found.contest}, {found.began} to {found.until}: {found.days:,} days of people; a round is a",
        "person's day, its reward 1 where they chose a course from a slate and opened, tried or joined it on that day",
    ]
    if found.simulated:
        lines.append(
            f"{found.simulated:,} of the people are simulated: their choices go by tastes that were drawn"
        )
    if not found.policies:
        why = "Not enough data: nobody who takes part was shown anything on its ended days."
        if found.until < clock.days_before(clock.business_day(), BROWSE_DAYS):
            why = f"No data any more: what people were shown is kept for {BROWSE_DAYS} days."
        return "\n".join([*lines, "", why])
    for policy, one in found.policies.items():
        lines += ["", *table(one, f"only {policy}")]
    if found.lead is not None:
        lines += [
            "",
            f"only {found.lead.best} above each other (dr, 99 % intervals on the same resamples of people)",
        ]
        lines += [
            f"{policy:<20}{gap.value:+.5f} [{gap.low:+.5f}, {gap.high:+.5f}]"
            for policy, gap in found.lead.gaps.items()
        ]
    return "\n".join([*lines, "", *how_told(next(iter(found.policies.values())), found.seed)])


def write_json(found: Valued, place: Place) -> None:
    """The whole report; a value that isn't told is null, with its reason."""
    text = json.dumps(asdict(found), ensure_ascii=False, indent=2, default=str) + "\n"
    place.fill(lambda draft: draft.write_text(text, "utf-8"))
