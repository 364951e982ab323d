"""The zone in which days were counted is remembered, and days can be counted anew."""

from datetime import UTC, date, datetime

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.utils import translation

from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, Logbook, SealedDay
from zhiyue.collect.services import record
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.monitor.examination import examine

pytestmark = pytest.mark.django_db


@pytest.fixture
def late_evening(learner, monkeypatch):
    """An act of 17:30 UTC, which is the next day in Shanghai, and one of noon; both days are sealed."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 9, 12, tzinfo=UTC))
    for hour, minute in ((12, 0), (17, 30)):
        moment = datetime(2026, 3, 5, hour, minute, tzinfo=UTC)
        record("course.viewed", actor=Actor(member_id=learner.pk), course_id=1, occurred_at=moment)
    assert lake.seal_past_days() == 2


def in_lake():
    rows = lake.ask(lambda events: events.order_by("id").to_pyarrow(), purpose=Purpose.ANALYTICS)
    return list(zip(rows["day"].to_pylist(), rows["hour"].to_pylist(), strict=True))


def warned():
    with translation.override("en"):
        [doctor] = [one for one in examine(thorough=False) if one.key == "clock"]
    found = run_checks(tags=["collect"], databases=["default"])
    assert ("Asia/Shanghai. Set" in doctor.said) == (doctor.state == "warn") == bool(found)
    return [one.id for one in found]


def test_a_zone_that_was_changed_is_warned_of_until_days_are_counted_anew(late_evening, settings, capsys):
    assert (Logbook.objects.get().time_zone, warned()) == ("Asia/Shanghai", [])
    before = [(date(2026, 3, 5), 20), (date(2026, 3, 6), 1)]
    assert in_lake() == before
    settings.ZHIYUE_TIME_ZONE = "UTC"
    assert warned() == ["zhiyue.W002"]
    assert in_lake() == before
    mark = Logbook.objects.get().mark

    call_command("lake", "recount")
    assert capsys.readouterr().out == "Events that fall on another day now: 1.\n"
    assert (warned(), Logbook.objects.get().mark) == ([], mark)
    after = [(date(2026, 3, 5), 12), (date(2026, 3, 5), 17)]
    assert not SealedDay.objects.exclude(file="").exists()
    assert in_lake() == after
    assert list(Event.objects.order_by("pk").values_list("day", flat=True)) == [date(2026, 3, 5)] * 2
    lake.seal_past_days()
    assert (in_lake(), lake.verify().fault_count) == (after, 0)
    call_command("lake", "recount")
    assert capsys.readouterr().out == "Events that fall on another day now: 0.\n"


def test_a_log_of_which_nothing_was_sealed_yet_warns_of_nothing(db):
    assert (Logbook.objects.count(), warned()) == (0, [])
