"""The newest artefact of each policy, held in this process. Training writes them; ranking is in `serve`."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from zipfile import BadZipFile

import numpy as np
from django.conf import settings

from zhiyue.engine.kinds import Ints
from zhiyue.recommend.fitting import Pipeline, from_arrays
from zhiyue.recommend.models import Artefact

CHECK_SECONDS = 1.0

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


@dataclass(frozen=True, slots=True)
class _Seen:
    held: Held | None
    at: float


_seen: dict[tuple[str, str], _Seen] = {}
_lock = Lock()


def newest(policy: str) -> Held | None:
    """The newest readable artefact of a policy, None before the first; the table is asked once a second.

    While one thread asks and loads, the others go on with what was held; before the first load each loads its own.
    """
    key = (str(settings.ZHIYUE_DATA_DIR), policy)
    with _lock:
        seen = _seen.get(key)
        if seen is not None and time.monotonic() - seen.at < CHECK_SECONDS:
            return seen.held
        if seen is not None:
            seen = _seen[key] = _Seen(seen.held, time.monotonic())
    held = _newest(policy, None if seen is None else seen.held)
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


def _newest(policy: str, held: Held | None) -> Held | None:
    for artefact in Artefact.objects.newest_first(policy):
        if held is not None and (held.artefact_id, held.version) == (artefact.pk, artefact.version):
            return held
        try:
            with np.load(Path(settings.ZHIYUE_DATA_DIR) / artefact.path, allow_pickle=False) as stored:
                arrays = dict(stored)
            about_courses = arrays["course_ids"], arrays["learners"]
            # An artefact of an older version doesn't say, and is served until the next training.
            counted_at = artefact.created_at
            if "counted_at" in arrays:
                counted_at = datetime.fromtimestamp(float(arrays["counted_at"]), tz=UTC)
            return Held(
                artefact.pk,
                artefact.version,
                from_arrays(arrays),
                *about_courses,
                counted_at,
                str(arrays.get("wording", "")),
            )
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as problem:
            log.warning("Artefact %s cannot be read, the one before it is served: %s", artefact, problem)
    return None
