"""Implicit-feedback matrix factorisation: people and items as short vectors whose product says who takes what."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from zhiyue.engine.approximate import Graph, built, opened
from zhiyue.engine.kinds import Acts, Arrays, Floats, Ints, Matrix, Profiles
from zhiyue.engine.matrix import histories

# How many cells the systems solved at once may have: bounds the memory of a fit to some hundred megabytes.
CELLS_AT_ONCE = 4_000_000
# OpenBLAS keeps a product of about this many multiplications on one thread. There are thousands of products in a round,
# and waking other threads for each took twenty times as long on a busy machine.
ONE_THREAD_PRODUCTS = 100_000
START_DEVIATION = 0.01
# A larger catalogue is searched by a graph where the extra `ann` is installed: so many of its best, and as many more as
# somebody has items already, are scored, and of the others nothing is known.
GRAPH_ABOVE, CANDIDATES = 100_000, 200


@dataclass(frozen=True, slots=True)
class FactorsConfig:
    """factors: length of each vector, at most the number of items; above 96 BLAS wakes threads for every system.
    rounds: how often people and items are solved for in turn. confidence: what a weight of 1 adds to the confidence 1
    of a cell nobody touched (α of the paper). regularisation: pulls vectors towards 0 (λ). weight_power: the folded
    weight is raised to it before the fit. people: so many at most teach it, spread over the codes, None: all; it serves
    the others as well. seed: of the start."""

    factors: int = 96
    rounds: int = 10
    confidence: float = 50.0
    regularisation: float = 150.0
    weight_power: float = 0.5
    people: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.factors < 1 or self.rounds < 1:
            raise ValueError("factors and rounds must be at least 1")
        if self.people is not None and self.people < 1:
            raise ValueError("people must be at least 1")
        if self.confidence <= 0 or self.regularisation <= 0:
            raise ValueError("confidence and regularisation must be above 0")


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """vectors  (items, factors) float32, a row of zeros for an item that nobody took.

    People are no part of the model: each is folded in from the profile by the very step that the fit solves for
    its people, so whoever is new or acted since is served as well. With a `graph` only the best are scored.
    """

    vectors: Floats
    confidence: float
    regularisation: float
    graph: Graph | None = None
    side: "Side" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "side", Side.of(self.vectors, self.regularisation))

    @property
    def items(self) -> int:
        return len(self.vectors)

    def people(self, profiles: Profiles) -> Floats:
        """(profiles, factors): the vector of each profile."""
        return solved(profiles.weights, self.side, self.confidence)

    def scores(self, profiles: Profiles) -> Floats:
        people = self.people(profiles)
        if self.graph is not None:
            return self._best(self.graph, people, int(np.diff(profiles.weights.indptr).max(initial=0)))
        products = people @ self.vectors.T
        return np.maximum(products, np.float32(0.0), out=products)

    def shares(self, profile: Profiles, wanted: Ints) -> Floats:
        """c_ui times the likeness of i and j as this person sees it, y_j (Yᵀ Cᵘ Y + λ I)⁻¹ y_i. The shares of an item
        add up to its product with the person, which is its score where it is above 0; an item of the profile may speak
        against another.

        Source: Hu, Koren and Volinsky 2008, section 5.
        """
        near = self.vectors[profile.weights.indices].astype(np.float64)
        extra = self.confidence * profile.weights.data.astype(np.float64)
        system = self.side.gram + near.T @ (extra[:, None] * near)
        likeness = np.linalg.solve(system, self.vectors[wanted].T.astype(np.float64)).T @ near.T
        return np.asarray(likeness * (1.0 + extra), dtype=np.float32)

    def _best(self, graph: Graph, people: Floats, most_owned: int) -> Floats:
        scores = np.zeros((len(people), self.items), dtype=np.float32)
        found, products = graph.nearest(people, min(CANDIDATES + most_owned, self.items))
        row, place = np.nonzero((found >= 0) & (products > 0))
        scores[row, found[row, place]] = products[row, place]
        return scores

    def spread(self, places: Ints, items: int) -> "Factors":
        """The same model over more items: item i becomes places[i]; of the others nothing is known. A graph is of the
        items it was built over: until the next fit all are reckoned.

        places  (self.items,), ascending, below `items`
        """
        vectors = np.zeros((items, self.vectors.shape[1]), dtype=self.vectors.dtype)
        vectors[places] = self.vectors
        return Factors(vectors, self.confidence, self.regularisation)

    def to_arrays(self) -> Arrays:
        numbers = np.asarray([self.confidence, self.regularisation], dtype=np.float64)
        arrays: Arrays = {"vectors": self.vectors, "numbers": numbers}
        return arrays if self.graph is None else arrays | {"graph": self.graph.text}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Factors":
        confidence, regularisation = (float(number) for number in arrays["numbers"])
        graph = opened(arrays["graph"]) if "graph" in arrays else None
        return cls(arrays["vectors"], confidence, regularisation, graph)


def fit(acts: Acts, config: FactorsConfig) -> Factors:
    """Minimise, by solving for all people and all items in turn,

        Σ over u, i of c_ui (p_ui - x_u · y_i)² + λ (Σ_u |x_u|² + Σ_i |y_i|²)

    with w_ui the folded weight, p_ui = 1 where it is above 0 and else 0, c_ui = 1 + α w_ui ** weight_power. Each step
    is exact; items come last. A round costs about (pairs · factors²) multiplications.
    Source: Hu, Koren and Volinsky 2008, "Collaborative filtering for implicit feedback datasets".
    """
    taken = _taken(acts, config)
    takers = csr_array(taken.T)
    vectors = start(acts.items, config)
    for _ in range(config.rounds):
        people = solved(taken, Side.of(vectors, config.regularisation), config.confidence)
        vectors = solved(takers, Side.of(people, config.regularisation), config.confidence)
    return of_vectors(vectors, config)


def of_vectors(vectors: Floats, config: FactorsConfig) -> Factors:
    """The model of solved vectors, with a graph to search them where they are very many."""
    graph = built(vectors) if len(vectors) > GRAPH_ABOVE else None
    return Factors(vectors, config.confidence, config.regularisation, graph)


def start(items: int, config: FactorsConfig) -> Floats:
    """(items, factors) float32: the vectors that the first round begins with."""
    shape = items, min(config.factors, items)
    random = np.random.default_rng(config.seed)
    return np.asarray(random.normal(0.0, START_DEVIATION, shape), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The vectors that stay while the others are solved for. gram  YᵀY + λ I, (factors, factors) in double precision,
    being a sum over all rows; base  Y (YᵀY + λ I)⁻¹, (rows, factors) float32."""

    vectors: Floats
    gram: Floats
    base: Floats

    @classmethod
    def of(cls, vectors: Floats, regularisation: float) -> "Side":
        return cls.some_of(vectors, products(vectors) + regularisation * np.eye(vectors.shape[1]))

    @classmethod
    def some_of(cls, vectors: Floats, gram: Floats) -> "Side":
        """Of some rows, where `gram` is a sum over more of them."""
        return cls(vectors, gram, _row_by_row(vectors, np.linalg.inv(gram).astype(np.float32)))


