"""From a policy and acts to a fitted pipeline, and from there to plain arrays and back. Ranking is in `serve`, what a
ranker learns from in `second_look`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from zhiyue.engine.kinds import Acts, Arrays, CannotFit, Floats, Ints, Recommender
from zhiyue.engine.ranker import Ranker
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.popular import Popular
from zhiyue.engine.reranking import novelty
from zhiyue.recommend import second_look
from zhiyue.recommend.parts import DEAR, DEAR_MAY_LACK, OF_TEXTS, PARTS, Known, Texts
from zhiyue.recommend.policies import POPULAR, PartName, Policy, RankerName
from zhiyue.recommend.rankers import RANKERS
from zhiyue.recommend.second_look import NotBetter
from zhiyue.recommend.steps import HERE, Steps
from zhiyue.recommend.traits import Traits

# In `left_out`, beside the names of parts.
RANKER = "ranker"


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A fitted policy. `popular` orders what the model knows nothing about; `left_out`: a part (or the ranker) that
    could not be fitted -> why; `names` of the parts of the model, empty where an older version fitted it. With a
    `ranker` the model is a blend, whose candidates it puts in order. `traits` and
    `novelty` (items,) are what re-ranking goes by."""

    model: Recommender
    popular: Popular
    traits: Traits | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    novelty: Floats | None = None
    ranker: tuple[RankerName, Ranker] | None = None
    names: tuple[str, ...] = ()

    @property
    def groups(self) -> Ints | None:
        """The topic code of each item, NOTHING: none."""
        return None if self.traits is None else self.traits.topic

    @property
    def blend(self) -> Hybrid:
        """The model as a blend, of a single part if need be."""
        return self.model if isinstance(self.model, Hybrid) else Hybrid(((1.0, self.model),))


class NothingLeft(ValueError):
    """None of the policy's parts could be fitted, or not the one it needs; `left_out` says why each could not."""

    def __init__(self, left_out: Mapping[str, str]) -> None:
        super().__init__("; ".join(dict.fromkeys(left_out.values())))
        self.left_out = left_out


def fit(policy: Policy, acts: Acts, texts: Texts | None = None, steps: Steps = HERE) -> Pipeline:
    """Fit every part of a policy. A part that cannot be fitted (no texts, too many items) is left out and named.

    steps  where the heavy ones are taken

    Raises NothingLeft if nothing would be left.
    """
    look: tuple[RankerName, Ranker] | None = None
    left_out: dict[str, str] = {}
    dear: dict[PartName, Recommender] = {}
    # Before the parts, so that two fits of them are never held at once.
    if policy.ranker is not None:
        try:
            look = (
                policy.ranker,
                second_look.learnt(
                    policy.ranker, acts, lambda kept: _fitted(policy, kept, texts, steps, acts, dear)
                ),
            )
        except CannotFit as problem:
            raise NothingLeft({RANKER: str(problem)}) from None
        except NotBetter as problem:
            left_out = {RANKER: str(problem)}
    pipeline = _fitted(policy, acts, texts, steps, acts, dear)
    return replace(pipeline, left_out={**pipeline.left_out, **left_out}, ranker=look)


def _fitted(
    policy: Policy,
    acts: Acts,
    texts: Texts | None,
    steps: Steps,
    of: Acts,
    dear: dict[PartName, Recommender],
) -> Pipeline:
    """Every part of a policy, without its ranker, fitted to `acts`, all or most of the acts `of`. Of those in `dear`
    the model is taken from there; it is put there where it may stay."""
    common = steps.popular(acts, POPULAR)
    known = Known(acts, common, texts or Texts(), steps)
    traits = None if texts is None else texts.traits

    def fitted(part: PartName) -> Recommender:
        if part not in DEAR:
            return PARTS[part](known)
        model = dear.get(part) or PARTS[part](known)
        # Without an order a ranker learns from several hidings: a model would know what the next one hides.
        if acts.order is not None and len(acts.item) >= (1 - DEAR_MAY_LACK) * len(of.item):
            dear[part] = model
        return model

    return _joined(policy, fitted, common, traits, novelty(acts))


