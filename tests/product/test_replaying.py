"""What was kept out is judged again: taken in once, as of when it came, by whoever may ask for it."""

from datetime import timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection

from tests.conftest import BROWSER
from tests.factories import lesson_of
from zhiyue.collect import quarantine
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, QuarantineCount, Quarantined
from zhiyue.collect.quarantine_acts import entries, kept_out, throw_away
from zhiyue.collect.services import join_visitor
from zhiyue.collect.vocabulary import BROWSER as BY_BROWSERS
from zhiyue.collect.vocabulary import KINDS, EventKind, Property
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, NOTHING, Purpose
from zhiyue.core.consent.services import choose
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning import replaying
from zhiyue.product.learning.models import LessonProgress
from zhiyue.product.learning.privacy import choose_consent
from zhiyue.product.learning.receiving import receive_from_browser
from zhiyue.product.learning.rejudging import Rejudged, rejudge
from zhiyue.product.learning.replaying import replay

pytestmark = pytest.mark.django_db

NEW_KIND = EventKind(
    "poster.made", "browse", "A poster was made.", BY_BROWSERS, properties=(Property("size", "int", most=9),)
)


@pytest.fixture
def staff(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


def poster(**more):
    return {
        "id": str(uuid4()),
        "name": "poster.made",
        "at": clock.now().isoformat(),
        "properties": {"size": 1},
        **more,
    }


def told(member, *batch):
    return receive_from_browser(
        batch=list(batch), user=member, actor=Actor(member_id=member.pk), user_agent=BROWSER
    )


@pytest.fixture
def mended(monkeypatch):
    return lambda: monkeypatch.setitem(KINDS, NEW_KIND.name, NEW_KIND)


def outcomes():
    return list(Quarantined.objects.order_by("pk").values_list("outcome", flat=True))


def test_after_a_mend_what_was_unknown_is_taken_in_as_of_when_it_came(learner, staff, mended, monkeypatch):
    came = clock.now() - timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: came)
    told(learner, poster(), poster(at=(came - timedelta(days=6)).isoformat()))
    monkeypatch.undo()
    mended()
    assert replay(viewer=staff, reason="unknown_event") == Rejudged(accepted=2)
    first, second = Event.objects.order_by("occurred_at")
    assert (first.occurred_at, first.corrections) == (came - timedelta(days=6), [])
    assert (second.occurred_at, second.recorded_at, second.member_id) == (came, came, learner.pk)
    assert outcomes() == ["accepted", "accepted"]
    assert QuarantineCount.objects.get().replayed == 2


def test_a_clock_that_was_wrong_then_is_set_right_again(learner, staff, mended):
    ahead = timedelta(hours=3)
    acted = clock.now() - timedelta(minutes=4)
    receive_from_browser(
        batch=[poster(at=(acted + ahead).isoformat())],
        user=learner,
        actor=Actor(member_id=learner.pk),
        user_agent=BROWSER,
        sent_at=clock.now() + ahead,
    )
    mended()
    assert replay(viewer=staff, name="poster.made") == Rejudged(accepted=1)
    event = Event.objects.get()
    assert event.corrections == ["clock_shifted"]
    assert abs(event.occurred_at - acted) < timedelta(seconds=5)


def test_where_nothing_is_named_nothing_is_judged(learner, staff, mended):
    told(learner, poster())
    mended()
    assert replay(viewer=staff) == Rejudged()
    assert (outcomes(), AuditEntry.objects.count()) == ([""], 0)


def test_an_entry_that_is_taken_in_is_what_was_sent(learner, staff, mended):
    told(learner, poster(colour="\ud800"))
    assert not Quarantined.objects.get().is_whole


def test_an_entry_that_was_taken_in_is_not_taken_in_again(learner, staff, mended):
    told(learner, poster())
    mended()
    assert replay(viewer=staff, name="poster.made") == Rejudged(accepted=1)
    Event.objects.all().delete()
    [entry] = Quarantined.objects.all()
    assert replay(viewer=staff, entry_ids=[entry.pk]) == Rejudged()
    assert rejudge([entry.pk]) == Rejudged()
    assert not Event.objects.exists()


def test_what_came_another_way_meanwhile_is_a_duplicate(learner, staff, mended):
    one = poster()
    told(learner, one)
    mended()
    told(learner, one)
    assert replay(viewer=staff, name="poster.made") == Rejudged(duplicates=1)
    assert (Event.objects.count(), outcomes()) == (1, ["duplicate"])
    assert QuarantineCount.objects.get().replayed == 0


def test_what_fails_again_stays_with_its_new_reason_and_is_not_counted_twice(learner, staff, mended):
    told(learner, poster(properties={"size": 10}))
    mended()
    assert replay(viewer=staff, name="poster.made") == Rejudged(refused=1)
    assert (Event.objects.count(), outcomes()) == (0, ["out_of_bounds"])
    assert list(QuarantineCount.objects.values_list("reason", "n", "replayed")) == [("unknown_event", 1, 0)]
    assert replay(viewer=staff, name="poster.made") == Rejudged(refused=1)


def test_rights_are_asked_again(learner, staff, course):
    lesson = lesson_of(course, "two")
    read = poster(
        name="lesson.progressed",
        course_id=course.pk,
        lesson_id=lesson.pk,
        properties={"percent": 40, "seconds": 60},
    )
    told(learner, read)
    assert replay(viewer=staff, reason="lesson_closed") == Rejudged(refused=1)
    assert outcomes() == ["lesson_closed"]
    grant_course(user=learner, course=course)
    assert replay(viewer=staff, reason="lesson_closed") == Rejudged(accepted=1)
    assert LessonProgress.objects.get().percent == 40


