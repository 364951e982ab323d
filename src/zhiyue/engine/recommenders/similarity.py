"""What every model made of an item-to-item matrix shares: scoring a profile and saying which act spoke for
what."""

from dataclasses import dataclass, field

import numpy as np

from zhiyue.engine.kinds import Arrays, Floats, Ints, Matrix, Profiles
from zhiyue.engine.matrix import indexed_by, packed, picked, spread, unpacked

# A matrix fuller than this is multiplied densely: BLAS-like row sums beat index chasing from about a tenth.
DENSE_FROM_SHARE = 0.1
DENSE_CELLS = 36_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """similar  (items, items) float32: how much an act on the row's item speaks for the column's
    dense  the same with its zeros, where it is full: kept in the file, so that processes that map it share it. None:
    made here where it is worth while
    """

    similar: Matrix
    dense: Floats | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.dense is not None:
            return
        cells = self.similar.shape[0] * self.similar.shape[1]
        full = 0 < cells <= DENSE_CELLS and self.similar.nnz > DENSE_FROM_SHARE * cells
        object.__setattr__(self, "dense", self.similar.toarray() if full else None)

    @property
    def items(self) -> int:
        return int(self.similar.shape[1])

    def scores(self, profiles: Profiles) -> Floats:
        if self.dense is not None:
            return np.asarray(profiles.weights @ self.dense, dtype=np.float32)
        weights = indexed_by(profiles.weights, self.similar.indices.dtype)
        return np.asarray((weights @ self.similar).toarray(), dtype=np.float32)

    def shares(self, profile: Profiles, wanted: Ints) -> Floats:
        mine = profile.weights.indices
        rows = picked(self.similar, mine, wanted) if self.dense is None else self.dense[np.ix_(mine, wanted)]
        return np.asarray(rows.T * profile.weights.data, dtype=np.float32)

    def spread(self, places: Ints, items: int) -> "Similarity":
        """The same likeness over more items: item i becomes places[i]; of the others nothing is known.

        places  (self.items,), ascending, below `items`
        """
        return Similarity(spread(self.similar, places, items))

    def to_arrays(self) -> Arrays:
        arrays = packed(self.similar, "similar")
        return arrays if self.dense is None else arrays | {"dense": self.dense}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Similarity":
        # An artefact of an older version holds none.
        return cls(unpacked(arrays, "similar"), arrays.get("dense"))