def products(vectors: Floats) -> Floats:
    """YᵀY in double precision, (factors, factors)."""
    wide = vectors.astype(np.float64)
    # A copy, since of one array with itself BLAS makes another product, which has another limit.
    return np.asarray(_products(wide.T.copy()[None], wide[None])[0], dtype=np.float64)


def solved(rows: Matrix, side: Side, confidence: float) -> Floats:
    """The best vector of each row while those of the columns stay: x_u = (Yᵀ Cᵘ Y + λ I)⁻¹ Yᵀ Cᵘ p_u.

    rows  (rows, columns), stored cells above 0
    returns  (rows, factors) float32, zeros for a row without cells
    Rows of equal length are solved together. A row with fewer cells than factors needs a system no larger than its
    length: (G + Y_uᵀ D Y_u)⁻¹ Y_uᵀ = G⁻¹ Y_uᵀ (I + D Y_u G⁻¹ Y_uᵀ)⁻¹ with G = YᵀY + λ I (push-through identity).
    """
    across, base, gram = side.vectors, side.base, side.gram.astype(np.float32)
    found = np.zeros((rows.shape[0], across.shape[1]), dtype=np.float32)
    for some, cells in _of_equal_length(rows, across.shape[1]):
        columns = rows.indices[cells]
        extra = np.float32(confidence) * rows.data[cells].astype(np.float32)
        near = across[columns]
        if columns.shape[1] <= across.shape[1]:
            near_base = base[columns]
            system = extra[:, :, None] * _products(near, near_base.transpose(0, 2, 1))
            system[:, np.arange(system.shape[1]), np.arange(system.shape[1])] += 1.0
            speak = np.linalg.solve(system, 1.0 + extra[:, :, None])[:, :, 0]
            found[some] = np.einsum("rlf,rl->rf", near_base, speak)
        else:
            system = gram + _products(near.transpose(0, 2, 1), extra[:, :, None] * near)
            right = np.einsum("rlf,rl->rf", near, 1.0 + extra)
            found[some] = np.linalg.solve(system, right[:, :, None])[:, :, 0]
    return found


