"""Policies side by side on the academy's own acts: something is hidden, each policy is fitted on the rest and asked for
it. Who asks for a comparison and where it is kept: `lab`."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from zhiyue.engine import beyond_accuracy, evaluate
from zhiyue.engine.evaluate import FEWEST_PEOPLE
from zhiyue.engine.kinds import Acts, Bools, Floats, Ints
from zhiyue.engine.matrix import histories, owned
from zhiyue.engine.ranking import NOTHING
from zhiyue.product.catalogue.models import Course
from zhiyue.recommend.coded import Asked
from zhiyue.recommend.compared import Cell, Compared, Comparison, Segment, cell
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.fitting import NothingLeft, fit
from zhiyue.recommend.inputs import Academy
from zhiyue.recommend.measuring import Measured, measured
from zhiyue.recommend.parts import Texts
from zhiyue.recommend.policies import POLICIES
from zhiyue.recommend.steps import HERE, Steps
from zhiyue.recommend.traits import Traits

# How many days back the hidden begins; None: the newest course of each person is hidden.
SPLITS: Mapping[str, int | None] = {"newest": None, "last-7": 7, "last-14": 14, "last-28": 28}
# More people make the intervals narrower and the comparison longer; these give an NDCG within about 0.01.
MOST_PEOPLE = 5_000
# A course is new, and a person, for so long.
NEW_DAYS = 30
MILLISECONDS_A_DAY = 86_400_000
LISTED = 10
# People by how many courses they had met: each band from its first number on.
BANDS = ((0, "0"), (1, "1-3"), (4, "4-9"), (10, "10+"))
COMPARED = "ndcg@10"
SEED = 0


@dataclass(frozen=True, slots=True)
class Offered:
    """What a course is, by its original: in which language, of which topic, since when it is out."""

    language: str
    topic: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Tick:
    """How far a comparison is, in parts of the whole, and which policy has its turn."""

    done: float
    policy: str


@dataclass(frozen=True, slots=True, eq=False)
class _Hidden:
    """What is left to fit on, who is asked about what, the last moment that is left (milliseconds), and how many aren't
    asked because their times don't tell what would be hidden."""

    left: Acts
    asked: Asked
    end: int
    untold: int


@dataclass(frozen=True, slots=True, eq=False)
class _Of:
    """Some of the people: by what they are told apart, which they are, and their rows."""

    of: str
    key: str
    rows: Ints


def offered() -> dict[int, Offered]:
    """Every course that is out, by the id of its original; of several editions the original, or else the first."""
    rows = Course.objects.published().select_related("topic").order_by("pk")
    found: dict[int, Offered] = {}
    # Originals last, so that they stand where both are out.
    for course in sorted(rows, key=lambda course: (course.edition_of_id is None, -course.pk)):
        if course.published_at is not None:
            about = Offered(course.language, course.topic.slug, course.published_at)
            found[course.edition_of_id or course.pk] = about
    return found


def compare(
    read: Academy,
    out: Mapping[int, Offered],
    *,
    policies: Sequence[str],
    split: str,
    steps: Steps = HERE,
    tell: Callable[[Tick], object] = lambda _: None,
) -> Comparison:
    """Fit each policy on what is not hidden, and measure its plain lists (before variety, as `offline.evaluate`) of
    those courses that are out. Below FEWEST_PEOPLE people, or where nothing is left to fit on, nothing is compared.

    new@10: share of the places of the first ten that courses have which came out within NEW_DAYS days before what is
    hidden, or later. new-recall@20: found share of a person's hidden courses of that kind, over those who have one.
    Raises KeyError for an unknown policy or split.
    """
    read = _only_out(read, out)
    hidden = _hide(read, SPLITS[split])
    courses = [out[course_id] for course_id in read.course_ids.tolist()]
    is_new = _is_new(courses, hidden.end)
    people = len(hidden.asked.people)
    bare = Comparison(
        acts=len(hidden.left.user),
        learners=len(np.unique(hidden.left.user)),
        courses=len(courses),
        new_courses=int(is_new.sum()),
        people=people,
        hidden=int(hidden.asked.relevant.nnz),
        policies=(),
        passed_over={},
        people_of_new=int((hidden.asked.relevant @ is_new.astype(np.int64) > 0).sum()),
        untold=hidden.untold,
    )
    if people < FEWEST_PEOPLE or not bare.acts:
        return bare
    segments = list(_segments(hidden, courses))
    found: list[Compared] = []
    ndcg: dict[str, Floats] = {}
    passed_over: dict[str, str] = {}
    for turn, name in enumerate(policies):
        part = 1 / len(policies)

        def at(share: float, turn: int = turn, part: float = part, name: str = name) -> None:
            tell(Tick((turn + share) * part, name))

        at(0.0)
        try:
            one, of_people = _one(name, read.texts, hidden, segments, is_new, at, steps)
        except (NothingLeft, NotPossible) as problem:
            passed_over[name] = str(problem)
            at(1.0)
            continue
        found.append(one)
        ndcg[name] = of_people
    return replace(bare, policies=tuple(_paired(found, ndcg)), passed_over=passed_over)


