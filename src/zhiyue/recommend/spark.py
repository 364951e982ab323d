"""Spark, the extra `spark`: opened and ended with a training, and the steps that it takes. What is counted there, and
how, is in `engine.distributed`. It is told codes and weights, never who anybody is."""

import importlib
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from zhiyue.engine.distributed import alternating, counting
from zhiyue.engine.kinds import Acts
from zhiyue.engine.recommenders import popular
from zhiyue.engine.recommenders.factors import Factors, FactorsConfig
from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig
from zhiyue.engine.recommenders.popular import Popular, PopularConfig
from zhiyue.engine.recommenders.sequence import NoOrder, SequenceConfig
from zhiyue.engine.recommenders.similarity import Similarity
from zhiyue.engine.recommenders.walks import WalksConfig
from zhiyue.recommend.errors import NotPossible, SparkGone

# Each process has one Spark at most, so who comes second waits.
_turn = threading.Lock()

ANSWER_SECONDS = 5.0
# A cluster that has nothing free lets us wait; one without workers would do so for ever.
WORKERS_SECONDS = 120.0
ENDING_SECONDS = 20.0
# So many acts go to Spark at once, spread over its cores: a task of it may take 128 MB at most.
ACTS_AT_ONCE = 2_000_000
# One partition of pairs holds about those of so many acts.
ACTS_A_PARTITION = 250_000

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # It would listen on every address of this machine, for whoever asks.
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
# All of it in this process: nobody else needs to reach it.
SETTINGS_HERE = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


@contextmanager
def session(master: str) -> Iterator[Any]:
    """A session of Spark, ended with the block, its Java process too. Raises NotPossible."""
    pyspark = _pyspark()
    # It tells of every connection that ends.
    logging.getLogger("py4j").setLevel(logging.WARNING)
    _require_java()
    _require_answer(master)
    with _turn, tempfile.TemporaryDirectory(prefix="zhiyue-spark-") as folder:
        opened = _opened(pyspark, master)
        try:
            opened.sparkContext.addPyFile(str(_engine_in(Path(folder))))
            _require_workers(opened, master)
            yield opened
        finally:
            _end(pyspark, opened)


