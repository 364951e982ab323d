"""People and courses as they come: few take many, most take few, and so it is with what they take."""

from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

PEOPLE_AT_ONCE = 50_000
# Shares of courses fall as (rank + 20) ** -0.9; the logarithm of how many a person takes spreads by 1.
SPREAD, RANK_OFFSET, POWER = 1.0, 20.0, 0.9


def make(people: int, courses: int, pairs: int, folder: Path) -> None:
    """Write columns.npy and start.npy of a (people, courses) matrix of ones, made piece by piece; always the same."""
    random = np.random.default_rng(0)
    share = np.cumsum((np.arange(courses) + RANK_OFFSET) ** -POWER)
    code = random.permutation(courses)
    columns, lengths = [], []
    for low in range(0, people, PEOPLE_AT_ONCE):
        some = min(PEOPLE_AT_ONCE, people - low)
        # What is drawn twice counts once.
        middle = np.log(1.04 * pairs / people) - SPREAD**2 / 2
        taken = np.clip(random.lognormal(middle, SPREAD, some), 1, courses / 10).astype(np.int64)
        person = np.repeat(np.arange(some), taken)
        course = np.searchsorted(share, random.random(len(person)) * share[-1])
        cells = np.unique(person * courses + code[course])
        columns.append((cells % courses).astype(np.int32))
        lengths.append(np.bincount(cells // courses, minlength=some))
    np.save(folder / "columns.npy", np.concatenate(columns))
    start = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    np.save(folder / "start.npy", start.astype(np.int32))


def load(folder: str, courses: int) -> csr_matrix:
    columns, start = (np.load(Path(folder) / f"{name}.npy") for name in ("columns", "start"))
    shape = len(start) - 1, courses
    return csr_matrix((np.ones(len(columns), dtype=np.float32), columns, start), shape=shape)
