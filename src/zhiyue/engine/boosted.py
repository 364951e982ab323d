"""A ranker of boosted trees over the columns of `ranker.Candidates`. LightGBM, the extra `boost`, does the work."""

import importlib
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from zhiyue.engine.kinds import Arrays, CannotFit, Floats, Ints

THREADS = 2


class NoTrees(CannotFit):
    """LightGBM isn't installed."""


@dataclass(frozen=True, slots=True)
class BoostedConfig:
    """trees, leaves, rate  how many trees of how many leaves, each counting so much
    fewest_rows  a leaf holds at least so many candidates
    columns, rows  each tree sees this share of the columns and of the people's candidates
    penalty  on the squared values of the leaves
    counted  only mistakes above this place count
    """

    trees: int = 200
    leaves: int = 31
    rate: float = 0.05
    fewest_rows: int = 200
    columns: float = 0.5
    rows: float = 0.8
    penalty: float = 10.0
    counted: int = 30
    seed: int = 1

    def __post_init__(self) -> None:
        if min(self.trees, self.leaves - 1, self.fewest_rows, self.counted) < 1 or self.rate <= 0:
            raise ValueError("trees, fewest_rows and counted must be at least 1, leaves 2, the rate above 0")
        if not (0 < self.columns <= 1 and 0 < self.rows <= 1):
            raise ValueError("columns and rows are shares in (0, 1]")


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """text  the trees as LightGBM writes them, bytes in UTF-8, (n,) uint8; width  how many columns they were told"""

    text: NDArray[np.uint8]
    width: int
    trees: Any = field(repr=False)

    def marks(self, columns: Floats) -> Floats:
        people, places, width = columns.shape
        if width != self.width:
            raise ValueError(f"{width} columns for a ranker of {self.width}")
        if people == 0:
            return np.zeros((0, places), dtype=np.float32)
        threads = THREADS if people > 1 else 1
        found = self.trees.predict(columns.reshape(-1, width), num_threads=threads)
        return np.asarray(found, dtype=np.float32).reshape(people, places)

    def to_arrays(self) -> Arrays:
        return {"text": self.text, "width": np.asarray(self.width, dtype=np.int64)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Raises NoTrees without LightGBM."""
        text = bytes(np.asarray(arrays["text"], dtype=np.uint8)).decode()
        return cls(arrays["text"], int(arrays["width"]), _lightgbm().Booster(model_str=text))


def fit(columns: Floats, taken: Ints, config: BoostedConfig) -> Boosted:
    """LambdaMART: trees that lower the mistakes of order which NDCG counts.

    columns  (people, c, columns); taken  (people,), the place of the item really taken among the candidates
    Raises NoTrees. Sources: Burges 2010, "From RankNet to LambdaRank to LambdaMART"; Ke et al. 2017, "LightGBM".
    """
    people, places, width = columns.shape
    if len(taken) != people:
        raise ValueError("one place taken for each person is needed")
    lightgbm = _lightgbm()
    relevant = np.zeros((people, places), dtype=np.int8)
    relevant[np.arange(people), taken] = 1
    told = lightgbm.Dataset(columns.reshape(-1, width), relevant.ravel(), group=np.full(people, places))
    parameters = {
        "objective": "lambdarank",
        "lambdarank_truncation_level": config.counted,
        "learning_rate": config.rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.fewest_rows,
        "feature_fraction": config.columns,
        "bagging_fraction": config.rows,
        "bagging_freq": 1,
        "lambda_l2": config.penalty,
        "max_bin": 127,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": THREADS,
        "seed": config.seed,
        "verbose": -1,
    }
    trees = lightgbm.train(parameters, told, config.trees)
    text = np.frombuffer(trees.model_to_string().encode(), dtype=np.uint8)
    return Boosted(text, width, trees)


def _lightgbm() -> Any:
    try:
        return importlib.import_module("lightgbm")
    except ImportError:
        raise NoTrees("boosted trees need the extra “boost”: pip install 'zhiyue[boost]'") from None
