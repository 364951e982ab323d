"""A comparison as tables: policies with their measures, intervals drawn to one scale, the groups served worst."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import pgettext

from zhiyue.experience.desk.lab import words
from zhiyue.experience.shell.cards import in_language
from zhiyue.product.catalogue.selectors import topics
from zhiyue.recommend.compared import Cell, Compared, Comparison, Segment
from zhiyue.recommend.fitting import RANKER
from zhiyue.recommend.lab import Run

RANKED_BY = "ndcg@10"
OF_NEW, OF_FEW = "new-recall@20", "few-recall@20"
# The drawing of an interval, in units of its own box.
WIDTH, DOT = 120, 8
Scale = tuple[float, float]
QUALITY = ("hr@10", "recall@20", "mrr@20", "map@10")
LISTS = (
    "coverage@10",
    "novelty@10",
    "diversity@10",
    "arp-ratio@10",
    "calibration@10",
    "new@10",
    OF_NEW,
    OF_FEW,
)
SHARES = frozenset({"coverage@10", "new@10"})
WORST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Drawn:
    """A measure as text and as a dot with its interval (x of dot, left end and right end in a box of WIDTH)."""

    value: str
    low: str
    high: str
    dot: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a policy lies above the live one; `is_sure`: the interval is on one side of 0; `is_none`: it rounds to
    0, so nobody could see it."""

    value: str
    low: str
    high: str
    is_above: bool
    is_sure: bool
    is_none: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A policy. `difference` is None for the live one, and where it isn't known. Cells in the order of the columns, ""
    where there is none. `is_whole`: it had its own ranker, or needs none."""

    policy: str
    name: words.Words
    meaning: words.Words
    is_live: bool
    ndcg: Drawn
    difference: Difference | None
    quality: tuple[str, ...]
    lists: tuple[str, ...]
    fit_seconds: float
    milliseconds: float
    without: tuple[words.Words, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Group:
    """People whom a policy serves. `is_worse`: surely worse than everybody together; `best`: the policy that serves
    them best here, if that is another one."""

    name: words.Words
    people: int
    ndcg: Drawn
    is_worse: bool
    best: words.Words


@dataclass(frozen=True, slots=True)
class Shown:
    """One comparison. `asked_of` is the policy of which the groups are told; `passed_over`:
    what could not be fitted, and why, as the code says it; `not_whole`: policies measured without
    their own ranker, so that their figures are those of the blend behind it; `of_new`: who finds new courses;
    `tells_few`: whether finding little-taken courses is another thing than finding new ones here."""

    run: Run
    found: Comparison
    finding: str
    rows: tuple[Row, ...]
    passed_over: tuple[tuple[words.Words, str], ...]
    not_whole: tuple[words.Words, ...]
    of_new: str
    tells_few: bool
    asked_of: str
    groups: tuple[Group, ...]


def shown(run: Run, *, live: str, asked_of: str) -> Shown | None:
    """The comparison of a run that is done; the groups are those of `asked_of`, or else of the live policy."""
    if run.found is None:
        return None
    found = run.found
    policies = sorted(found.policies, key=lambda one: -_ndcg(one).value)
    scale = scale_of([_ndcg(one) for one in policies])
    chosen = found.of(asked_of) or found.of(live) or (policies[0] if policies else None)
    tells_few = any(one.cells.get(OF_NEW) != one.cells.get(OF_FEW) for one in policies)
    return Shown(
        run=run,
        found=found,
        finding=_finding(policies, live),
        rows=tuple(_row(one, live, scale, tells_few) for one in policies),
        passed_over=tuple((words.policy(name), why) for name, why in found.passed_over.items()),
        not_whole=tuple(words.policy(one.policy) for one in policies if not is_whole(one)),
        of_new=_finding_of_new(policies, found.people_of_new),
        tells_few=tells_few,
        asked_of=chosen.policy if chosen else "",
        groups=_groups(chosen, policies, found.people) if chosen else (),
    )


def is_whole(one: Compared) -> bool:
    """Whether a policy was measured as itself: not without the ranker that makes it another one than its blend."""
    return RANKER not in one.left_out


def difference(cell: Cell | None) -> Difference | None:
    if cell is None:
        return None
    return Difference(
        value=f"{cell.value:+.3f}",
        low=f"{cell.low:+.3f}",
        high=f"{cell.high:+.3f}",
        is_above=cell.value > 0,
        is_sure=cell.low > 0 or cell.high < 0,
        is_none=float(f"{cell.value:.3f}") == 0,
    )


def last_difference(runs: Sequence[Run], policy: str, live: str) -> tuple[Run, Difference] | None:
    """How far `policy` lay above `live` in the newest run that measured both, and that run."""
    for run in runs:
        one = run.found.of(policy) if run.found else None
        known = difference(one.above.get(live)) if one else None
        if known is not None:
            return run, known
    return None


def without_ranker(run: Run, names: Sequence[str]) -> list[words.Words]:
    """Which of these policies the run measured without their ranker."""
    found = [run.found.of(name) for name in names] if run.found else []
    return [words.policy(one.policy) for one in found if one and not is_whole(one)]


def _finding(policies: Sequence[Compared], live: str) -> str:
    """Nothing is said to win that wasn't measured as itself; the live policy is what it is."""
    best = next((one for one in policies if is_whole(one) or one.policy == live), None)
    if best is None:
        return pgettext("lab finding", "No policy was measured as itself") if policies else ""
    said = {"best": words.policy(best.policy), "live": words.policy(live)}
    if best.policy != live:
        return _beside_live(difference(best.above.get(live))) % said
    if not is_whole(best):
        return (
            pgettext("lab finding", "The live policy, %(live)s, finds most, though without its ranker") % said
        )
    return pgettext("lab finding", "The live policy, %(live)s, finds most of what was hidden") % said


