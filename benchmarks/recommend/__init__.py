"""Recommenders beside those of others, in one run on one machine: `python -m benchmarks recommend`.

quality     XuetangX, full ranking: our policies, and implicit's ALS, BPR and neighbours
neighbours  the 100 nearest of every course in a made power law: ours, implicit, sparse_dot_topn
products    the ten best of 50,000 courses by an inner product: ours, faiss
graph       the ten best of very many by our extra `ann`, and how many of them are the best

BENCHMARK_PARTS=neighbours,products measures some of them. BENCHMARK_SCALE=full makes the power law of 1,000,000 people,
50,000 courses and 46 million pairs (3 GB, minutes) and a graph of 200,000; else a tenth and 110,000. Peers aren't
dependencies: `pip install implicit sparse_dot_topn faiss-cpu`. One that isn't there is left out, and said so.
"""

import os

from benchmarks.recommend import graph, neighbours, products, quality

PARTS = {
    "quality": quality.main,
    "neighbours": neighbours.main,
    "products": products.main,
    "graph": graph.main,
}


def main() -> None:
    wanted = [name for name in os.environ.get("BENCHMARK_PARTS", "").split(",") if name] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        raise SystemExit(f"There is no part {', '.join(sorted(unknown))}; choose from: {', '.join(PARTS)}.")
    missed = [line for name in wanted for line in PARTS[name]() or ()]
    if missed:
        raise SystemExit("Missed: " + "; ".join(missed) + ".")
