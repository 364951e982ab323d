"""Training: the academy's acts become versioned artefacts."""

import logging
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from zhiyue.core.kit import clock
from zhiyue.engine import evaluate
from zhiyue.engine.kinds import Arrays
from zhiyue.engine.matrix import owned, profiles
from zhiyue.recommend import memory, serve
from zhiyue.recommend.fitting import Pipeline, TextsNeeded, fit, to_arrays
from zhiyue.recommend.inputs import Academy, academy
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.policies import POLICIES, PROFILE, Policy

KEPT = 3
CHECKED_PEOPLE = 1000
FEWEST_CHECKED = 30

log = logging.getLogger(__name__)


def train(*, policy: str) -> Artefact:
    """Fit one policy and keep it as the newest artefact. Raises KeyError for an unknown name."""
    return _train(POLICIES[policy], academy())


def train_all() -> list[Artefact]:
    """Fit every policy on one reading of the log; one made of texts is passed over while there are none."""
    read = academy()
    trained: list[Artefact] = []
    for policy in POLICIES.values():
        try:
            trained.append(_train(policy, read))
        except TextsNeeded:
            log.info("Policy %s was not trained: no two courses share a word yet.", policy.name)
    return trained


def _train(policy: Policy, read: Academy) -> Artefact:
    started = time.perf_counter()
    pipeline = fit(policy, read.acts, read.texts)
    fit_seconds = time.perf_counter() - started
    moment = clock.now()
    version = f"{moment:%Y%m%dT%H%M%S%f}"
    path = Path("artefacts") / f"{policy.name}-{version}.npz"
    about_courses = {"course_ids": read.course_ids, "learners": read.learners}
    _put(Path(settings.ZHIYUE_DATA_DIR) / path, to_arrays(pipeline) | about_courses)
    artefact = _note(
        policy=policy.name,
        version=version,
        created_at=moment,
        interactions=len(read.acts.user),
        items=len(read.course_ids),
        fit_seconds=fit_seconds,
        path=str(path),
        metrics=_checked(policy, read),
    )
    memory.forget()
    return artefact


@transaction.atomic
def _note(*, policy: str, **columns: Any) -> Artefact:
    """Write the row of an artefact whose file is in place, and drop all but the newest few."""
    artefact = Artefact.objects.create(policy=policy, **columns)
    old = list(Artefact.objects.newest_first(policy)[KEPT:])
    Artefact.objects.filter(pk__in=[row.pk for row in old]).delete()
    files = [Path(settings.ZHIYUE_DATA_DIR) / row.path for row in old]
    transaction.on_commit(lambda: _drop(files))
    return artefact


def _put(path: Path, arrays: Arrays) -> None:
    """Write arrays beside their place and rename: no reader ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            np.savez(out, allow_pickle=False, **arrays)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _drop(files: Sequence[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)


def _checked(policy: Policy, read: Academy) -> dict[str, Any]:
    """How well the policy foretells the newest course of people who took several; {} while there are few.

    As in `offline.evaluate` these are plain lists of 20, best first. What the home page serves is limited by topic and
    by act on top of that (`policies.VARIETY`) and shorter, so it may find less than these figures say.
    """
    people = evaluate.with_several(read.acts, CHECKED_PEOPLE)
    if len(people) < FEWEST_CHECKED:
        return {}
    kept, relevant = evaluate.hide_newest(read.acts, people)
    pipeline: Pipeline = fit(policy, kept, read.texts)
    shaped, taken = profiles(kept, PROFILE), owned(kept)
    mine = type(shaped)(shaped.weights[people], shaped.newest[people])
    lists = serve.rank(pipeline, mine, taken[people], evaluate.LIST_LENGTH, vary=False).items
    found = evaluate.measured(lists, relevant, kept.items)
    return {name: [cell.value, cell.low, cell.high] for name, cell in found.items()} | {"people": len(people)}