def _beside_live(apart: Difference | None) -> str:
    """What to say of the best policy, which isn't the live one."""
    if apart is None:
        return pgettext("lab finding", "%(best)s finds most of what was hidden")
    if apart.is_none:
        return pgettext("lab finding", "%(best)s and the live policy, %(live)s, find nearly the same")
    if apart.is_sure:
        return pgettext("lab finding", "%(best)s surely finds more than the live policy, %(live)s")
    return pgettext(
        "lab finding", "%(best)s finds most; whether more than the live policy, %(live)s, isn't sure"
    )


def _finding_of_new(policies: Sequence[Compared], people: int) -> str:
    """Which policy finds new courses, "" where that isn't known."""
    known = [(cell, one.policy) for one in policies if (cell := one.cells.get(OF_NEW)) and is_whole(one)]
    if not known or not people:
        return ""
    (best, name), *others = sorted(known, key=lambda pair: -pair[0].value)
    said = {
        "best": words.policy(name), "people": people, "share": f"{100 * best.value:.0f}",
        "low": f"{100 * best.low:.0f}", "high": f"{100 * best.high:.0f}",
    }  # fmt: skip
    if any(best.low <= other.high for other, _ in others):
        return (
            pgettext(
                "lab finding",
                "%(best)s finds most new courses, though it isn't sure that others find fewer: of those hidden from "
                "%(people)s people it found %(share)s %% (%(low)s to %(high)s)",
            )
            % said
        )
    return (
        pgettext(
            "lab finding",
            "%(best)s finds new courses best: of those hidden from %(people)s people it found %(share)s %% "
            "(%(low)s to %(high)s)",
        )
        % said
    )


def _row(one: Compared, live: str, scale: Scale, tells_few: bool) -> Row:
    return Row(
        policy=one.policy,
        name=words.policy(one.policy),
        meaning=words.meaning(one.policy),
        is_live=one.policy == live,
        ndcg=drawn(_ndcg(one), scale),
        difference=difference(one.above.get(live)),
        quality=tuple(_told(name, one.cells.get(name)) for name in QUALITY),
        lists=tuple(_told(name, one.cells.get(name)) for name in LISTS if tells_few or name != OF_FEW),
        fit_seconds=one.fit_seconds,
        milliseconds=one.milliseconds,
        without=tuple(words.policy(part) for part in one.left_out),
        is_whole=is_whole(one),
    )


def _groups(chosen: Compared, policies: Sequence[Compared], people: int) -> tuple[Group, ...]:
    """The worst first; a group that is everybody would only say the total again."""
    named = {topic.slug: in_language(topic.name, topic.name_en) for topic in topics()}
    some = [one for one in chosen.segments if one.people < people]
    worst = sorted(some, key=lambda one: one.ndcg.value)[:WORST_SHOWN]
    scale = scale_of([one.ndcg for one in worst])
    everybody = _ndcg(chosen).value
    return tuple(
        Group(
            name=words.segment(one.of, one.key, named),
            people=one.people,
            ndcg=drawn(one.ndcg, scale),
            is_worse=one.ndcg.high < everybody,
            best=_best(one, chosen, policies),
        )
        for one in worst
    )


def _best(asked: Segment, chosen: Compared, policies: Sequence[Compared]) -> words.Words:
    same = [
        (one.ndcg.value, policy.policy)
        for policy in policies
        for one in policy.segments
        if (one.of, one.key) == (asked.of, asked.key)
    ]
    value, best = max(same)
    return words.policy(best) if value > asked.ndcg.value and best != chosen.policy else ""


def _ndcg(one: Compared) -> Cell:
    return one.cells[RANKED_BY] or Cell(0.0, 0.0, 0.0)


def _told(name: str, cell: Cell | None) -> str:
    if cell is None:
        return ""
    return f"{100 * cell.value:.0f} %" if name in SHARES else f"{cell.value:.3f}"


def scale_of(cells: Sequence[Cell]) -> Scale:
    """The lowest and the highest end of the intervals that are drawn beneath each other."""
    return min((one.low for one in cells), default=0.0), max((one.high for one in cells), default=0.0)


def drawn(cell: Cell, scale: Scale, told: Callable[[float], str] = "{:.3f}".format) -> Drawn:
    low, high = scale

    def at(value: float) -> float:
        # Half a dot of room at either end.
        return round(DOT / 2 + (WIDTH - DOT) * ((value - low) / (high - low) if high > low else 0.5), 1)

    return Drawn(
        value=told(cell.value),
        low=told(cell.low),
        high=told(cell.high),
        dot=at(cell.value),
        left=at(cell.low),
        right=at(cell.high),
    )
