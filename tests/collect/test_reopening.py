"""Past days reopened by several at once, where the database locks single rows."""

from datetime import timedelta
from random import Random
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from zhiyue.collect.days import reopen
from zhiyue.collect.models import SealedDay
from zhiyue.core.kit import clock

ROUNDS, DAYS = 40, 60


@pytest.mark.django_db(transaction=True)
def test_days_are_reopened_by_two_at_once_without_a_deadlock():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nothing to wait for in a circle.")
    days = [clock.business_day() - timedelta(days=n) for n in range(1, DAYS + 1)]
    barrier, failures = Barrier(2), []

    def shuffle(seed: int) -> None:
        shuffled = Random(seed)
        try:
            for turn in range(ROUNDS):
                wanted = shuffled.sample(days, len(days))
                barrier.wait(timeout=20)
                with transaction.atomic():
                    reopen(wanted)
                barrier.wait(timeout=20)
                if turn % 2 and seed == 1:
                    SealedDay.objects.all().delete()
        except Exception as failure:
            failures.append(failure)
            barrier.abort()
        finally:
            connection.close()

    threads = [Thread(target=shuffle, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)
