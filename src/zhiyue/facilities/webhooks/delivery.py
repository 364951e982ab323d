"""Delivering what waits for an endpoint: by one worker at a time, at least once, tried again ever more rarely over
about a day, then given up. An endpoint that is away rests, so that what waits for it keeps no worker from others."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic
from uuid import uuid4

from django.db import transaction
from django.db.models import Min, Q, QuerySet

from zhiyue.core.accounts.sealing import Unreadable, unseal
from zhiyue.core.kit import clock
from zhiyue.facilities.webhooks import sending, signing
from zhiyue.facilities.webhooks.models import Delivery, Endpoint, Outcome
from zhiyue.facilities.webhooks.sending import Answer
from zhiyue.facilities.webhooks.topics import TRIAL

PURPOSE = "webhooks"
# 10 s, 40 s, 3 min, 11 min, 43 min, 3 h, then every 6 h: 22 hours from the first try to the last.
TRIES = 10
FIRST_PAUSE, PAUSE_GROWS, LONGEST_PAUSE = timedelta(seconds=10), 4, timedelta(hours=6)
JITTER = 0.2
# For messages that weren't tried often enough, because their endpoint rested.
GIVEN_UP_AFTER = timedelta(hours=28)
FIRST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=10)
PAUSED_AFTER = timedelta(days=3)
KEEP_DAYS = 30
# Longer than one try can take; a worker that was killed keeps an endpoint waiting so long.
LEASE = timedelta(seconds=60)
BUSY_SECONDS = 2.0
# Others' jobs wait behind this one; it comes again by itself.
RUN_SECONDS = 20.0
DELETE_BATCH = 1_000


def deliver_due(*, endpoint_id: int) -> float | None:
    """Send what is due to an endpoint. In how many seconds to come again; None: when there is something new."""
    with _lease(endpoint_id) as has_it:
        if not has_it:
            return BUSY_SECONDS if Endpoint.objects.filter(pk=endpoint_id).exists() else None
        _give_up_late(endpoint_id)
        ends = monotonic() + RUN_SECONDS
        while monotonic() < ends and (found := _next(endpoint_id)) is not None:
            _deliver(*found)
    return _seconds_to_next(endpoint_id)


@contextmanager
def _lease(endpoint_id: int) -> Iterator[bool]:
    now, mine = clock.now(), uuid4()
    free = Endpoint.objects.filter(Q(busy_until=None) | Q(busy_until__lte=now), pk=endpoint_id)
    has_it = bool(free.update(busy_until=now + LEASE, busy_by=mine))
    try:
        yield has_it
    finally:
        if has_it:
            Endpoint.objects.filter(pk=endpoint_id, busy_by=mine).update(busy_until=None, busy_by=None)


def _open(endpoint: Endpoint, now: datetime) -> QuerySet[Delivery]:
    """What may be sent to an endpoint as soon as it is due: all that is open, or trials alone where it is paused or
    rests."""
    rows = Delivery.objects.filter(endpoint=endpoint, state__in=Delivery.OPEN)
    return rows.filter(topic=TRIAL) if endpoint.paused_at or endpoint.rests(now) else rows


def _next(endpoint_id: int) -> tuple[Endpoint, Delivery] | None:
    now = clock.now()
    endpoint = Endpoint.objects.filter(pk=endpoint_id).first()
    if endpoint is None:
        return None
    found = _open(endpoint, now).filter(due_at__lte=now).order_by("due_at", "pk").first()
    if found is None:
        return None
    Endpoint.objects.filter(pk=endpoint_id).update(busy_until=now + LEASE)
    return endpoint, found


def _give_up_late(endpoint_id: int) -> None:
    """Who paused an endpoint wants what waits for it kept."""
    late = Delivery.objects.filter(
        endpoint=endpoint_id,
        endpoint__paused_at=None,
        state__in=Delivery.OPEN,
        waits_since__lte=clock.now() - GIVEN_UP_AFTER,
    )
    late.filter(outcome="").update(outcome=Outcome.SILENT)
    late.update(state=Delivery.State.GIVEN_UP, due_at=None)


def _seconds_to_next(endpoint_id: int) -> float | None:
    now = clock.now()
    endpoint = Endpoint.objects.filter(pk=endpoint_id).first()
    if endpoint is None:
        return None
    times = [_open(endpoint, now).aggregate(first=Min("due_at"))["first"]]
    if endpoint.rests_until is not None and endpoint.rests(now) and not endpoint.paused_at:
        waiting = Delivery.objects.filter(endpoint=endpoint, state__in=Delivery.OPEN)
        first = waiting.aggregate(first=Min("due_at"))["first"]
        times.append(first and max(first, endpoint.rests_until))
    due = [one for one in times if one is not None]
    return max(0.0, (min(due) - now).total_seconds()) if due else None


def _deliver(endpoint: Endpoint, delivery: Delivery) -> None:
    """The other side is asked outside of any transaction: killed before its answer is noted, the same message goes
    there again, under the same id."""
    body = delivery.body.encode()
    at = int(clock.now().timestamp())
    try:
        signed = signing.headers(
            secrets_of(endpoint, clock.now()), message_id=delivery.message_id, at=at, body=body
        )
    except Unreadable:
        answer = Answer(Outcome.UNSIGNED)
    else:
        about = {"Content-Type": "application/json", "User-Agent": "Zhiyue-Webhooks"}
        answer = sending.post(endpoint.address, body, {**about, **signed})
    _note(endpoint.pk, delivery, answer)


def secrets_of(endpoint: Endpoint, now: datetime) -> list[str]:
    """What signs for an endpoint, the newest first. Raises Unreadable."""
    sealed = [endpoint.secret]
    if endpoint.former_secret and endpoint.former_until and endpoint.former_until > now:
        sealed.append(endpoint.former_secret)
    return [unseal(one, purpose=PURPOSE) for one in sealed]


@transaction.atomic
def _note(endpoint_id: int, delivery: Delivery, answer: Answer) -> None:
    now = clock.now()
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        return
    told = {
        "tried_at": now,
        "attempts": delivery.attempts + 1,
        "outcome": answer.outcome,
        "status": answer.status,
        "detail": answer.detail,
        "answer": answer.text,
        "took_ms": answer.took_ms,
    }
    if answer.is_taken:
        state, due_at = Delivery.State.DELIVERED, None
    elif delivery.attempts + 1 >= (1 if delivery.topic == TRIAL else TRIES):
        state, due_at = Delivery.State.GIVEN_UP, None
    else:
        state, due_at = Delivery.State.FAILED, now + pause_after(delivery.attempts + 1)
    # Somebody who sent it again meanwhile wants it sent again.
    same = Delivery.objects.filter(pk=delivery.pk, waits_since=delivery.waits_since)
    same.update(state=state, due_at=due_at, **told)
    _note_health(endpoint, answer, now, is_trial=delivery.topic == TRIAL)


def _note_health(endpoint: Endpoint, answer: Answer, now: datetime, *, is_trial: bool) -> None:
    if answer.is_taken:
        endpoint.delivered_at, endpoint.failing_since, endpoint.failures = now, None, 0
        endpoint.rests_until = None
    elif not is_trial:
        endpoint.failing_since = endpoint.failing_since or now
        endpoint.failures += 1
        if answer.is_away:
            endpoint.rests_until = now + _rest_after(endpoint.failures)
        is_hopeless = now - endpoint.failing_since >= PAUSED_AFTER and endpoint.failures >= TRIES
        if is_hopeless and endpoint.paused_at is None:
            endpoint.paused_at, endpoint.paused_why = now, Endpoint.Pause.FAILING
    endpoint.save(
        update_fields=[
            "delivered_at",
            "failing_since",
            "failures",
            "rests_until",
            "paused_at",
            "paused_why",
        ]
    )


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many tries: growing, and a fifth more or less by lot, so that what failed together
    doesn't come back together."""
    whole = min(LONGEST_PAUSE, FIRST_PAUSE * float(PAUSE_GROWS ** (attempts - 1)))
    return whole * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, guards nothing


def _rest_after(failures: int) -> timedelta:
    return min(LONGEST_REST, FIRST_REST * float(2 ** min(failures - 1, 10)))


def waiting_endpoints() -> list[int]:
    """Endpoints for which something is due, or will be: for whom a job was lost."""
    rows = Delivery.objects.filter(state__in=Delivery.OPEN, endpoint__paused_at=None)
    return list(rows.order_by("endpoint").values_list("endpoint", flat=True).distinct())


def forget_old() -> int:
    """Remove messages made more than 30 days ago, whatever became of them."""
    old = Delivery.objects.filter(made_at__lt=clock.now() - timedelta(days=KEEP_DAYS))
    forgotten = 0
    # In batches, so that the write lock of SQLite is free in between.
    while batch := list(old.values_list("pk", flat=True)[:DELETE_BATCH]):
        forgotten += Delivery.objects.filter(pk__in=batch).delete()[0]
    return forgotten