def _products(left: Floats, right: Floats) -> Floats:
    """left @ right, row by row, added up in steps that BLAS does not spread over threads."""
    total = np.zeros((len(left), left.shape[1], right.shape[2]), dtype=right.dtype)
    size = max(1, ONE_THREAD_PRODUCTS // max(1, left.shape[1] * right.shape[2]))
    for low in range(0, left.shape[2], size):
        total += left[:, :, low : low + size] @ right[:, low : low + size]
    return total


def _row_by_row(rows: Floats, square: Floats) -> Floats:
    """rows @ square, some rows at a time for the same reason."""
    found = np.empty_like(rows)
    size = max(1, ONE_THREAD_PRODUCTS // max(1, square.size))
    whole = len(rows) // size * size
    found[:whole] = (rows[:whole].reshape(len(rows) // size, size, rows.shape[1]) @ square).reshape(
        whole, rows.shape[1]
    )
    found[whole:] = rows[whole:] @ square
    return found


def _taken(acts: Acts, config: FactorsConfig) -> Matrix:
    folded = histories(acts)
    counts = folded.weight > 0
    weight = (folded.weight[counts] ** config.weight_power).astype(np.float32)
    rows = csr_array((weight, (folded.user[counts], folded.item[counts])), shape=(acts.users, acts.items))
    some = np.flatnonzero(np.diff(rows.indptr))
    if config.people is None or len(some) <= config.people:
        return rows
    return csr_array(rows[some[np.arange(config.people) * len(some) // config.people]])


def _of_equal_length(rows: Matrix, factors: int) -> Iterator[tuple[Ints, Ints]]:
    """Groups of rows with as many cells as each other: row numbers, and their cells' places (rows, length)."""
    lengths = np.diff(rows.indptr)
    by_length = np.argsort(lengths, kind="stable")
    by_length = by_length[np.searchsorted(lengths[by_length], 1) :]
    for some in np.split(by_length, np.flatnonzero(np.diff(lengths[by_length])) + 1):
        if len(some) == 0:
            continue
        length = int(lengths[some[0]])
        size = max(1, CELLS_AT_ONCE // (max(length, factors) * max(min(length, factors), 8)))
        for low in range(0, len(some), size):
            part = some[low : low + size]
            yield part, rows.indptr[part].astype(np.int64)[:, None] + np.arange(length)
