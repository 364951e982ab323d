"""The newest artefact of each policy, held in this process. Training writes them; ranking is in `serve`.

A page never waits for the place where copies lie: a thread of this process fetches them, one at a time for a policy.
"""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock, Thread

import numpy as np
from django.conf import settings
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Ints, Profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend import artefacts, serve
from zhiyue.recommend.artefacts import Damaged, Elsewhere, Stamp
from zhiyue.recommend.fitting import Pipeline, from_arrays
from zhiyue.recommend.models import Artefact

CHECK_SECONDS = 1.0
# A damaged file is read to its end before that shows, and a place that doesn't answer is waited for.
AGAIN_SECONDS = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A fitted policy ready to serve; codes are places in `course_ids` (ascending). `learners`: how many people were
    learning each course in the seven days before `counted_at`; `wording`: of the texts it was fitted on."""

    artefact_id: int
    version: str
    pipeline: Pipeline
    course_ids: Ints
    learners: Ints
    counted_at: datetime
    wording: str = ""
    stamp: Stamp | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    held: Held | None
    at: float


_seen: dict[tuple[str, str], _Seen] = {}
# Which artefacts couldn't be taken up, and when that was tried.
_passed_over: dict[tuple[str, int, str], float] = {}
# Which artefact of a policy is being fetched, and the files that were fetched and not yet taken up.
_fetching: dict[tuple[str, str], int] = {}
_fetched: set[str] = set()
_lock = Lock()


def newest(policy: str, *, waits: bool = False) -> Held | None:
    """The newest readable artefact of a policy, None before the first; the table is asked once a second.

    While one thread asks and loads, the others go on with what was held; before the first load each loads its own.
    While one that isn't on this machine is fetched, the one before it goes on; a command or a job `waits` for it.
    """
    key = (str(settings.ZHIYUE_DATA_DIR), policy)
    with _lock:
        seen = _seen.get(key)
        if seen is not None and time.monotonic() - seen.at < CHECK_SECONDS:
            return seen.held
        if seen is not None:
            seen = _seen[key] = _Seen(seen.held, time.monotonic())
    held = _newest(policy, None if seen is None else seen.held, waits)
    if held is None and (seen is None or seen.held is not None):
        # What was dropped because nothing replaced it would lie on this machine for good.
        _sweep()
    with _lock:
        # Another entry by now: somebody loaded later or asked to forget, and what they left is to stand.
        if _seen.get(key) is seen:
            _seen[key] = _Seen(held, time.monotonic())
    return held


def forget() -> None:
    """Ask the table again at the next call."""
    with _lock:
        for key, seen in _seen.items():
            _seen[key] = _Seen(seen.held, float("-inf"))
        _passed_over.clear()


def _newest(policy: str, held: Held | None, waits: bool) -> Held | None:
    place = (str(settings.ZHIYUE_DATA_DIR), policy)
    for artefact in Artefact.objects.newest_first(policy):
        is_held = held is not None and (held.artefact_id, held.version) == (artefact.pk, artefact.version)
        if held is not None and is_held and artefacts.is_as_it_was(artefact.path, held.stamp):
            return held
        key = (str(settings.ZHIYUE_DATA_DIR), artefact.pk, artefact.version)
        if time.monotonic() - _passed_over.get(key, float("-inf")) < AGAIN_SECONDS:
            continue
        if not waits and _fetching.get(place) == artefact.pk:
            continue
        try:
            return _taken_up(artefact, waits)
        except Elsewhere:
            _fetch(artefact, place, key)
        except Exception as problem:
            # Whatever is wrong with a file, nobody who wants a page is told of it.
            _passed_over[key] = time.monotonic()
            log.warning("Artefact %s cannot be read, the one before it is served: %s", artefact, problem)
    if held is not None and place in _fetching and artefacts.is_as_it_was(held.path, held.stamp):
        return held
    return None


def _fetch(artefact: Artefact, place: tuple[str, str], key: tuple[str, int, str]) -> None:
    """Have a thread copy a file to this machine, unless one is at work for this policy. It asks no database."""

    def run() -> None:
        try:
            artefacts.fetched(artefact.path, artefact.digest)
            _fetched.add(artefact.path)
        except Exception as problem:
            _passed_over[key] = time.monotonic()
            log.warning("Artefact %s cannot be fetched, the one before it is served: %s", artefact, problem)
        finally:
            with _lock:
                del _fetching[place]

    with _lock:
        if place in _fetching:
            return
        _fetching[place] = artefact.pk
    Thread(target=run, name=f"fetch {artefact.path}", daemon=True).start()


def _taken_up(artefact: Artefact, waits: bool) -> Held:
    taken = artefacts.take_up(artefact.path, artefact.digest, waits=waits)
    if taken.was_fetched or artefact.path in _fetched:
        _fetched.discard(artefact.path)
        # Whoever trains clears away where that is done.
        _sweep()
    arrays = taken.arrays
    pipeline, course_ids = from_arrays(arrays), arrays["course_ids"]
    if not len(course_ids) == len(arrays["learners"]) == pipeline.model.items == pipeline.popular.items:
        raise Damaged("its arrays are of different numbers of courses")
    if not artefact.digest:
        # Nothing says that it is what was written.
        artefacts.require_finite(arrays)
    _require_codes(pipeline, course_ids)
    _try(pipeline)
    # An artefact of an older version doesn't say, and is served until the next training.
    counted_at = artefact.created_at
    if "counted_at" in arrays:
        counted_at = datetime.fromtimestamp(float(arrays["counted_at"]), tz=UTC)
    return Held(
        artefact.pk,
        artefact.version,
        pipeline,
        course_ids,
        arrays["learners"],
        counted_at,
        str(arrays.get("wording", "")),
        taken.stamp,
        artefact.path,
    )


def _sweep() -> None:
    artefacts.sweep(Artefact.objects.exclude(path="").values_list("path", flat=True))


def _require_codes(pipeline: Pipeline, course_ids: Ints) -> None:
    """Raises Damaged where what lists are made of can't be: ids of courses, how popular they are, near-duplicates."""
    is_of_ids = course_ids.dtype.kind == "i" and bool((np.diff(course_ids, prepend=0) > 0).all())
    if not is_of_ids:
        raise Damaged("its ids of courses aren't positive, whole and ascending")
    if not np.isfinite(pipeline.popular.score).all():
        raise Damaged("how popular its courses are isn't finite")
    if pipeline.traits is not None:
        twins = pipeline.traits.twins
        is_code = twins.dtype.kind == "i" and twins.shape == course_ids.shape
        if not is_code or not ((twins >= NOTHING) & (twins < len(course_ids))).all():
            raise Damaged("its near-duplicates are none of its courses")


def _try(pipeline: Pipeline) -> None:
    """Make somebody's list, so that arrays that don't fit one another are found now and not by whoever wants a page.
    Raises whatever they lead to."""
    items = pipeline.model.items
    if not items:
        return
    some = sorted({0, items // 2, items - 1})
    row = np.zeros(len(some), dtype=np.int64)
    weights = csr_array((np.ones(len(some), dtype=np.float32), (row, some)), shape=(1, items))
    nothing = serve.excluding([[]], items)
    serve.rank(pipeline, Profiles(weights, np.asarray(some[-1:])), nothing, 6, explain=True)
