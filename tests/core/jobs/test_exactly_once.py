"""What a reaction does happens once, although its workers are killed: between the work and saying so, and anywhere."""

import os
import random
import signal
import time

import pytest
from django.db import connection, connections, transaction

from tests.core.jobs import acts
from tests.core.jobs.acts import BookBurnt, ShelfFell
from tests.core.jobs.conftest import until
from zhiyue.core.jobs.facts import announce
from zhiyue.core.jobs.models import OPEN_STATES, Job, Reacted
from zhiyue.core.jobs.worker import run_due

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_killed_after_the_work_and_before_saying_so_does_not_double_it(spawn):
    with transaction.atomic():
        (delivery,) = announce(ShelfFell("shelf:1", 1))
    assert spawn("worker").wait(timeout=20) == -signal.SIGKILL
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (Job.State.RUNNING, 1)
    assert acts.effects() == ["shelf:1 1"]
    worker = spawn("worker")
    until(lambda: Job.objects.get(pk=delivery.pk).state == Job.State.DONE)
    worker.terminate()
    # Had the reaction run again, it would have killed this one too.
    assert worker.wait(timeout=10) == 0
    assert Job.objects.get(pk=delivery.pk).attempts == 2
    assert acts.effects() == ["shelf:1 1"]


def test_workers_killed_at_random_moments_do_each_thing_once_and_in_order():
    dice = random.Random(11)
    wanted = {f"shelf:{shelf}": [f"shelf:{shelf} {number}" for number in range(12)] for shelf in range(5)}
    with transaction.atomic():
        for number in range(12):
            for shelf in wanted:
                announce(BookBurnt(shelf, number))
    killed = 0
    for _ in range(2_000):
        worker = forked_worker()
        time.sleep(dice.uniform(0.01, 0.12))
        os.kill(worker, signal.SIGKILL)
        killed += os.waitpid(worker, 0)[1] == signal.SIGKILL
        if not Job.objects.filter(name="test.once", state__in=OPEN_STATES).exists():
            break
    deliveries = Job.objects.filter(name="test.once")
    assert set(deliveries.values_list("state", flat=True)) == {Job.State.DONE}
    done = acts.effects()
    assert {shelf: [one for one in done if one.startswith(shelf)] for shelf in wanted} == wanted
    assert Reacted.objects.count() == 60
    # Else nothing was tried here.
    assert killed >= 3
    assert deliveries.filter(attempts__gt=1).exists()


def forked_worker() -> int:
    """A process that works until it is killed. Nothing of the parent's connection must reach it."""
    connections.close_all()
    if connection.vendor == "postgresql":
        connection.close_pool()
    pid = os.fork()
    if pid:
        return pid
    try:
        while True:
            run_due()
            time.sleep(0.01)
    finally:
        os._exit(1)