class OnSpark:
    """`steps.Steps`, taken by Spark: equal to those taken here but for the last digits. `tell` hears of each.

    Raises NotPossible where Spark breaks off, and SparkGone where it has come to its end with that.
    """

    def __init__(self, opened: Any, tell: Callable[[str], object] = lambda _: None) -> None:
        self._session = opened
        self._connection = ibis.pyspark.connect(opened)
        self._tell = tell
        self._views = count()
        self._acts: Acts | None = None
        self._histories: Any = None
        self._name = ""

    def popular(self, acts: Acts, config: PopularConfig) -> Popular:
        with self._step("popular"):
            found = self._frame(counting.popular(self._folded(acts), config)).toArrow()
        return popular.of_counts(counting.counts(found, acts.items))

    def item_neighbours(self, acts: Acts, config: ItemNeighboursConfig) -> Similarity:
        return self._neighbours("item-neighbours", acts, config)

    def sequence(self, acts: Acts, config: SequenceConfig) -> Similarity:
        if acts.order is None:
            raise NoOrder("nothing says which act came first")
        return self._neighbours("sequence", acts, config)

    def walks(self, acts: Acts, config: WalksConfig) -> Similarity:
        with self._step("walks"):
            found = self._frame(counting.walks(self._folded(acts), config, items=acts.items)).toArrow()
        return counting.similarity(found, acts.items)

    def factors(self, acts: Acts, config: FactorsConfig) -> Factors:
        parallel = self._session.sparkContext.defaultParallelism
        blocks = max(parallel, -(-len(acts.user) // alternating.CELLS_A_BLOCK))
        with self._step("factors"):
            taken = self._frame(counting.taken(self._folded(acts), config))
            return alternating.fit(
                taken,
                acts.items,
                config,
                blocks=blocks,
                tell=lambda done: self._tell(f"factors: round {done} of {config.rounds} on Spark"),
            )

    def _neighbours(self, name: str, acts: Acts, config: ItemNeighboursConfig | SequenceConfig) -> Similarity:
        ordered = acts.order is not None
        with self._step(name):
            wanted = counting.neighbours(self._folded(acts), config, items=acts.items, ordered=ordered)
            found = self._frame(wanted).toArrow()
        return counting.similarity(found, acts.items)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        with _breaking_off(self._session):
            yield
        self._tell(f"{name}: {time.perf_counter() - started:.0f} s on Spark")

    def _folded(self, acts: Acts) -> ibis.Table:
        """The histories of acts, which stay there until others are asked for."""
        if acts is not self._acts:
            self._forget()
            partitions = max(2, -(-len(acts.user) // ACTS_A_PARTITION))
            self._session.conf.set("spark.sql.shuffle.partitions", str(partitions))
            number = next(self._views)
            self._sent(acts).createOrReplaceTempView(f"acts_{number}")
            self._histories = self._frame(counting.histories(self._connection.table(f"acts_{number}")))
            self._histories.persist()
            self._name = f"histories_{number}"
            self._histories.createOrReplaceTempView(self._name)
            self._acts = acts
        return self._connection.table(self._name)

    def _forget(self) -> None:
        if self._histories is not None:
            self._histories.unpersist()
        self._acts = self._histories = None

    def _sent(self, acts: Acts) -> Any:
        columns = {
            "user": pa.array(acts.user, pa.int64()),
            "item": pa.array(acts.item, pa.int64()),
            "weight": pa.array(acts.weight).cast(pa.float64()),
        }
        if acts.order is not None:
            columns["order"] = pa.array(acts.order, pa.int64())
        if acts.days is not None:
            columns["days"] = pa.array(acts.days).cast(pa.float64())
        table = pa.table(columns)
        frame = self._session.createDataFrame(table[:ACTS_AT_ONCE])
        for low in range(ACTS_AT_ONCE, len(table), ACTS_AT_ONCE):
            frame = frame.unionAll(self._session.createDataFrame(table[low : low + ACTS_AT_ONCE]))
        return frame

    def _frame(self, expression: ibis.Table) -> Any:
        return self._session.sql(self._connection.compile(expression))


def _pyspark() -> Any:
    try:
        importlib.import_module("pandas")
        return importlib.import_module("pyspark.sql")
    except ImportError:
        raise NotPossible(
            "ZHIYUE_SPARK_MASTER names a Spark, which needs the extra “spark”: pip install 'zhiyue[spark]'"
        ) from None


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if not (Path(home) / "bin" / "java").exists() if home else shutil.which("java") is None:
        where = f"JAVA_HOME is {home}, where there is none" if home else "there is none on this machine"
        raise NotPossible(f"Spark needs Java 17 or 21, and {where}. Install it, or set JAVA_HOME.")


def _require_answer(master: str) -> None:
    """Spark itself would go on trying for a minute, and then say something else."""
    if not master.startswith("spark://"):
        return
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS):
            return
    raise NotPossible(f"The Spark at {master} doesn't answer: is it up, and is ZHIYUE_SPARK_MASTER right?")


def _opened(pyspark: Any, master: str) -> Any:
    builder = pyspark.SparkSession.builder.appName("zhiyue").master(master)
    wanted = dict(SETTINGS)
    if master.startswith("local"):
        wanted |= SETTINGS_HERE
        # By default another Python than this one, without what we have.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for name, value in wanted.items():
        builder = builder.config(name, value)
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if is_main else None
    try:
        return builder.getOrCreate()
    except Exception as problem:
        _end(pyspark, None)
        raise NotPossible(f"The Spark at {master} can't be used: {_reason(problem)}") from problem
    finally:
        # Spark puts a handler of its own in place of ours.
        if before is not None:
            signal.signal(signal.SIGINT, before)


def _require_workers(opened: Any, master: str) -> None:
    context = opened.sparkContext
    gone: list[bool] = []

    def give_up() -> None:
        gone.append(True)
        context.cancelAllJobs()

    timer = threading.Timer(WORKERS_SECONDS, give_up)
    timer.start()
    try:
        context.parallelize([0], 1).count()
    except Exception as problem:
        why = f"no worker came free within {WORKERS_SECONDS:.0f} s" if gone else _reason(problem)
        raise NotPossible(f"The Spark at {master} can't be used: {why}") from problem
    finally:
        timer.cancel()


def _engine_in(folder: Path) -> Path:
    """The engine as a file for Spark's workers, who needn't have Zhiyue installed: it imports nothing else of it."""
    home = Path(str(files("zhiyue")))
    packed = folder / "zhiyue-engine.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for path in [home / "__init__.py", *sorted((home / "engine").rglob("*.py"))]:
            out.write(path, str(Path("zhiyue") / path.relative_to(home)))
    return packed


def _end(pyspark: Any, opened: Any) -> None:
    """Stop the session, and the Java process, which would hold its memory as long as this process lives."""
    context = pyspark.SparkSession._instantiatedSession if opened is None else opened
    with suppress(Exception):
        if context is not None:
            context.stop()
    # Where the Java process is gone that breaks off, and what Python keeps of it would be the next one's, too.
    with suppress(Exception):
        if context is not None:
            context.sparkContext.stop()
    pyspark.SparkSession._instantiatedSession = pyspark.SparkSession._activeSession = None
    kind = importlib.import_module("pyspark").SparkContext
    kind._active_spark_context = None
    gateway, kind._gateway, kind._jvm = kind._gateway, None, None
    if gateway is None:
        return
    with suppress(Exception):
        gateway.shutdown()
        # It lives as long as this pipe is open.
        gateway.proc.stdin.close()
        gateway.proc.wait(ENDING_SECONDS)


def _is_up(opened: Any) -> bool:
    """Whether its Java process answers, and still has its cluster."""
    with suppress(Exception):
        return not opened.sparkContext._jsc.sc().isStopped()
    return False


@contextmanager
def _breaking_off(opened: Any) -> Iterator[None]:
    broken = (
        importlib.import_module("pyspark.errors").PySparkException,
        importlib.import_module("py4j.protocol").Py4JError,
    )
    try:
        yield
    except Exception as problem:
        if not _is_up(opened):
            # Whatever it looked like from here.
            raise SparkGone(f"Spark has ended: {_reason(problem)}") from problem
        if not isinstance(problem, broken):
            raise
        raise NotPossible(f"Spark broke off: {_reason(problem)}") from problem


def _reason(problem: BaseException) -> str:
    """The line of a long Java trace that says what is wrong."""
    lines = [line.strip(" :") for line in str(problem).splitlines() if line.strip(" :")]
    told = [line for line in lines if not line.startswith(("An error occurred while calling", "at "))]
    return (told or lines or [type(problem).__name__])[0]
