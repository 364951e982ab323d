"""Very many courses: the ten best by a graph (the extra `ann`) beside all products reckoned, one person at a time."""

import sys

import numpy as np

from benchmarks.recommend.alone import FULL, Clock, alone, answer, verdict
from zhiyue.engine.kinds import Floats

COURSES, FACTORS, TASTES, PEOPLE = 200_000 if FULL else 110_000, 64, 500, 300
BEST, CANDIDATES = 10, 200
FEWEST_FOUND = 0.95


def main() -> list[str]:
    timed = alone(__name__, "graph")
    if timed is None:
        return []
    told = timed.told
    print(
        f"graph: the {BEST} best of {COURSES:,} courses by {FACTORS} factors, {CANDIDATES} asked for; built in"
        f" {told['built']:.1f} CPU s, {told['bytes'] / 1e6:.0f} MB; one person {told['graph']:.3f} ms,"
        f" all reckoned {told['exact']:.3f} ms"
    )
    missed = (
        verdict("best that the graph misses", 1 - told["found"], 1 - FEWEST_FOUND, "of 1"),
        verdict("one person by the graph", told["graph"], told["exact"], "ms"),
    )
    return [line for line in missed if line]


def vectors() -> tuple[Floats, Floats]:
    """Courses of some hundred tastes, and people who share a few of them."""
    random = np.random.default_rng(0)
    tastes = random.standard_normal((TASTES, FACTORS), dtype=np.float32)
    courses = tastes[random.integers(0, TASTES, COURSES)]
    courses += random.standard_normal(courses.shape, dtype=np.float32)
    courses *= random.lognormal(0.0, 0.5, (COURSES, 1)).astype(np.float32)
    people = tastes[random.integers(0, TASTES, (PEOPLE, 3))].sum(axis=1)
    return courses, people + random.standard_normal(people.shape, dtype=np.float32)


def _graph(clock: Clock) -> None:
    import faiss  # noqa: F401, PLC0415

    from zhiyue.engine import approximate  # noqa: PLC0415
    from zhiyue.engine.ranking import top_k  # noqa: PLC0415

    courses, people = vectors()
    with clock.running():
        graph = approximate.built(courses)
    assert graph is not None
    spent: dict[str, list[float]] = {"graph": [], "exact": []}
    same = 0
    for person in people:
        mine = person[None]
        of_one = Clock()
        with of_one.running():
            found, _ = graph.nearest(mine, CANDIDATES)
        with of_one.running():
            best, _ = top_k(mine @ courses.T, BEST)
        for name, wall in zip(spent, of_one.wall, strict=True):
            spent[name].append(1000 * wall)
        same += len(set(found[0, :BEST].tolist()) & set(best[0].tolist()))
    clock.told = {
        **{name: float(np.median(each)) for name, each in spent.items()},
        "built": clock.cpu[0],
        "bytes": graph.text.nbytes,
        "found": same / (BEST * len(people)),
    }


CONTESTANTS = {"graph": _graph}

if __name__ == "__main__":
    answer(CONTESTANTS, sys.argv[1:])
