"""One person's scores become the list they are shown: docs/algorithms/re-ranking.md has the order of the steps. The
arithmetic is in `engine.reranking`, the numbers are in `policies.RERANKING`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import numpy as np

from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.engine import ranking, reranking
from zhiyue.engine.kinds import Floats, Ints, Matrix, Profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.engine.reranking import Candidates, limit
from zhiyue.recommend.fitting import Pipeline
from zhiyue.recommend.policies import RERANKING
from zhiyue.recommend.traits import Traits


@dataclass(frozen=True, slots=True, eq=False)
class Lot:
    """The new courses among which one place is drawn. `seed`: whoever has the same draws the same. `pulls`: how many
    times its chance a course has for how it did so far; who isn't named, once."""

    pool: Ints
    seed: int
    pulls: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of somebody besides their profile, in codes.

    taken  what of the profile they took, not only looked at; None: all of it
    again  what is kept from the list for having been met, but may come as what another course builds on
    weighed  factors that the academy's rules put on courses
    lot  None: nothing is left to chance
    """

    taken: frozenset[int] | None = None
    again: frozenset[int] = frozenset()
    weighed: Mapping[int, float] = field(default_factory=dict)
    lot: Lot | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One person's scores over all items: `full` of every item, `open` with -inf where one may not be listed; `factors`
    are in both already. `peaks`: the highest that each part of a blend scored, None: the model is no blend."""

    full: Floats
    open: Floats
    popular: Floats
    factors: Floats
    peaks: Floats | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One place of a list. `reason`, `instead_of`: codes of items, NOTHING: none. `chance`: None where the place was
    not drawn."""

    item: int
    score: float
    reason: int
    instead_of: int = NOTHING
    chance: float | None = None


def lot_of(actor: Actor, moment: datetime) -> int:
    """The seed of somebody's draws: the same all day, so that a page that is loaded again shows the same."""
    return int.from_bytes(sha256(f"{actor.key} {clock.business_day(moment)}".encode()).digest()[:8])


def factors(
    pipeline: Pipeline, profiles: Profiles, people: Sequence[Person], *, vary: bool
) -> tuple[Floats, Floats]:
    """What to multiply scores by, and the popular list: (people, items) each. The academy's rules, and where lists are
    varied how well the level fits; for scores of whoever did anything besides how little known an item is."""
    shape = profiles.weights.shape
    if not vary and not any(person.weighed for person in people):
        nothing = np.broadcast_to(np.float32(1.0), shape)
        return nothing, nothing
    of_popular = np.ones(shape, dtype=np.float32)
    for row, person in enumerate(people):
        for item, factor in person.weighed.items():
            of_popular[row, item] = factor
        if vary and pipeline.traits is not None:
            of_popular[row] *= _level_fit(pipeline.traits, profiles.block(row, row + 1).weights, person)
    if not vary or pipeline.novelty is None:
        return of_popular, of_popular
    has_done_something = np.diff(profiles.weights.indptr)[:, None] > 0
    gain = 1.0 + np.float32(RERANKING.novelty) * pipeline.novelty
    return np.where(has_done_something, of_popular * gain, of_popular), of_popular


def _level_fit(traits: Traits, weights: Matrix, person: Person) -> Floats:
    held = weights.indices
    took = weights.data
    if person.taken is not None:
        took = np.where([item in person.taken for item in held.tolist()], took, 0.0)
    level = reranking.level_of(traits.level[held], took)
    return reranking.level_fit(traits.level, level, RERANKING.level_fall)


def plain(pipeline: Pipeline, profile: Profiles, row: Row, candidates: Ints) -> list[Line]:
    """The candidates as they stand, each with the item of the profile that spoke most for it."""
    shares = _shares(pipeline, profile, row, candidates)
    values = row.open[candidates]
    because = ranking.speakers(shares, np.maximum(values, 0.0) - shares.sum(axis=1))
    spoken = np.append(profile.weights.indices, NOTHING)[because]
    return [Line(*line) for line in zip(candidates.tolist(), values.tolist(), spoken.tolist(), strict=True)]