def _one(
    name: str,
    texts: Texts,
    hidden: _Hidden,
    segments: Sequence[_Of],
    is_new: Bools,
    at: Callable[[float], object],
    steps: Steps,
) -> tuple[Compared, Floats]:
    """One policy without its differences, and its NDCG person by person. Raises NothingLeft, and NotPossible as
    `steps` do."""
    started = time.perf_counter()
    pipeline = fit(POLICIES[name], hidden.left, texts, steps)
    fit_seconds = time.perf_counter() - started
    at(0.5)
    people = len(hidden.asked.people)
    ready = 0

    def step(more: int) -> None:
        nonlocal ready
        ready += more
        at(0.5 + 0.5 * ready / people)

    found = measured(pipeline, hidden.left, texts.groups, hidden.asked, seed=SEED, step=step)
    each = found.per_person[COMPARED]
    told = tuple(Segment(one.of, one.key, len(one.rows), _sure(each[one.rows])) for one in segments)
    compared = Compared(
        policy=name,
        cells=_cells(found, hidden.asked, is_new),
        fit_seconds=round(fit_seconds, 3),
        milliseconds=round(found.milliseconds_per_user, 4),
        left_out=tuple(pipeline.left_out),
        above={},
        segments=told,
    )
    return compared, each


def _cells(found: Measured, asked: Asked, is_new: Bools) -> dict[str, Cell | None]:
    cells = {name: cell(one) for name, one in {**found.measures, **found.beyond_accuracy}.items()}
    listed = found.lists[:, :LISTED]
    there = listed != NOTHING
    share = (there & is_new[np.where(there, listed, 0)]).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    of_new = beyond_accuracy.recall_of(is_new, found.lists, asked.relevant)
    of_new = of_new[~np.isnan(of_new)]
    found_new = _sure(of_new) if len(of_new) >= FEWEST_PEOPLE else None
    return cells | {"new@10": _sure(share), "new-recall@20": found_new}


def _paired(found: Sequence[Compared], ndcg: Mapping[str, Floats]) -> Iterator[Compared]:
    """Results with how much each lies above every other."""
    apart: dict[tuple[str, str], Cell | None] = {}
    for one, other in combinations(ndcg, 2):
        mine, theirs = {COMPARED: ndcg[one]}, {COMPARED: ndcg[other]}
        difference = cell(evaluate.differences(mine, theirs, seed=SEED)[COMPARED])
        apart[one, other] = difference
        apart[other, one] = None if difference is None else -difference
    for result in found:
        above = {other: apart[result.policy, other] for other in ndcg if other != result.policy}
        yield replace(result, above=above)


def _hide(read: Academy, days: int | None) -> _Hidden:
    end, untold = int(read.counted_at.timestamp() * 1000), 0
    if days is None:
        people, untold = evaluate.with_newest(read.acts, MOST_PEOPLE)
        left, relevant = evaluate.hide_newest(read.acts, people)
    else:
        end -= days * MILLISECONDS_A_DAY
        left, people, relevant = evaluate.hide_after(read.acts, end, MOST_PEOPLE)
    return _Hidden(left, Asked(people, owned(left)[people], relevant, 0), end, untold)


def _segments(hidden: _Hidden, courses: Sequence[Offered]) -> Iterator[_Of]:
    """The groups of people that are large enough to be told of. Nothing counts but what they did here: no trait of
    theirs is looked at."""
    folded = histories(hidden.left)
    people = hidden.asked.people
    met = folded.lengths[people]
    starts = [start for start, _ in BANDS]
    bands = np.searchsorted(starts, met, side="right") - 1
    names = np.asarray([name for _, name in BANDS])[bands]
    yield from _large("courses", names)
    first = np.full(hidden.left.users, np.iinfo(np.int64).max)
    if hidden.left.order is not None:
        np.minimum.at(first, hidden.left.user, hidden.left.order)
    is_newcomer = first[people] >= hidden.end - NEW_DAYS * MILLISECONDS_A_DAY
    yield from _large("since", np.where(is_newcomer, "new", "longer"))
    has_any = met > 0
    newest = folded.item[np.where(has_any, folded.start[people + 1] - 1, 0)]
    for of, said in (
        ("language", [course.language for course in courses]),
        ("topic", [course.topic for course in courses]),
    ):
        yield from _large(of, np.where(has_any, np.asarray(said)[newest], ""))


def _large(of: str, key: NDArray[np.str_]) -> Iterator[_Of]:
    for one in np.unique(key):
        rows = np.flatnonzero(key == one)
        if one and len(rows) >= FEWEST_PEOPLE:
            yield _Of(of, str(one), rows)


def _sure(values: Floats) -> Cell:
    found = evaluate.mean(np.asarray(values, dtype=np.float64))
    return Cell(found.value, found.low, found.high)


def _is_new(courses: Sequence[Offered], end: int) -> Bools:
    since = end - NEW_DAYS * MILLISECONDS_A_DAY
    published = [course.published_at.timestamp() * 1000 for course in courses]
    return np.asarray(published, dtype=np.float64) >= since


def _only_out(read: Academy, out: Mapping[int, Offered]) -> Academy:
    """Without the courses that aren't out (any more): nobody could be shown them, so nothing is to be won by them."""
    stays = np.asarray([course_id in out for course_id in read.course_ids.tolist()], dtype=np.bool_)
    if stays.all():
        return read
    code = np.cumsum(stays) - 1
    kept = stays[read.acts.item]
    acts = read.acts
    order = None if acts.order is None else acts.order[kept]
    days = None if acts.days is None else acts.days[kept]
    left = Acts(
        acts.user[kept], code[acts.item[kept]], acts.weight[kept], acts.users, int(stays.sum()), order, days
    )
    places: list[int] = np.flatnonzero(stays).tolist()
    texts = Texts(
        {name: [values[at] for at in places] for name, values in read.texts.texts.items()},
        {name: [values[at] for at in places] for name, values in read.texts.labels.items()},
        None if read.texts.groups is None else Traits.of_topics(read.texts.groups[stays]),
    )
    return replace(
        read, acts=left, course_ids=read.course_ids[stays], texts=texts, learners=read.learners[stays]
    )
