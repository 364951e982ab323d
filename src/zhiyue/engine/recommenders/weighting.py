"""How much a cell of a people-and-items matrix tells: tf-idf and BM25. Which side is the document is for the caller."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from zhiyue.engine.kinds import Floats, Ints

Scheme = Literal["none", "tf-idf", "bm25"]


@dataclass(frozen=True, slots=True)
class Weighting:
    """scheme  none: cells as they are; tf-idf: damped and times the rarity of the term; bm25: besides, saturated
    and less in a long document
    k1  from which size on a cell hardly counts more (bm25)
    b  how much the length of a document is held against it, 0..1 (bm25)
    """

    scheme: Scheme = "none"
    k1: float = 1.2
    b: float = 0.75

    def __post_init__(self) -> None:
        if self.scheme not in get_args(Scheme):
            raise ValueError(f"scheme must be one of {', '.join(get_args(Scheme))}")
        if self.k1 < 0 or not 0 <= self.b <= 1:
            raise ValueError("k1 must not be negative, and b must lie in 0..1")


UNWEIGHTED = Weighting()


def rarity(found: Ints, documents: int) -> Floats:
    """How rare each term is: ln(documents / (1 + documents with it)), at least 0.

    found  (terms,) how many documents have it
    Source: Spärck Jones 1972, in the smoothed form of `implicit`.
    """
    return np.asarray(np.maximum(np.log(max(documents, 1)) - np.log1p(found), 0.0))


def weighed(cells: Floats, rare: Floats, length: Floats, mean_length: float, weighting: Weighting) -> Floats:
    """Cells in the weighting's scheme. All arrays are aligned.

    cells  at least 0; rare  rarity of the cell's term; length  sum of the cells of its document
    returns  none: c; tf-idf: sqrt(c) * rare; bm25: c * (k1 + 1) / (c + k1 * (1 - b + b * length / mean_length)) * rare
    Sources: Salton and Buckley 1988; Robertson and Walker 1994.
    """
    if weighting.scheme == "none":
        return cells
    if weighting.scheme == "tf-idf":
        return np.asarray(np.sqrt(cells) * rare)
    long = 1.0 - weighting.b + weighting.b * length / (mean_length if mean_length > 0 else 1.0)
    bottom = cells + weighting.k1 * long
    damped = np.divide(cells * (weighting.k1 + 1.0), bottom, out=np.zeros_like(bottom), where=bottom > 0)
    return np.asarray(damped * rare)
