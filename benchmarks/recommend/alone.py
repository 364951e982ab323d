"""One contestant in a process of its own, so that neither memory nor threads of the others are counted with it."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THREADS = os.cpu_count() or 1
FULL = os.environ.get("BENCHMARK_SCALE") == "full"
PACKAGES = {"sparse_dot_topn": "sparse_dot_topn", "implicit": "implicit", "faiss": "faiss-cpu"}
MISSING = 3


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of the wall clock and of the processor, each of the quickest round, and the largest memory of the whole
    process in GB."""

    wall: float
    cpu: float
    memory: float
    told: Mapping[str, Any]


class Clock:
    """Rounds of what happens inside `running`; `told` is what else the contestant has to say."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self.told: dict[str, Any] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)


def alone(module: str, contestant: str, *arguments: str, blas_threads: int = THREADS) -> Timed | None:
    """What `module` measures of a contestant; None, and a line on how to install it, if its package isn't there."""
    threads = {"OMP_NUM_THREADS": str(THREADS), "OPENBLAS_NUM_THREADS": str(blas_threads)}
    done = subprocess.run(
        [sys.executable, "-m", module, contestant, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **threads},
    )
    if done.returncode == MISSING:
        package = done.stdout.splitlines()[-1]
        print(f"{contestant}: left out; pip install {package}", flush=True)
        return None
    if done.returncode:
        raise SystemExit(f"{contestant} failed: {done.stderr.strip().splitlines()[-1]}")
    return Timed(**json.loads(done.stdout.splitlines()[-1]))


def answer(contestants: Mapping[str, Callable[..., None]], words: Sequence[str]) -> None:
    """The other end of `alone`."""
    clock = Clock()
    try:
        contestants[words[0]](clock, *words[1:])
    except ModuleNotFoundError as problem:
        if problem.name not in PACKAGES:
            raise
        print(PACKAGES[problem.name])
        sys.exit(MISSING)
    print(
        json.dumps(
            {
                "wall": min(clock.wall),
                "cpu": min(clock.cpu),
                "memory": largest_memory(),
                "told": clock.told,
            }
        )
    )


def largest_memory() -> float:
    """The most memory that this process had, in GB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Unlike what getrusage says, it doesn't begin with that of the process that started this one.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e6
    bytes_each = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_each / 1e9


def verdict(what: str, ours: float, limit: float, unit: str) -> str | None:
    """Print whether a figure stays within its limit; returns what was missed."""
    meets = ours <= limit
    word = "meets" if meets else "MISSES"
    print(f"{what}: {ours:.4g} {unit} of at most {limit:.4g}, {ours / limit:.2f} ×, {word}", flush=True)
    return None if meets else f"{what} {ours:.4g} {unit} of at most {limit:.4g}"
