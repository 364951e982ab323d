"""What another policy would have earned, from files: reckoned by the engine, told as text and JSON. From the academy's
own log: `valuing`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from zhiyue.engine.evaluate import Estimate, Measure, Missing
from zhiyue.engine.off_policy import METHODS, Evaluation, evaluated
from zhiyue.engine.off_policy import by_position as one_by_one
from zhiyue.recommend.logs import read_log
from zhiyue.recommend.outputs import Place
from zhiyue.recommend.tables import Tell, silently

SAYS = {
    "ips": "rewards weighted by chance / propensity",
    "clipped-ips": "the same, weights cut at the limit",
    "snips": "divided by the weights' sum",
    "dm": "what a model of the reward foretells",
    "dr": "the model, corrected where the log knows better",
    "switch-dr": "the same, not corrected above the limit",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A log evaluated as a whole, and place by place where that was asked for (by position as the log has it)."""

    log: str
    policy: str
    items: int
    seed: int
    whole: Evaluation
    places: dict[str, Evaluation]


def evaluate_log(
    *, log: Path, policy: Path, by_position: bool = False, seed: int = 0, tell: Tell = silently
) -> Found:
    """Raises NotPossible for files that can't be used."""
    read = read_log(log, policy, tell)
    whole = evaluated(read.rounds, read.target, seed=seed)
    places: dict[str, Evaluation] = {}
    if by_position:
        each = one_by_one(read.rounds, read.target, seed=seed)
        places = {f"{read.places[place]:g}" if read.places else "all": found for place, found in each.items()}
    return Found(str(log), str(policy), read.rounds.actions, seed, whole, places)


def as_text(found: Found) -> str:
    """The table of estimators, what their weights are like, and why there are none."""
    lines = table(found.whole, f"{found.log}: {found.items:,} items")
    for place, evaluation in found.places.items():
        lines += ["", *table(evaluation, f"position {place}")]
    return "\n".join([*lines, "", *how_told(found.whole, found.seed)])


def how_told(one: Evaluation, seed: int) -> list[str]:
    """What stands below tables."""
    return [
        f"95 % bootstrap intervals (BCa) over {one.over}, seed {seed}. gain: above what the log's own",
        "policy earned. weights: chance / propensity; their mean is 1 where the log covers the policy and its",
        "propensities are right.",
    ]


def write_json(found: Found, place: Place) -> None:
    """The whole report; a value that isn't told is null, with its reason."""
    text = json.dumps(asdict(found), ensure_ascii=False, indent=2) + "\n"
    place.fill(lambda draft: draft.write_text(text, "utf-8"))


def table(one: Evaluation, title: str) -> list[str]:
    """The estimators of one policy, or why there are none."""
    people = f" of {one.units:,} people" if one.over == "people" else ""
    lines = [
        f"{title}, {one.rounds:,} rounds{people}; mean reward {_told(one.logged)}",
        f"weights: worth {one.effective:,.0f} {one.over}, the largest {one.heaviest:.1f}, "
        f"mean {_told(one.weights, 3)};",
        f"limit {one.limit:.1f} cuts {one.cut:.1%}; {one.uncovered:.1%} of the policy's choices aren't in the log",
        "",
    ]
    refused = [value.reason for value in one.values.values() if isinstance(value, Missing)]
    if refused:
        return [*lines, f"{refused[0][0].upper()}{refused[0][1:]}."]
    head = f"{'estimator':<12}{'value':>30}{'gain':>33}"
    rows = (
        f"{method:<12}{_told(one.values[method]):>30}{_told(one.gains[method], sign='+'):>33}  {SAYS[method]}"
        for method in METHODS
    )
    return [*lines, head, *rows]


def _told(value: Measure, digits: int = 5, sign: str = "") -> str:
    if not isinstance(value, Estimate):
        return "–"
    number = f"{sign}.{digits}f"
    return f"{value.value:{number}} [{value.low:{number}}, {value.high:{number}}]"