def test_consent_is_asked_again_and_without_it_the_entry_goes(learner, staff, mended):
    told(learner, poster())
    mended()
    choose(member_id=learner.pk, visitor=None, granted=NOTHING, way=Choice.Way.SETTINGS)
    assert replay(viewer=staff, name="poster.made") == Rejudged(unconsented=1)
    assert (Event.objects.count(), Quarantined.objects.count()) == (0, 0)


def test_a_withdrawal_takes_the_sample_with_it(learner, visitor, staff):
    told(learner, poster())
    receive_from_browser(batch=[poster()], user=None, actor=Actor(visitor=visitor), user_agent=BROWSER)
    choose_consent(
        actor=Actor(member_id=learner.pk), granted=Purpose.PERSONALISATION, way=Choice.Way.SETTINGS
    )
    assert [row.visitor for row in Quarantined.objects.all()] == [visitor]
    choose_consent(actor=Actor(visitor=visitor), granted=NOTHING, way=Choice.Way.BAR)
    assert not Quarantined.objects.exists()
    assert QuarantineCount.objects.get().n == 2


def test_what_is_refused_again_is_not_kept_of_who_withdrew(learner, staff):
    told(learner, poster())
    choose(member_id=learner.pk, visitor=None, granted=NOTHING, way=Choice.Way.SETTINGS)
    assert replay(viewer=staff, name="poster.made") == Rejudged(unconsented=1)
    assert not Quarantined.objects.exists()


def test_what_was_cut_can_not_be_judged_again(learner, staff):
    told(learner, poster(colour="x" * 3000))
    assert replay(viewer=staff, name="poster.made") == Rejudged()
    assert outcomes() == [""]


def test_a_visitors_entries_become_the_members(learner, visitor, staff, mended):
    receive_from_browser(batch=[poster()], user=None, actor=Actor(visitor=visitor), user_agent=BROWSER)
    join_visitor(visitor=visitor, member_id=learner.pk)
    mended()
    replay(viewer=staff, name="poster.made")
    assert Event.objects.get().member_id == learner.pk


def test_many_are_a_jobs_work(learner, staff, mended, monkeypatch):
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    told(learner, poster(), poster(), poster())
    mended()
    assert replay(viewer=staff, name="poster.made") is None
    job = Job.objects.get(name="learning.replay_quarantine")
    assert rejudge(job.kwargs["entry_ids"]) == Rejudged(accepted=3)


def test_replaying_and_throwing_away_are_staffs_and_noted(learner, agent, staff, mended):
    told(learner, poster())
    mended()
    stranger = Viewer(user=agent, visitor=None, roles=frozenset({"agent"}))
    for act in (
        lambda: replay(viewer=stranger, reason="unknown_event"),
        lambda: throw_away(viewer=stranger, reason="unknown_event"),
        lambda: kept_out(stranger),
        lambda: entries(stranger),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert (Event.objects.count(), Quarantined.objects.count(), AuditEntry.objects.count()) == (0, 1, 0)
    replay(viewer=staff, reason="unknown_event")
    assert throw_away(viewer=staff, reason="unknown_event") == 1
    noted = AuditEntry.objects.order_by("pk").values_list("act", "subject_id", "after")
    assert list(noted) == [
        ("quarantine.replayed", "unknown_event", {"entries": 1}),
        ("quarantine.thrown_away", "unknown_event", {"entries": 1}),
    ]
    assert not Quarantined.objects.exists()
    assert QuarantineCount.objects.get().n == 1


def test_the_counts_of_two_weeks_stand_by_reason_and_day(learner, staff, monkeypatch):
    told(learner, {}, poster())
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=1))
    told(learner, {})
    malformed, unknown = kept_out(staff)
    assert (malformed.reason, malformed.total, malformed.by_day[-2:]) == ("malformed", 2, (1, 1))
    assert (unknown.reason, unknown.by_day[-2:], unknown.sampled) == ("unknown_event", (1, 0), 1)
    assert len(malformed.by_day) == quarantine.DAYS


@pytest.mark.django_db(transaction=True)
def test_two_replays_at_once_take_an_entry_in_once(learner, mended):
    told(learner, *[poster() for _ in range(6)])
    mended()
    ids = list(Quarantined.objects.values_list("pk", flat=True))
    barrier, found = Barrier(2), []

    def again() -> None:
        barrier.wait(timeout=20)
        found.append(rejudge(ids).accepted)
        connection.close()

    threads = [Thread(target=again) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sum(found) == 6
    assert (Event.objects.count(), QuarantineCount.objects.get().replayed) == (6, 6)


def test_what_happened_while_somebody_refused_is_not_taken_in_later(learner, staff, mended, monkeypatch):
    now = clock.now()
    for hours, granted in ((5, NOTHING), (3, EVERYTHING)):
        monkeypatch.setattr(clock, "now", lambda hours=hours: now - timedelta(hours=hours))
        choose(member_id=learner.pk, visitor=None, granted=granted, way=Choice.Way.SETTINGS)
    monkeypatch.setattr(clock, "now", lambda: now)
    told(learner, *[poster(at=(now - timedelta(hours=hours)).isoformat()) for hours in (6, 4, 2)])
    mended()
    # Of the one they refused not even a sample was kept.
    assert replay(viewer=staff, name="poster.made") == Rejudged(accepted=2)
    hours = [
        (now - event.occurred_at) // timedelta(hours=1) for event in Event.objects.order_by("occurred_at")
    ]
    assert [n for n in hours if n] == [6, 2]
