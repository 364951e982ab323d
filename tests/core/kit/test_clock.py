from datetime import UTC, date, datetime

from zhiyue.core.kit import clock


def test_the_business_day_is_that_of_the_academys_zone():
    assert clock.business_day(datetime(2026, 5, 1, 15, 59, tzinfo=UTC)) == date(2026, 5, 1)
    assert clock.business_day(datetime(2026, 5, 1, 16, 0, tzinfo=UTC)) == date(2026, 5, 2)


def test_a_day_begins_at_midnight_of_the_zone():
    assert clock.day_start(date(2026, 5, 2)) == datetime(2026, 5, 1, 16, 0, tzinfo=UTC)