def varied(
    pipeline: Pipeline, traits: Traits, profile: Profiles, row: Row, candidates: Ints, k: int, person: Person
) -> list[Line]:
    """k of the candidates, and of what they build on: prerequisites, near-duplicates, variety, exploration."""
    before, helpers = _before(traits, candidates.tolist(), row, person)
    among = np.concatenate([candidates, np.asarray(helpers, dtype=np.int64)])
    newest = np.flatnonzero(profile.weights.indices == profile.newest[0])
    chosen = reranking.varied(
        Candidates(
            np.maximum(row.full[among], 0.0),
            _shares(pipeline, profile, row, among),
            row.popular[among],
            traits.groups[:, among],
            traits.twins[among],
            int(newest[0]) if len(newest) else NOTHING,
            before,
            np.isneginf(row.open[among]),
            _own_places(row, candidates, helpers) if before else None,
        ),
        k,
        RERANKING.variety,
    )
    spoken = np.append(profile.weights.indices, NOTHING)[chosen.reasons]
    instead_of = np.append(among, NOTHING)[chosen.instead_of]
    lines = [
        Line(*line)
        for line in zip(
            among[chosen.candidates].tolist(),
            chosen.values.tolist(),
            spoken.tolist(),
            instead_of.tolist(),
            strict=True,
        )
    ]
    return _explored(lines, traits, row, k, person)


def _shares(pipeline: Pipeline, profile: Profiles, row: Row, items: Ints) -> Floats:
    if row.peaks is None:
        shares = pipeline.model.shares(profile, items)
    else:
        shares = pipeline.blend.shares(profile, items, row.peaks)
    return np.asarray(shares * row.factors[items][:, None])


def _before(
    traits: Traits, candidates: list[int], row: Row, person: Person
) -> tuple[dict[int, tuple[int, ...]], list[int]]:
    """Which candidates come before which, by place, and the items that have to be added for that: what candidates build
    on, over however many steps, as far as it may be shown."""
    place = {item: at for at, item in enumerate(candidates)}
    before: dict[int, tuple[int, ...]] = {}
    waiting = list(candidates)
    for item in waiting:
        needed = [one for one in traits.needs.get(item, ()) if _may_come_before(one, row, person)]
        for one in needed:
            if one not in place:
                place[one] = len(place)
                waiting.append(one)
        if needed:
            before[place[item]] = tuple(place[one] for one in needed)
    return before, waiting[len(candidates) :]


def _own_places(row: Row, candidates: Ints, helpers: list[int]) -> Ints:
    """The place of each by its own score: candidates stand in the order of these; what has to be added stands among all
    that may be shown."""
    added = [1 + int((row.open > row.full[item]).sum()) for item in helpers]
    return np.asarray([*range(1, len(candidates) + 1), *added], dtype=np.int64)


def _may_come_before(item: int, row: Row, person: Person) -> bool:
    return item in person.again or not np.isneginf(row.open[item])


def _explored(lines: list[Line], traits: Traits, row: Row, k: int, person: Person) -> list[Line]:
    """The list with one place for a course drawn among those of the lot that the rest of the list leaves out: so the
    chance of each other place stays 1, and that of the drawn one is known exactly."""
    lot = person.lot
    if lot is None or k < RERANKING.explore_from:
        return lines
    kept = lines[: k - 1]
    pool = _pool(kept, traits, row, k, person, lot)
    if not len(pool):
        return lines
    scores = np.maximum(row.full[pool], 0.0)
    highest = float(np.max(row.full, initial=0.0))
    uniforms = 1.0 - np.random.default_rng(lot.seed).random(len(row.full))[pool]
    pulls = np.asarray([lot.pulls.get(code, 1.0) for code in pool.tolist()])
    winner, chance = reranking.draw(
        scores / highest if highest > 0 else scores, RERANKING.explore_floor, uniforms, pulls
    )
    place = min(RERANKING.explore_place - 1, len(kept))
    drawn = Line(int(pool[winner]), float(scores[winner]), NOTHING, chance=chance)
    return [*kept[:place], drawn, *kept[place:]]


def _pool(kept: list[Line], traits: Traits, row: Row, k: int, person: Person, lot: Lot) -> Ints:
    """Of the lot, what may be shown beside the `kept` lines: no twin of theirs, nothing that builds on what isn't
    taken, and nothing of a group that is full as long as there is something else."""
    listed = np.asarray([line.item for line in kept], dtype=np.int64)
    may = row.open.copy()
    may[listed] = -np.inf
    pool = lot.pool[np.isfinite(may[lot.pool])]
    pool = pool[~np.isin(traits.twins[pool], _known(traits.twins[listed]))]
    for kind, share in zip(traits.groups, RERANKING.variety.per_group, strict=True):
        groups, counts = np.unique(_known(kind[listed]), return_counts=True)
        full = groups[counts >= limit(share, k)]
        others = pool[~np.isin(kind[pool], full)] if len(full) else pool
        pool = others if len(others) else pool
    builds = [
        item in traits.needs and any(_may_come_before(one, row, person) for one in traits.needs[item])
        for item in pool.tolist()
    ]
    return np.asarray(pool[~np.asarray(builds, dtype=np.bool_)])


def _known(codes: Ints) -> Ints:
    return np.asarray(codes[codes != NOTHING])
