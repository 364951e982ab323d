"""Policies that are tried by lot, as a table: how often what they show is taken up, drawn to one scale."""

from dataclasses import dataclass

from django.utils.translation import pgettext

from zhiyue.engine.evaluate import Estimate
from zhiyue.experience.desk.lab import words
from zhiyue.experience.desk.lab.comparison import Drawn, drawn, scale_of
from zhiyue.recommend.arms import Arm, Standings
from zhiyue.recommend.compared import Cell


@dataclass(frozen=True, slots=True)
class ArmRow:
    """A policy. `shown`, `chosen`, `taken`: days of people; `rate` and the chance to be `best` as believed: None where
    it was shown to nobody, and "" while that is so of any, for a belief without a day behind it is a prior; `alone`:
    the rate had it been shown alone, with its interval, "" where the log can't tell, as `why` says in words."""

    policy: str
    name: words.Words
    people: int
    shown: int
    chosen: int
    taken: int
    rate: Drawn | None
    best: str
    share: str
    alone: str
    alone_between: str
    why: str


@dataclass(frozen=True, slots=True)
class ShownContest:
    found: Standings
    finding: str
    rows: tuple[ArmRow, ...]


def shown_contest(found: Standings) -> ShownContest:
    """The policy that does best comes first, what was shown to nobody last."""
    scale = scale_of([_cell(arm) for arm in found.arms if arm.shown])
    were_all_shown = all(arm.shown for arm in found.arms)
    rows = tuple(
        ArmRow(
            policy=arm.policy,
            name=words.policy(arm.policy),
            people=arm.people,
            shown=arm.shown,
            chosen=arm.chosen,
            taken=arm.taken,
            rate=drawn(_cell(arm), scale, percent) if arm.shown else None,
            best=percent(arm.best) if were_all_shown else "",
            share=percent(arm.share),
            alone=percent(arm.alone.value) if arm.alone else "",
            alone_between=_between(arm.alone) if arm.alone else "",
            why=words.untellable(arm.untellable) if arm.untellable else "",
        )
        for arm in sorted(found.arms, key=lambda arm: not arm.shown)
    )
    return ShownContest(found, _finding(found), rows)


def _cell(arm: Arm) -> Cell:
    return Cell(arm.mean, arm.low, arm.high)


def _between(estimate: Estimate) -> str:
    # No rate lies below 0, where an interval may reach.
    return f"{percent(max(0.0, estimate.low))}–{percent(estimate.high)}"


def percent(value: float) -> str:
    """With a digit after the point where that isn't all that it says: chances of 0 and 1 are never certain."""
    if 0 < value < 0.001:
        return "< 0.1 %"
    if 0.999 < value < 1:
        return "> 99.9 %"
    return f"{100 * value:.1f} %"


def _finding(found: Standings) -> str:
    """By what each would have reached alone, people held against themselves: rates that rise and fall for all speak for
    nobody."""
    lead = found.lead
    if not found.is_enough or lead is None:
        return pgettext("lab finding", "Not enough data yet to tell which policy is taken up most")
    if not found.is_settled:
        said = {"best": words.policy(lead.best)}
        return pgettext("lab finding", "Not decided yet: %(best)s is ahead, but not surely enough") % said
    nearest = min(lead.gaps, key=lambda name: lead.gaps[name].value)
    gap = lead.gaps[nearest]
    said = {
        "best": words.policy(lead.best),
        "next": words.policy(nearest),
        "gap": _points(gap.value),
        "low": _points(gap.low),
        "high": _points(gap.high),
    }
    told = pgettext(
        "lab finding",
        "%(best)s is taken up most: %(gap)s percentage points more than %(next)s (%(low)s to %(high)s)",
    )
    return told % said


def _points(value: float) -> str:
    return f"{100 * value:.1f}"
