"""Why one person is shown what they are shown: what each part of the policy gave, and which acts spoke for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.selectors import language_of
from zhiyue.engine.kinds import Floats, Ints, Recommender
from zhiyue.product.catalogue.editions import families
from zhiyue.product.learning.selectors import going_on
from zhiyue.recommend.contests import Assigned, assigned
from zhiyue.recommend.inputs import codes_of
from zhiyue.recommend.kinds import Recommended, Slate
from zhiyue.recommend.memory import Held
from zhiyue.recommend.moves import Asked, Placing, placings
from zhiyue.recommend.offers import COLD
from zhiyue.recommend.policies import SHELF_LENGTH
from zhiyue.recommend.selectors import slates

MOST_EVIDENCE = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """A course that the person acted on, and how much of the score it gave; below 0 it spoke against."""

    course_id: int
    share: float


@dataclass(frozen=True, slots=True)
class Explained:
    """A course of a slate: what each part of the policy gave, weighed, from 0 to 1 (the policy's own score needn't be
    their sum: a ranker comes after); the acts that gave most, none where the reason is that it is popular; and how it
    came to its place, None where nothing was trained, or since it came out."""

    shown: Recommended
    parts: dict[str, float]
    evidence: tuple[Evidence, ...]
    placing: Placing | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The slate of a policy, in editions of `language`, the person's own. `acts`: how many of their acts it goes by.
    `assigned`: where no policy was named, as which one this makes their slates. A policy that isn't trained gave
    nothing: what most learners begin with answers in its place."""

    policy: str
    version: str
    acts: int
    courses: tuple[Explained, ...]
    language: str
    assigned: Assigned | None = None

    @property
    def is_trained(self) -> bool:
        return self.version != COLD


def explain(actor: Actor, *, policy: str | None = None, k: int = SHELF_LENGTH) -> Explanation:
    """As `explain_each`, under one policy: the live one, or the one drawn for them, where none is named."""
    by = assigned(actor) if policy is None else None
    (found,) = explain_each(actor, [by.policy if by else policy or ""], k=k)
    return replace(found, assigned=by)


def explain_each(actor: Actor, policies: Sequence[str], *, k: int = SHELF_LENGTH) -> list[Explanation]:
    """The shelf of their home page under some policies, each taken apart: as long, in the person's own language,
    without what the page offers to go on with. Whoever shows less of it shows its beginning: a shorter list would be
    re-ranked to another one. Raises ValueError as `slate` does."""
    language = language_of(actor.member_id)
    above = [entry.course.id for entry in going_on(actor)]
    found = slates(actor, policies, k=k, slot="for-you", besides=above, language=language)
    original = families()
    return [
        Explanation(policy, one.version, asked.acts, _explained(one, asked, original), language)
        for policy, (one, asked) in zip(policies, found, strict=True)
    ]


def _explained(found: Slate, asked: Asked, original: Mapping[int, int]) -> tuple[Explained, ...]:
    held, person = asked.held, asked.profile
    if found.version == COLD:
        return tuple(Explained(item, {}, ()) for item in found.items)
    # What isn't in the artefact yet was put there by no part of it.
    codes = [
        codes_of([original.get(item.course_id, item.course_id)], held.course_ids) for item in found.items
    ]
    wanted = np.asarray([code[0] for code in codes if code], dtype=np.int64)
    gave = {name: weight * _of(model.scores(person)[0], wanted) for name, weight, model in _parts(held)}
    shares = held.pipeline.model.shares(person, wanted)
    placing = placings(
        asked, {code[0]: item.position for item, code in zip(found.items, codes, strict=True) if code}
    )
    rows = iter(range(len(wanted)))
    explained = []
    for item, code in zip(found.items, codes, strict=True):
        if not code:
            explained.append(Explained(item, {}, ()))
            continue
        row = next(rows)
        parts = {name: float(scores[row]) for name, scores in gave.items()}
        # What is shown because many took it isn't shown for anything that this person did.
        is_common = item.reason.kind == "popular"
        spoke = () if is_common else _evidence(shares[row], held.course_ids[person.weights.indices])
        explained.append(Explained(item, parts, spoke, placing[code[0]]))
    return tuple(explained)


def _parts(held: Held) -> list[tuple[str, float, Recommender]]:
    """The parts by name; none of an artefact that an older version wrote, which doesn't say."""
    names = held.pipeline.names
    models = held.pipeline.blend.parts if names else ()
    return [(name, weight, model) for name, (weight, model) in zip(names, models, strict=True)]


def _of(scores: Floats, wanted: Ints) -> Floats:
    """As the blend has them: divided by the highest that this person gets."""
    highest = float(scores.max(initial=0.0))
    return scores[wanted] / highest if highest > 0 else np.zeros(len(wanted))


def _evidence(shares: Floats, course_ids: Ints) -> tuple[Evidence, ...]:
    order = np.argsort(-np.abs(shares), kind="stable")[:MOST_EVIDENCE]
    return tuple(Evidence(int(course_ids[n]), float(shares[n])) for n in order if shares[n] != 0)
