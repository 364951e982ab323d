"""Training: the academy's acts become versioned artefacts. Taking in: artefacts follow what is published."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models.functions import Coalesce

from zhiyue.collect.places import Unreachable
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.engine.kinds import Arrays, Ints
from zhiyue.recommend import artefacts, checking, memory
from zhiyue.recommend.checking import Metrics
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.fitting import NothingLeft, fit, taken_in, to_arrays
from zhiyue.recommend.inputs import Academy, Catalogue, academy, catalogue
from zhiyue.recommend.memory import Held
from zhiyue.recommend.models import FIGURE, Artefact
from zhiyue.recommend.parts import DEAR_EVERY, is_dear
from zhiyue.recommend.policies import POLICIES, Policy
from zhiyue.recommend.steps import Steps, chosen

KEPT_TRAININGS = 3
KEPT_REFUSALS = 3
DETAIL_CHARACTERS = 300
_LOCK = 7_405_118

log = logging.getLogger(__name__)


class _Overtaken(Exception):
    """What an artefact was made from isn't what serves any more."""


def train(*, policy: str, accept: bool = False) -> Artefact:
    """Fit one policy, and let it serve where nothing stands against that; what was refused says so in `refusal`, and
    what served before goes on. `accept`: serve although it foretells worse (audited).

    Raises KeyError for an unknown name, NothingLeft.
    """
    with chosen() as steps:
        return _train(POLICIES[policy], academy(), accept, steps)


def train_all(
    names: Sequence[str] = tuple(POLICIES),
    *,
    accept: bool = False,
    tell: Callable[[str], object] = lambda _: None,
) -> list[Artefact]:
    """Fit every policy, or those named, on one reading of the log, as `train` does each; one of which nothing can be
    fitted (made of texts while there are none, or too many courses) is passed over. `tell` hears of each."""
    with chosen(tell) as steps:
        read = academy()
        tell(f"{len(read.acts.user):,} acts of {read.acts.users:,} people on {read.acts.items:,} courses")
        each = (_told(POLICIES[name], read, accept, steps, tell) for name in names)
        return [artefact for artefact in each if artefact is not None]


def due() -> list[str]:
    """What the job trains now: every policy, but one with a dear part only if none was trained, or refused, within a
    day."""
    lately = clock.now() - DEAR_EVERY
    # A catalogue that was taken in is no training.
    trained = Artefact.objects.annotate(trained_at=Coalesce("measured_at", "created_at"))
    rest = set(trained.filter(trained_at__gt=lately).values_list("policy", flat=True))
    return [name for name, policy in POLICIES.items() if name not in rest or not is_dear(policy)]


def _told(
    policy: Policy, read: Academy, accept: bool, steps: Steps, tell: Callable[[str], object]
) -> Artefact | None:
    try:
        artefact = _train(policy, read, accept, steps)
    except NothingLeft as problem:
        log.info("Policy %s was not trained: %s.", policy.name, problem)
        tell(f"{policy.name}: passed over, {problem}")
        return None
    if artefact.refusal:
        tell(f"{policy.name}: refused, what served before goes on: {artefact.detail}")
    else:
        tell(f"{policy.name}: fitted in {artefact.fit_seconds:.2f} s")
    return artefact


def take_in() -> bool:
    """Bring every policy up to what is published now, without reading an act: new courses can be recommended by their
    texts, changed texts count as they are now. Before the first training there is nothing to bring up.

    returns  whether somebody trained meanwhile, so that it is worth looking again
    """
    memory.forget()
    again = False
    for policy in POLICIES.values():
        held = memory.newest(policy.name, waits=True)
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
    if len(read.course_ids) != len(held.course_ids):
        return False
    if policy.reads_texts and held.wording != read.wording:
        return False
    now, then = read.texts.traits, held.pipeline.traits
    # Levels, prerequisites and twins are what lists are re-ranked by, whatever scores them.
    return not policy.is_varied or now is None or (then is not None and now.says_as(then))


def _take_in(policy: Policy, held: Held, read: Catalogue) -> bool:
    """Keep the policy with the catalogue taken in, unless there is a newer one by now; whether it was kept."""
    started = time.perf_counter()
    places = np.searchsorted(read.course_ids, held.course_ids).astype(np.int64)
    arrays = to_arrays(taken_in(policy, held.pipeline, places, read.texts))
    artefacts.require_finite(arrays)
    learners = np.zeros(len(read.course_ids), dtype=np.int64)
    learners[places] = held.learners
    fit_seconds = time.perf_counter() - started
    base = Artefact.objects.newest_first(policy.name).first()
    if base is None or base.pk != held.artefact_id:
        return False
    about = _About(read.course_ids, learners, read.wording, held.counted_at)
    measured = _Measured(base.interactions, base.metrics, base.read_at)
    try:
        _keep(policy, arrays, about, measured, fit_seconds, made_from=base)
    except _Overtaken:
        return False
    return True