def taken_in(policy: Policy, pipeline: Pipeline, places: Ints, texts: Texts) -> Pipeline:
    """A fitted policy over a changed catalogue: what is made of texts is fitted again, what is made of acts stays as it
    is and knows nothing of new courses.

    places  the code that each course of `pipeline` has in `texts`, ascending
    Raises NothingLeft if nothing would be left, ValueError if the policy has other parts than the pipeline.
    """
    items = len(next(iter(texts.texts.values())))
    models = pipeline.blend.parts
    names = [part.name for part in policy.parts if part.name not in pipeline.left_out]
    former = {name: model for name, (_, model) in zip(names, models, strict=True)}
    common = pipeline.popular.spread(places, items)
    known = Known(_nobody(items), common, texts)

    def again(part: PartName) -> Recommender:
        if part in OF_TEXTS:
            return PARTS[part](known)
        if part in former:
            return former[part].spread(places, items)
        if part in pipeline.left_out:
            raise CannotFit(pipeline.left_out[part])
        raise ValueError(f"there is no fitted “{part}” in this pipeline of {policy.name}")

    # An artefact of an older version doesn't say how little known its courses are.
    little_known = None if pipeline.novelty is None else np.ones(items, dtype=np.float32)
    if little_known is not None:
        little_known[places] = pipeline.novelty
    joined = _joined(policy, again, common, texts.traits, little_known)
    why = pipeline.left_out.get(RANKER)
    look = pipeline.ranker
    # A ranker is told of each part what it gave: with other parts there is nothing it can say.
    if look is not None and set(joined.left_out) != set(pipeline.left_out):
        look, why = None, "its parts changed with the catalogue; the next training teaches it anew"
    left_out = joined.left_out if why is None else {**joined.left_out, RANKER: why}
    return replace(joined, left_out=left_out, ranker=look)


def to_arrays(pipeline: Pipeline) -> Arrays:
    """The pipeline as plain arrays that `from_arrays` reads without pickle."""
    arrays = {f"model/{name}": array for name, array in pipeline.blend.to_arrays().items()}
    arrays |= {f"popular/{name}": array for name, array in pipeline.popular.to_arrays().items()}
    arrays["left_out"] = np.asarray(list(pipeline.left_out), dtype=np.str_)
    arrays["left_out_because"] = np.asarray(list(pipeline.left_out.values()), dtype=np.str_)
    if pipeline.traits is not None:
        arrays |= pipeline.traits.to_arrays()
    if pipeline.novelty is not None:
        arrays["novelty"] = pipeline.novelty
    arrays["names"] = np.asarray(pipeline.names, dtype=np.str_)
    if pipeline.ranker is not None:
        name, look = pipeline.ranker
        arrays["ranker"] = np.asarray(name, dtype=np.str_)
        arrays |= {f"ranker/{part}": array for part, array in look.to_arrays().items()}
    return arrays


def from_arrays(arrays: Arrays) -> Pipeline:
    """The inverse of `to_arrays`."""
    model = Hybrid.from_arrays(_under(arrays, "model/"))
    left_out = [str(name) for name in arrays["left_out"]]
    # An artefact of an older version doesn't say why.
    because = [str(why) for why in arrays.get("left_out_because", [""] * len(left_out))]
    look: tuple[RankerName, Ranker] | None = None
    for name in RANKERS:
        if name == str(arrays.get("ranker", "")):
            look = name, RANKERS[name].restored(_under(arrays, "ranker/"))
    return Pipeline(
        model.parts[0][1] if len(model.parts) == 1 else model,
        Popular.from_arrays(_under(arrays, "popular/")),
        Traits.from_arrays(arrays),
        dict(zip(left_out, because, strict=True)),
        arrays.get("novelty"),
        look,
        tuple(str(name) for name in arrays.get("names", ())),
    )


def _joined(
    policy: Policy,
    fitted: Callable[[PartName], Recommender],
    common: Popular,
    traits: Traits | None,
    little_known: Floats | None,
) -> Pipeline:
    """The parts that `fitted` gives, blended; those it raises CannotFit for left out. Raises NothingLeft."""
    parts: list[tuple[float, Recommender]] = []
    left_out: dict[str, str] = {}
    for part in policy.parts:
        try:
            parts.append((part.weight, fitted(part.name)))
        except CannotFit as problem:
            left_out[part.name] = str(problem)
            if part.name == policy.needs:
                raise NothingLeft({part.name: str(problem)}) from None
    if not parts:
        raise NothingLeft(left_out)
    names = tuple(part.name for part in policy.parts if part.name not in left_out)
    return Pipeline(_blended(parts), common, traits, left_out, little_known, names=names)


def _nobody(items: int) -> Acts:
    none = np.zeros(0, dtype=np.int64)
    return Acts(none, none, np.zeros(0, dtype=np.float32), 0, items)


def _blended(parts: Sequence[tuple[float, Recommender]]) -> Recommender:
    return parts[0][1] if len(parts) == 1 else Hybrid(tuple(parts))


def _under(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
