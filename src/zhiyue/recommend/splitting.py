"""What an evaluation hides: the pairs of a test file, or a part of the training file by a named split."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zhiyue.engine import evaluate
from zhiyue.engine.evaluate import FEWEST_PEOPLE
from zhiyue.engine.kinds import Acts, Ints, Matrix
from zhiyue.engine.matrix import owned
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend.coded import Asked, Training, asked_by
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.files import read_pairs
from zhiyue.recommend.tables import Tell

# More people make intervals narrower and the evaluation longer.
MOST_PEOPLE = 20_000
# Of whole people so many are held out, and of the time that the file covers so much at its end.
SHARE = 0.2
# A share that is less by more than this isn't called so.
NEARLY = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """`fitted`: the acts that policies are fitted on; `shown`: those that lists are made from; `asked`: who is asked
    about what; `says`: what is hidden, in a line, empty for a test file."""

    fitted: Acts
    shown: Acts
    asked: Asked
    says: str = ""


def by_file(test: Path, known: Training, tell: Tell) -> Split:
    """The pairs of a test file are hidden. Raises NotPossible."""
    asked = asked_by(read_pairs(test, tell), known)
    if asked.sampled is not None:
        negatives = asked.sampled.negatives
        if absent := int((negatives == NOTHING).sum()):
            tell(
                f"{test}: {absent:,} of {negatives.size:,} negatives are in neither the training nor the items file: "
                "no policy can put them first, which flatters the sampled metrics"
            )
    return Split(known.acts, known.acts, asked)


def by_name(name: str, known: Training, seed: int) -> Split:
    """Raises NotPossible for a name that is no split, for too few people, and where the order it needs isn't known."""
    if name not in SPLITS:
        raise NotPossible(f"There is no split “{name}”. Choose from: {', '.join(SPLITS)}.")
    found = SPLITS[name](known, seed)
    if not len(found.fitted.user):
        raise NotPossible(f"--split {name} would hide everything: nothing would be left to fit on.")
    return found


def _newest(known: Training, seed: int) -> Split:
    acts = known.acts
    whom = "people with three or more items"
    if acts.order is None:
        people = evaluate.with_several(acts, MOST_PEOPLE)
        _require(len(people), "newest", whom)
        left, relevant = evaluate.hide_any(acts, people, seed=seed)
        says = f"one item, drawn at random (seed {seed}; the file has no order), of {len(people):,} people"
    else:
        people, untold = evaluate.with_newest(acts, MOST_PEOPLE)
        others = f"{untold:,} more have other items at the same moment as their newest"
        _require(len(people), "newest", f"{whom}, one of them the newest", others if untold else "")
        left, relevant = evaluate.hide_newest(acts, people)
        says = f"the newest item of {len(people):,} people"
        says += f"; {others} and are not asked about" if untold else ""
    return Split(left, left, _asked(left, people, relevant), says)


def _time(known: Training, seed: int) -> Split:
    acts = known.acts
    if acts.order is None or not known.is_timed:
        raise NotPossible(
            "--split time needs a column “time”: a position tells nothing of other people's acts."
        )
    last = int(np.quantile(acts.order, 1 - SHARE, method="lower"))
    later = float((acts.order > last).mean())
    if not later:
        raise NotPossible(
            f"--split time: {(acts.order == last).mean():.0%} of the acts have the newest time of the file, so it "
            "has no last fifth that could be hidden. Give times with hours and minutes, or another split."
        )
    part = "the last fifth"
    if later < SHARE - NEARLY:
        part = f"the last {later:.1%} (no fifth: too many acts have the same time)"
    left, people, relevant = evaluate.hide_after(acts, last, MOST_PEOPLE)
    _require(len(people), "time", f"people with something new to them in {part} of the acts")
    says = f"what {len(people):,} people took anew in {part} of the acts; all of these acts are left out"
    return Split(left, left, _asked(left, people, relevant), says)


def _people(known: Training, seed: int) -> Split:
    left, shown, people, relevant = evaluate.hide_of_people(known.acts, SHARE, most=MOST_PEOPLE, seed=seed)
    _require(len(people), "people", f"people: a fifth (seed {seed}) of those with three or more items")
    older = "older half" if known.acts.order is not None else "half (drawn, the file has no order)"
    says = f"{len(people):,} people held out whole (seed {seed}): lists from their {older}, the rest hidden"
    return Split(left, shown, _asked(shown, people, relevant), says)


def _asked(shown: Acts, people: Ints, relevant: Matrix) -> Asked:
    return Asked(people, owned(shown)[people], relevant, 0)


def _require(found: int, name: str, whom: str, others: str = "") -> None:
    if found < FEWEST_PEOPLE:
        raise NotPossible(
            f"--split {name}: too few people. It asks about {whom}; here these are {found:,}, at least "
            f"{FEWEST_PEOPLE} are needed{f' ({others})' if others else ''}. Give more of the log, or a --test file."
        )


SPLITS: Mapping[str, Callable[[Training, int], Split]] = {"newest": _newest, "time": _time, "people": _people}
