"""From a policy and acts to a fitted pipeline, and from there to plain arrays and back. Ranking is in
`serve`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Acts, Arrays, Ints, Recommender
from zhiyue.engine.recommenders import content, popular
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.popular import Popular
from zhiyue.recommend.parts import OF_TEXTS, PARTS, Known, Texts
from zhiyue.recommend.policies import POPULAR, Policy


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A fitted policy. `popular` orders what the model knows nothing about; `left_out` names parts without
    input."""

    model: Recommender
    popular: Popular
    groups: Ints | None = None
    left_out: tuple[str, ...] = ()


class TextsNeeded(ValueError):
    """The policy is made of texts and there are none."""


def fit(policy: Policy, acts: Acts, texts: Texts | None = None) -> Pipeline:
    """Fit every part of a policy. Parts that need texts are left out (and named) when there are none.

    Raises TextsNeeded if nothing would be left.
    """
    common = popular.fit(acts, POPULAR)
    known = Known(acts, common, texts or Texts())
    parts: list[tuple[float, Recommender]] = []
    left_out: list[str] = []
    for part in policy.parts:
        try:
            parts.append((part.weight, PARTS[part.name](known)))
        except content.NoWords:
            left_out.append(part.name)
    if not parts:
        raise TextsNeeded(policy.name)
    return Pipeline(_blended(parts), common, None if texts is None else texts.groups, tuple(left_out))


def taken_in(policy: Policy, pipeline: Pipeline, places: Ints, texts: Texts) -> Pipeline:
    """A fitted policy over a changed catalogue: what is made of texts is fitted again, what is made of acts stays as it
    is and knows nothing of new courses.

    places  the code that each course of `pipeline` has in `texts`, ascending
    Raises TextsNeeded if nothing would be left, ValueError if the policy has other parts than the pipeline.
    """
    items = len(next(iter(texts.texts.values())))
    models = pipeline.model.parts if isinstance(pipeline.model, Hybrid) else ((1.0, pipeline.model),)
    names = [part.name for part in policy.parts if part.name not in pipeline.left_out]
    former = {name: model for name, (_, model) in zip(names, models, strict=True)}
    common = pipeline.popular.spread(places, items)
    known = Known(_nobody(items), common, texts)
    parts: list[tuple[float, Recommender]] = []
    left_out: list[str] = []
    for part in policy.parts:
        try:
            if part.name in OF_TEXTS:
                parts.append((part.weight, PARTS[part.name](known)))
            elif part.name in former:
                parts.append((part.weight, former[part.name].spread(places, items)))
            else:
                raise ValueError(f"there is no fitted “{part.name}” in this pipeline of {policy.name}")
        except content.NoWords:
            left_out.append(part.name)
    if not parts:
        raise TextsNeeded(policy.name)
    return Pipeline(_blended(parts), common, texts.groups, tuple(left_out))


def to_arrays(pipeline: Pipeline) -> Arrays:
    """The pipeline as plain arrays that `from_arrays` reads without pickle."""
    model = pipeline.model if isinstance(pipeline.model, Hybrid) else Hybrid(((1.0, pipeline.model),))
    arrays = {f"model/{name}": array for name, array in model.to_arrays().items()}
    arrays |= {f"popular/{name}": array for name, array in pipeline.popular.to_arrays().items()}
    arrays["left_out"] = np.asarray(pipeline.left_out, dtype=np.str_)
    if pipeline.groups is not None:
        arrays["groups"] = pipeline.groups
    return arrays


def from_arrays(arrays: Arrays) -> Pipeline:
    """The inverse of `to_arrays`."""
    model = Hybrid.from_arrays(_under(arrays, "model/"))
    return Pipeline(
        model.parts[0][1] if len(model.parts) == 1 else model,
        Popular.from_arrays(_under(arrays, "popular/")),
        arrays.get("groups"),
        tuple(str(name) for name in arrays["left_out"]),
    )


def _nobody(items: int) -> Acts:
    none = np.zeros(0, dtype=np.int64)
    return Acts(none, none, np.zeros(0, dtype=np.float32), 0, items)


def _blended(parts: Sequence[tuple[float, Recommender]]) -> Recommender:
    return parts[0][1] if len(parts) == 1 else Hybrid(tuple(parts))


def _under(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
