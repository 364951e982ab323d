"""Training: the academy's acts become versioned artefacts. Taking in: artefacts follow what is published."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction

from zhiyue.collect.places import Unreachable
from zhiyue.core.kit import clock
from zhiyue.engine import evaluate
from zhiyue.engine.kinds import Arrays, Ints
from zhiyue.engine.matrix import owned, profiles
from zhiyue.recommend import artefacts, memory, serve
from zhiyue.recommend.fitting import NothingLeft, Pipeline, fit, taken_in, to_arrays
from zhiyue.recommend.inputs import Academy, Catalogue, academy, catalogue
from zhiyue.recommend.memory import Held
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.policies import POLICIES, PROFILE, Policy

KEPT = 3
CHECKED_PEOPLE = 1000
FEWEST_CHECKED = 30

log = logging.getLogger(__name__)


def train(*, policy: str) -> Artefact:
    """Fit one policy and keep it as the newest artefact. Raises KeyError for an unknown name."""
    return _train(POLICIES[policy], academy())


def train_all(
    names: Sequence[str] = tuple(POLICIES), *, tell: Callable[[str], object] = lambda _: None
) -> list[Artefact]:
    """Fit every policy, or those named, on one reading of the log; one of which nothing can be fitted (made of texts
    while there are none, or too many courses) is passed over. `tell` hears of each."""
    read = academy()
    tell(f"{len(read.acts.user):,} acts of {read.acts.users:,} people on {read.acts.items:,} courses")
    trained: list[Artefact] = []
    for policy in map(POLICIES.__getitem__, names):
        try:
            artefact = _train(policy, read)
        except NothingLeft as problem:
            log.info("Policy %s was not trained: %s.", policy.name, problem)
            tell(f"{policy.name}: passed over, {problem}")
            continue
        tell(f"{policy.name}: fitted in {artefact.fit_seconds:.2f} s")
        trained.append(artefact)
    return trained


def take_in() -> bool:
    """Bring every policy up to what is published now, without reading an act: new courses can be recommended by their
    texts, changed texts count as they are now. Before the first training there is nothing to bring up.

    returns  whether somebody trained meanwhile, so that it is worth looking again
    """
    memory.forget()
    again = False
    for policy in POLICIES.values():
        held = memory.newest(policy.name)
        if held is None:
            continue
        read = catalogue(held.course_ids)
        if _is_up_to_date(policy, held, read):
            continue
        try:
            again |= not _take_in(policy, held, read)
        except NothingLeft as problem:
            log.info("Policy %s stays as it is: %s.", policy.name, problem)
        except ValueError as problem:
            log.warning("Policy %s is trained anew: %s", policy.name, problem)
            train(policy=policy.name)
    return again


def _is_up_to_date(policy: Policy, held: Held, read: Catalogue) -> bool:
    knows_all = len(read.course_ids) == len(held.course_ids)
    return knows_all and (held.wording == read.wording or not policy.reads_texts)


def _take_in(policy: Policy, held: Held, read: Catalogue) -> bool:
    """Keep the policy with the catalogue taken in, unless there is a newer one by now; whether it was kept."""
    started = time.perf_counter()
    places = np.searchsorted(read.course_ids, held.course_ids).astype(np.int64)
    pipeline = taken_in(policy, held.pipeline, places, read.texts)
    learners = np.zeros(len(read.course_ids), dtype=np.int64)
    learners[places] = held.learners
    fit_seconds = time.perf_counter() - started
    base = Artefact.objects.newest_first(policy.name).first()
    if base is None or base.pk != held.artefact_id:
        return False
    about = _About(read.course_ids, learners, read.wording, held.counted_at)
    _keep(policy, pipeline, about, base.interactions, fit_seconds, base.metrics)
    return True


def _train(policy: Policy, read: Academy) -> Artefact:
    started = time.perf_counter()
    pipeline = fit(policy, read.acts, read.texts)
    fit_seconds = time.perf_counter() - started
    about = _About(read.course_ids, read.learners, read.wording, read.counted_at)
    return _keep(policy, pipeline, about, len(read.acts.user), fit_seconds, _checked(policy, read))


@dataclass(frozen=True, slots=True, eq=False)
class _About:
    """What an artefact says of its courses, as in `memory.Held`."""

    course_ids: Ints
    learners: Ints
    wording: str
    counted_at: datetime

    def to_arrays(self) -> Arrays:
        return {
            "course_ids": self.course_ids,
            "learners": self.learners,
            "wording": np.asarray(self.wording, dtype=np.str_),
            "counted_at": np.asarray(self.counted_at.timestamp(), dtype=np.float64),
        }


def _keep(
    policy: Policy,
    pipeline: Pipeline,
    about: _About,
    interactions: int,
    fit_seconds: float,
    metrics: dict[str, Any],
) -> Artefact:
    moment = clock.now()
    version = f"{moment:%Y%m%dT%H%M%S%f}"
    path, digest = artefacts.keep(f"{policy.name}-{version}", to_arrays(pipeline) | about.to_arrays())
    artefact = _note(
        policy=policy.name,
        version=version,
        created_at=moment,
        interactions=interactions,
        items=len(about.course_ids),
        fit_seconds=fit_seconds,
        path=path,
        digest=digest,
        metrics=metrics,
    )
    memory.forget()
    return artefact


@transaction.atomic
def _note(*, policy: str, **columns: Any) -> Artefact:
    """Write the row of an artefact whose file is in place, and drop all but the newest few."""
    artefact = Artefact.objects.create(policy=policy, **columns)
    old = list(Artefact.objects.newest_first(policy)[KEPT:])
    Artefact.objects.filter(pk__in=[row.pk for row in old]).delete()
    transaction.on_commit(lambda: _clear_away([row.path for row in old]))
    return artefact


def _clear_away(paths: Sequence[str]) -> None:
    """Remove the files of dropped artefacts, and what was left behind."""
    try:
        artefacts.drop(paths)
    except Unreachable as problem:
        log.warning("Copies of dropped artefacts stay where they are: %s", problem)
    artefacts.sweep(list(Artefact.objects.exclude(path="").values_list("path", flat=True)))


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
