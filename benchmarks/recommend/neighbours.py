"""The 100 nearest courses of every course by the cosine, and what finding them costs, in a made power law."""

import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array, csr_matrix

from benchmarks.recommend import power_law
from benchmarks.recommend.alone import FULL, THREADS, Clock, alone, answer, verdict

NEIGHBOURS = 100
PEOPLE, COURSES, PAIRS = (1_000_000, 50_000, 46_000_000) if FULL else (100_000, 10_000, 4_600_000)
MEMORY_LIMIT = 1.5


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        power_law.make(PEOPLE, COURSES, PAIRS, Path(folder))
        lengths = np.diff(np.load(Path(folder) / "start.npy")).astype(float)
        print(
            f"neighbours: {PEOPLE:,} people, {COURSES:,} courses, {lengths.sum():,.0f} pairs of them,"
            f" {(lengths**2).sum() / 1e9:.2f} thousand million of courses of one person; {THREADS} threads"
        )
        print(f"{'':<30}{'seconds':>9}{'CPU s':>9}{'GB':>7}{'neighbours':>13}{'mean cosine':>13}")
        found = {}
        for name in CONTESTANTS:
            # implicit asks for one thread of BLAS, having its own.
            timed = alone(__name__, name, folder, blas_threads=1)
            if timed is None:
                continue
            found[name] = timed
            print(
                f"{name:<30}{timed.wall:9.2f}{timed.cpu:9.2f}{timed.memory:7.2f}{timed.told['kept']:13,}"
                f"{timed.told['mean']:13.5f}",
                flush=True,
            )
    peers = [found[name] for name in ("implicit", "sparse_dot_topn") if name in found]
    if not peers:
        return []
    ours = found["ours"]
    missed = (
        verdict("neighbours", ours.wall, min(peer.wall for peer in peers), "s"),
        verdict("neighbours", ours.memory, MEMORY_LIMIT * min(peer.memory for peer in peers), "GB"),
    )
    return [line for line in missed if line]


def _ours(clock: Clock, folder: str) -> None:
    from zhiyue.engine.recommenders import item_neighbours  # noqa: PLC0415
    from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig  # noqa: PLC0415

    rows = csr_array(power_law.load(folder, COURSES))
    with clock.running():
        similar = item_neighbours.similar(rows, ItemNeighboursConfig(neighbours=NEIGHBOURS)).similar
    _tell(clock, csr_matrix(similar))


def _ours_in_order(clock: Clock, folder: str) -> None:
    """As the default policy has it: aware of the places between two courses of a person. Nobody else does this."""
    from dataclasses import replace  # noqa: PLC0415

    from zhiyue.engine.recommenders import item_neighbours  # noqa: PLC0415
    from zhiyue.recommend import policies  # noqa: PLC0415

    rows = csr_array(power_law.load(folder, COURSES))
    with clock.running():
        config = replace(policies.NEIGHBOURS, neighbours=NEIGHBOURS)
        similar = item_neighbours.similar(rows, config).similar
    _tell(clock, csr_matrix(similar))


def _implicit(clock: Clock, folder: str) -> None:
    from implicit.nearest_neighbours import CosineRecommender  # noqa: PLC0415

    rows = power_law.load(folder, COURSES)
    with clock.running():
        # It counts a course among its own neighbours.
        model = CosineRecommender(K=NEIGHBOURS + 1, num_threads=THREADS)
        model.fit(rows, show_progress=False)
    _tell(clock, model.similarity)


def _sparse_dot_topn(clock: Clock, folder: str) -> None:
    from sparse_dot_topn import sp_matmul_topn  # noqa: PLC0415

    rows = power_law.load(folder, COURSES)
    with clock.running():
        lengths = np.sqrt(np.bincount(rows.indices, minlength=COURSES)).astype(np.float32)
        rows.data /= lengths[rows.indices]
        similar = sp_matmul_topn(rows.T.tocsr(), rows, top_n=NEIGHBOURS + 1, n_threads=THREADS)
    _tell(clock, similar)


def _tell(clock: Clock, similar: csr_matrix) -> None:
    """How many neighbours there are, none its own, and how near they are."""
    row = np.repeat(np.arange(COURSES), np.diff(similar.indptr))
    others = (similar.indices != row) & (similar.data > 0)
    clock.told = {"kept": int(others.sum()), "mean": float(similar.data[others].mean(dtype=np.float64))}


CONTESTANTS = {
    "ours": _ours,
    "ours, in order, as the default": _ours_in_order,
    "implicit": _implicit,
    "sparse_dot_topn": _sparse_dot_topn,
}

if __name__ == "__main__":
    answer(CONTESTANTS, sys.argv[1:])
