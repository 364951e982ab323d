"""What may be registered, and when a schedule is due."""

from datetime import UTC, datetime, time

import pytest

from tests.core.jobs import acts
from zhiyue.core.jobs import registry
from zhiyue.core.jobs.registry import Daily, Every, daily, every, job


def test_a_job_can_still_be_called_here_and_now(journal):
    acts.note(journal=journal.path, text="by hand")
    assert journal.lines == ["by hand"]


def test_two_jobs_cannot_share_a_name():
    with pytest.raises(ValueError, match=r"Two jobs are called “test\.note”"):
        job(name="test.note")(lambda: None)


def test_a_job_takes_keywords_only():
    def by_position(lesson_id: int) -> None: ...

    with pytest.raises(TypeError, match="“lesson_id” must be keyword-only"):
        job(name="test.by_position")(by_position)
    assert registry.find("test.by_position") is None


def test_a_job_cannot_take_a_word_of_enqueue():
    def keyed(*, key: str) -> None: ...

    with pytest.raises(TypeError, match="“key” must be keyword-only, and none of delay_seconds, job, key"):
        job(name="test.keyed")(keyed)


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"lease_seconds": 0}, {"backoff_seconds": -1}])
def test_a_job_needs_sensible_numbers(wrong):
    with pytest.raises(ValueError, match="attempts ≥ 1"):
        job(name="test.never", **wrong)


def test_a_schedule_needs_a_period():
    with pytest.raises(ValueError, match="minutes or seconds"):
        every(job=acts.tick, name="test.never")


def test_a_schedule_needs_a_time_of_day():
    with pytest.raises(ValueError, match="such as “03:30”, not “25:00”"):
        daily(at="25:00", job=acts.tick, name="test.never")


def test_a_schedule_is_checked_against_its_job_when_registered():
    with pytest.raises(TypeError, match=r"Job “test\.tick”: got an unexpected keyword argument 'depth'"):
        every(minutes=1, job=acts.tick, kwargs={"depth": 3}, name="test.never")
    assert "test.never" not in registry.schedules()


def test_two_schedules_cannot_share_a_name():
    with pytest.raises(ValueError, match=r"Two schedules are called “test\.tick”"):
        every(minutes=1, job=acts.tick)


def at(hour: int, minute: int, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def test_a_period_keeps_its_step():
    assert Every(600).following(at(8, 0), at(8, 3)) == at(8, 10)


def test_missed_periods_are_left_out():
    assert Every(600).following(at(8, 0), at(9, 7)) == at(9, 10)


def test_a_day_begins_in_the_business_zone(settings):
    settings.ZHIYUE_TIME_ZONE = "Asia/Shanghai"
    nightly = Daily(time(3, 30))
    # 03:30 in Shanghai is 19:30 UTC of the day before.
    assert nightly.first(at(19, 29)) == at(19, 30)
    assert nightly.following(at(19, 30), at(19, 30)) == at(19, 30, day=11)


def test_a_daily_time_follows_summer_time(settings):
    settings.ZHIYUE_TIME_ZONE = "Europe/Berlin"
    # Clocks go forward on 29 March 2026: 03:30 is 02:30 UTC before and 01:30 UTC after.
    assert Daily(time(3, 30)).first(at(12, 0, day=27)) == at(2, 30, day=28)
    assert Daily(time(3, 30)).first(at(12, 0, day=28)) == at(1, 30, day=29)
