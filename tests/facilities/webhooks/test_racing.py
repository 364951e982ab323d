"""Several workers at once deliver once; one that is killed between sending and noting makes it twice, under one id."""

import os
import signal
from collections import Counter
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.facilities.webhooks import delivery
from zhiyue.facilities.webhooks.models import Delivery, Endpoint
from zhiyue.facilities.webhooks.services import tell
from zhiyue.facilities.webhooks.tasks import deliver_soon

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 3, 1, tzinfo=UTC)
WORKERS = 4


def together(act):
    gate = Barrier(WORKERS)

    def do():
        gate.wait()
        try:
            act()
        finally:
            connection.close()

    threads = [Thread(target=do) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_workers_at_once_deliver_each_message_once(there, endpoint):
    ids = {tell("shelf.fallen", {"n": n}, at=AT, once=str(n)) for n in range(30)}
    # More jobs than one, as after a discarded and a repeated one.
    for _ in range(WORKERS):
        Job.objects.create(
            name="webhooks.deliver",
            kwargs={"endpoint_id": endpoint.pk},
            enqueued_at=clock.now(),
            claimable_at=clock.now(),
        )
    together(run_due)
    deliver_soon(endpoint.pk)
    run_due()
    assert Counter(there.ids) == dict.fromkeys(ids, 1)
    assert Delivery.objects.filter(state="delivered", attempts=1).count() == 30


def test_told_by_many_at_once_it_is_one_message(there, endpoint):
    together(lambda: tell("shelf.fallen", {"n": 1}, at=AT, once="the same"))
    run_due()
    assert len(there.ids) == Delivery.objects.count() == 1


def test_killed_between_sending_and_noting_the_same_message_is_sent_again(there, endpoint):
    message_id = tell("shelf.fallen", {"n": 1}, at=AT, once="1")
    assert killed_while_noting() == signal.SIGKILL
    assert there.ids == [message_id]
    row, job = Delivery.objects.get(), Job.objects.get(name="webhooks.deliver")
    assert (row.state, row.attempts, job.state) == ("waiting", 0, "running")

    # A minute later both leases are over.
    Job.objects.update(claimable_at=clock.now())
    Endpoint.objects.update(busy_until=clock.now())
    run_due()

    assert there.ids == [message_id, message_id]
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("delivered", 1)


def killed_while_noting():
    """A process that works and dies as soon as it has an answer. Nothing of the parent's connection must reach it."""
    connections.close_all()
    if connection.vendor == "postgresql":
        connection.close_pool()
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    try:
        delivery._note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        run_due()
    finally:
        os._exit(1)
