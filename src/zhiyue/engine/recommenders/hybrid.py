"""A weighted blend of fitted models, each first brought to the same scale. The models themselves live beside
it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Arrays, Floats, Ints, Profiles, Recommender
from zhiyue.engine.recommenders.clusters import Clusters
from zhiyue.engine.recommenders.factors import Factors
from zhiyue.engine.recommenders.linear import Linear
from zhiyue.engine.recommenders.neighbourhood import Neighbourhood
from zhiyue.engine.recommenders.popular import Popular
from zhiyue.engine.recommenders.self_attention import SelfAttention
from zhiyue.engine.recommenders.similarity import Similarity

Kind = Popular | Similarity | Linear | Neighbourhood | Clusters | Factors | SelfAttention
KINDS: Mapping[str, type[Kind]] = {
    "popular": Popular,
    "similarity": Similarity,
    "linear": Linear,
    "neighbourhood": Neighbourhood,
    "clusters": Clusters,
    "factors": Factors,
    "self-attention": SelfAttention,
}


@dataclass(frozen=True, slots=True, eq=False)
class Hybrid:
    """parts  (weight, model) pairs; a part's scores are divided by the row's highest before they are
    weighted."""

    parts: tuple[tuple[float, Recommender], ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a blend needs at least one part")
        if any(weight <= 0 for weight, _ in self.parts):
            raise ValueError("the weights of a blend must be above 0")

    @property
    def items(self) -> int:
        return self.parts[0][1].items

    def scores(self, profiles: Profiles) -> Floats:
        return self.blended(self.voices(profiles)[0])

    def voices(self, profiles: Profiles) -> tuple[list[Floats], Floats]:
        """The scores of each part, divided by the row's highest, and these highest, (people, parts)."""
        voices, peaks = zip(*(_scaled(model.scores(profiles)) for _, model in self.parts), strict=True)
        return list(voices), np.stack(peaks, axis=1)

    def blended(self, voices: Sequence[Floats]) -> Floats:
        """The scores, from the voices."""
        total = np.zeros_like(voices[0])
        for (weight, _), voice in zip(self.parts, voices, strict=True):
            total += np.float32(weight) * voice
        return total

    def shares(self, profile: Profiles, wanted: Ints, peaks: Floats | None = None) -> Floats:
        """`peaks`: what `voices` said the parts' highest scores are, (parts,); whoever has them spares the parts a
        second look at everything."""
        if peaks is None:
            peaks = self.voices(profile)[1][0]
        total = np.zeros((len(wanted), profile.weights.nnz), dtype=np.float32)
        for (weight, model), highest in zip(self.parts, peaks.tolist(), strict=True):
            if highest > 0:
                total += np.float32(weight / highest) * model.shares(profile, wanted)
        return total

    def spread(self, places: Ints, items: int) -> "Hybrid":
        return Hybrid(tuple((weight, model.spread(places, items)) for weight, model in self.parts))

    def to_arrays(self) -> Arrays:
        arrays: Arrays = {"weights": np.asarray([weight for weight, _ in self.parts], dtype=np.float64)}
        arrays["kinds"] = np.asarray([_kind(model) for _, model in self.parts])
        for place, (_, model) in enumerate(self.parts):
            arrays |= {f"{place}/{name}": array for name, array in model.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Hybrid":
        parts: list[tuple[float, Recommender]] = []
        for place, (weight, kind) in enumerate(zip(arrays["weights"], arrays["kinds"], strict=True)):
            mine = {
                name.removeprefix(f"{place}/"): a
                for name, a in arrays.items()
                if name.startswith(f"{place}/")
            }
            parts.append((float(weight), KINDS[str(kind)].from_arrays(mine)))
        return cls(tuple(parts))


def _kind(model: Recommender) -> str:
    return next(name for name, kind in KINDS.items() if isinstance(model, kind))


def _scaled(scores: Floats) -> tuple[Floats, Floats]:
    peaks = scores.max(axis=1, initial=0.0)
    scale = np.where(peaks > 0, peaks, 1.0)[:, None]
    return np.asarray(scores / scale, dtype=np.float32), peaks
