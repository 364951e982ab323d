"""The ten best of many courses by the product of short vectors, exactly: for many people at once, and for one."""

import sys

import numpy as np

from benchmarks.recommend.alone import THREADS, Clock, alone, answer, verdict
from zhiyue.engine.kinds import Floats

COURSES, FACTORS, BEST = 50_000, 64, 10
PEOPLE = {1_024: "the best for a thousand at once", 1: "the best for one"}
ROUNDS = 20


def main() -> list[str]:
    print(
        f"products: the {BEST} best of {COURSES:,} courses by {FACTORS} factors; {THREADS} threads, best of {ROUNDS}"
    )
    print(f"{'':<12}{'people':>8}{'ms each':>10}{'CPU ms':>10}{'sum of the best':>18}")
    missed = []
    for people, what in PEOPLE.items():
        each = {}
        for name in CONTESTANTS:
            timed = alone(__name__, name, str(people))
            if timed is not None:
                each[name] = 1000 * timed.wall / people
                print(
                    f"{name:<12}{people:>8,}{each[name]:10.4f}{1000 * timed.cpu / people:10.4f}"
                    f"{timed.told['sum']:18.2f}",
                    flush=True,
                )
        if "faiss" in each:
            missed.append(verdict(what, each["ours"], each["faiss"], "ms"))
    return [line for line in missed if line]


def vectors(courses: int, people: int) -> tuple[Floats, Floats]:
    random = np.random.default_rng(0)
    size = (courses, FACTORS), (people, FACTORS)
    of_courses, of_people = (random.standard_normal(shape, dtype=np.float32) for shape in size)
    return of_courses, of_people


def _ours(clock: Clock, people: str) -> None:
    from zhiyue.engine.ranking import top_k  # noqa: PLC0415
    from zhiyue.recommend.serve import CELLS_AT_ONCE  # noqa: PLC0415

    courses, persons = vectors(COURSES, int(people))
    size = CELLS_AT_ONCE // COURSES
    for _ in range(ROUNDS):
        with clock.running():
            lists = [
                top_k(persons[low : low + size] @ courses.T, BEST) for low in range(0, len(persons), size)
            ]
    clock.told = {"sum": float(np.concatenate([scores for _, scores in lists]).sum(dtype=np.float64))}


def _faiss(clock: Clock, people: str) -> None:
    import faiss  # noqa: PLC0415

    courses, persons = vectors(COURSES, int(people))
    faiss.omp_set_num_threads(THREADS)
    index = faiss.IndexFlatIP(FACTORS)
    index.add(courses)
    for _ in range(ROUNDS):
        with clock.running():
            scores, _ = index.search(persons, BEST)
    clock.told = {"sum": float(scores.sum(dtype=np.float64))}


CONTESTANTS = {"ours": _ours, "faiss": _faiss}

if __name__ == "__main__":
    answer(CONTESTANTS, sys.argv[1:])