def _train(policy: Policy, read: Academy, accept: bool, steps: Steps) -> Artefact:
    served = Artefact.objects.newest_first(policy.name).first()
    metrics: Metrics = {}
    started = time.perf_counter()
    try:
        arrays = to_arrays(fit(policy, read.acts, read.texts, steps))
        fit_seconds = time.perf_counter() - started
        artefacts.require_finite(arrays)
        metrics = checking.measured(policy, read, steps)
    except NothingLeft:
        raise
    except NotPossible as problem:
        # The Spark of the settings, most likely: it is named, and where it stumbled tells nothing.
        log.warning("Policy %s was not trained, what served before goes on: %s", policy.name, problem)
        told = str(problem).removesuffix(".")
        return _refuse(policy, read, Artefact.Refusal.BROKEN, told, time.perf_counter() - started, {})
    except Exception as problem:
        # Whatever a part stumbles over: the other policies are trained, and what served goes on.
        log.exception("The training of policy %s broke off; what served before goes on.", policy.name)
        told = f"{type(problem).__name__}: {problem}"
        return _refuse(policy, read, Artefact.Refusal.BROKEN, told, time.perf_counter() - started, {})
    measured = _Measured(len(read.acts.user), metrics, read.counted_at)
    is_worse = checking.is_worse(policy, metrics, measured.interactions, served)
    if served is not None and is_worse and not accept:
        told = f"{FIGURE} fell from {served.figure:.4f} to {metrics[FIGURE][0]:.4f}, by more than chance explains"
        log.warning("The training of policy %s is not let serve: %s.", policy.name, told)
        return _refuse(policy, read, Artefact.Refusal.WORSE, told, fit_seconds, metrics)
    about = _About(read.course_ids, read.learners, read.wording, read.counted_at)
    return _keep(policy, arrays, about, measured, fit_seconds, instead_of=served if is_worse else None)


@dataclass(frozen=True, slots=True)
class _Measured:
    """On how many acts a policy was fitted, how well it foretold, and when."""

    interactions: int
    metrics: Metrics
    at: datetime


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
    arrays: Arrays,
    about: _About,
    measured: _Measured,
    fit_seconds: float,
    *,
    instead_of: Artefact | None = None,
    made_from: Artefact | None = None,
) -> Artefact:
    """Write an artefact and let it serve. `instead_of`: the better one, which somebody gave up for it. `made_from`: the
    one whose acts these are; writing takes a while, and where another serves by then nothing is kept.

    Raises _Overtaken.
    """
    moment = clock.now()
    version = _version(moment)
    path, digest = artefacts.keep(f"{policy.name}-{version}", arrays | about.to_arrays())
    try:
        artefact = _note(
            instead_of,
            made_from,
            policy=policy.name,
            version=version,
            created_at=moment,
            interactions=measured.interactions,
            items=len(about.course_ids),
            fit_seconds=fit_seconds,
            path=path,
            digest=digest,
            parts=checking.parts_of(policy),
            metrics=measured.metrics,
            measured_at=measured.at,
        )
    except _Overtaken:
        _clear_away([path])
        raise
    memory.forget()
    return artefact


@transaction.atomic
def _note(
    instead_of: Artefact | None, made_from: Artefact | None, *, policy: str, **columns: Any
) -> Artefact:
    """Write the row of an artefact whose file is in place, and drop what isn't needed any more. Raises _Overtaken."""
    _one_at_a_time(policy)
    if made_from is not None and Artefact.objects.newest_first(policy).first() != made_from:
        raise _Overtaken
    artefact = Artefact.objects.create(policy=policy, **columns)
    # What was measured before is settled by what was measured now.
    Artefact.objects.refused().filter(policy=policy, created_at__lt=artefact.measured_at).delete()
    if instead_of is not None:
        before, after = ({FIGURE: one.metrics[FIGURE]} for one in (instead_of, artefact))
        subject = ("recommender", policy, policy)
        note(by=None, act="recommender.accepted", subject=subject, before=before, after=after)
    old = _superseded(list(Artefact.objects.newest_first(policy)))
    Artefact.objects.filter(pk__in=[row.pk for row in old]).delete()
    transaction.on_commit(lambda: _clear_away([row.path for row in old]))
    return artefact


def _superseded(newest_first: Sequence[Artefact]) -> list[Artefact]:
    """All but the newest of each of the newest few trainings, however often a catalogue was taken in since, and the one
    before the very newest, which goes on where that isn't on a machine yet."""
    by_training: dict[datetime, Artefact] = {}
    for artefact in newest_first:
        by_training.setdefault(artefact.read_at, artefact)
    kept = {row.pk for row in (*newest_first[:2], *list(by_training.values())[:KEPT_TRAININGS])}
    return [row for row in newest_first if row.pk not in kept]


def _one_at_a_time(policy: str) -> None:
    """Until the transaction ends nobody else writes what serves of a policy, so that what was looked at stays the
    newest. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, policy])


@transaction.atomic
def _refuse(
    policy: Policy, read: Academy, refusal: Artefact.Refusal, told: str, fit_seconds: float, metrics: Metrics
) -> Artefact:
    """Note a training that isn't let serve, and forget all but the newest few of those."""
    moment = clock.now()
    artefact = Artefact.objects.create(
        policy=policy.name,
        version=_version(moment),
        created_at=moment,
        interactions=len(read.acts.user),
        items=len(read.course_ids),
        fit_seconds=fit_seconds,
        metrics=metrics,
        measured_at=read.counted_at,
        parts=checking.parts_of(policy),
        refusal=refusal,
        detail=told[:DETAIL_CHARACTERS],
    )
    old = Artefact.objects.refused().filter(policy=policy.name)[KEPT_REFUSALS:].values_list("pk", flat=True)
    Artefact.objects.filter(pk__in=list(old)).delete()
    return artefact


def _version(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S%f}"


def _clear_away(paths: Sequence[str]) -> None:
    """Remove the files of dropped artefacts, and what was left behind."""
    try:
        artefacts.drop(paths)
    except Unreachable as problem:
        log.warning("Copies of dropped artefacts stay where they are: %s", problem)
    artefacts.sweep(Artefact.objects.exclude(path="").values_list("path", flat=True))
