"""Two processes that count the same night, as after a job that was taken for lost."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from zhiyue.core.kit import clock
from zhiyue.recommend import arms, live
from zhiyue.recommend.models import ArmDay, Contest, LivePolicy

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_who_count_at_once_both_end_well_and_nothing_is_counted_twice(monkeypatch):
    began = clock.day_start(clock.business_day() - timedelta(days=3))
    equal = {"walks": 0.5, "hybrid": 0.5}
    contest = Contest.objects.create(
        policies=["walks", "hybrid"], chances={clock.business_day(began).isoformat(): equal}, began_at=began
    )
    LivePolicy.objects.create(policy="hybrid", contest=contest)
    gate, ended, read = Barrier(2), [], arms.days_of_people

    def together(*asked, **more):
        found = read(*asked, **more)
        # Both have read before either writes.
        gate.wait(timeout=30)
        return found

    monkeypatch.setattr(arms, "days_of_people", together)

    def count():
        try:
            arms.count(Contest.objects.get(), today=clock.business_day())
            ended.append(True)
        finally:
            connection.close()

    for _ in range(4):
        threads = [Thread(target=count) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ArmDay.objects.count() == 6
    live.forget()
    assert len(ended) == 8
