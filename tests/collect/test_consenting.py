"""What consent refuses is counted and never stored."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_member, make_visitor, receive
from zhiyue.collect import lake
from zhiyue.collect.cleaning import clean
from zhiyue.collect.consenting import granting
from zhiyue.collect.erasing import forget_person
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import ConsentCount, Event, Quarantined, Subject
from zhiyue.collect.selectors import event_by_id, last_seen, latest_events, seen_since
from zhiyue.collect.services import import_history, record
from zhiyue.collect.slates import signed
from zhiyue.core.accounts.models import User
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, NOTHING, Purpose
from zhiyue.core.consent.services import bring, choose
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0"


@pytest.fixture
def at_commit(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def counts():
    return {row.name: row.n for row in ConsentCount.objects.all()}


def viewed(**more):
    return {"id": str(uuid4()), "name": "page.viewed", "at": clock.now().isoformat(), **more}


def test_an_act_is_kept_for_the_purposes_it_serves_and_the_person_consents_to(learner):
    some = Actor(visitor=make_visitor(Purpose.PERSONALISATION | Purpose.MESSAGES))
    record("course.viewed", actor=some, course_id=7)
    record("course.viewed", actor=Actor(member_id=learner.pk), course_id=7)
    assert list(Event.objects.order_by("pk").values_list("purposes", flat=True)) == [
        Purpose.PERSONALISATION,
        Purpose.ANALYTICS | Purpose.PERSONALISATION,
    ]
    assert Event.objects.serving(Purpose.ANALYTICS).get().member_id == learner.pk


@pytest.mark.parametrize("granted", [NOTHING, Purpose.MESSAGES | Purpose.EXPERIMENTS])
def test_what_serves_nothing_that_was_consented_to_is_counted_and_not_stored(granted, at_commit):
    actor = Actor(visitor=make_visitor(granted))
    with at_commit():
        assert record("course.viewed", actor=actor, course_id=7) is None
        assert record("course.viewed", actor=actor, course_id=8) is None
    assert not Event.objects.exists()
    assert counts() == {"course.viewed": 2}


def test_who_was_never_asked_is_not_recorded(at_commit):
    with at_commit():
        assert record("course.viewed", actor=Actor(visitor=uuid4()), course_id=7) is None
    assert not Event.objects.exists()
    assert counts() == {"course.viewed": 1}


def test_what_the_service_itself_needs_is_kept_and_serves_nothing_else(at_commit):
    member = make_member("no@test.example", granted=NOTHING)
    with at_commit():
        record("course.enrolled", actor=Actor(member_id=member.pk), course_id=7)
    assert Event.objects.get().purposes == 0
    assert counts() == {}


def test_a_batch_of_somebody_who_refuses_is_counted_whole(at_commit):
    actor = Actor(visitor=make_visitor(NOTHING))
    batch = [viewed(properties={"path": "/"}), viewed(properties={"path": "/courses/"}), {"rubbish": True}]
    with at_commit():
        receipt = receive(batch, actor=actor, user_agent=BROWSER)
    assert (receipt.accepted, receipt.unconsented) == (0, 2)
    assert receipt.refused == ((2, "unknown_property"),)
    assert not Event.objects.exists()
    # Not even as a sample of what was wrong.
    assert not Quarantined.objects.exists()
    assert counts() == {"page.viewed": 2}


def test_what_a_batch_holds_twice_is_counted_once(at_commit):
    actor = Actor(visitor=make_visitor(NOTHING))
    one = viewed(properties={"path": "/"})
    with at_commit():
        receipt = receive([one, one], actor=actor, user_agent=BROWSER)
    assert (receipt.unconsented, receipt.duplicates) == (1, 1)
    assert counts() == {"page.viewed": 1}


def test_the_quarantine_knows_whose_an_entry_is(visitor):
    receive([{"rubbish": True}], actor=Actor(visitor=visitor), user_agent=BROWSER)
    [row] = Quarantined.objects.all()
    assert (row.visitor, row.member_id, row.is_whole) == (visitor, None, True)


def test_a_withdrawal_holds_from_the_next_act_on(learner):
    actor = Actor(member_id=learner.pk)
    record("course.viewed", actor=actor, course_id=7)
    choose(member_id=learner.pk, visitor=None, granted=NOTHING, way=Choice.Way.SETTINGS)
    assert record("course.viewed", actor=actor, course_id=8) is None
    assert [event.course_id for event in Event.objects.all()] == [7]


def test_the_past_of_who_refuses_is_not_imported(learner, at_commit):
    refuses = make_member("no@test.example", granted=NOTHING)
    now = clock.now()

    def past(member, course_id):
        cleaned = clean(
            name="course.viewed",
            origin="import",
            event_id=uuid4(),
            course_id=course_id,
            lesson_id=None,
            properties={},
            occurred_at=now,
            received_at=now,
        )
        return cleaned, Actor(member_id=member.pk)

    with at_commit():
        assert import_history(events=[past(learner, 7), past(refuses, 8), past(refuses, 9)]) == 1
    event = Event.objects.get()
    assert (event.course_id, event.purposes) == (7, Purpose.ANALYTICS | Purpose.PERSONALISATION)
    assert counts() == {"course.viewed": 2}


def test_a_caller_who_knows_the_consent_spares_the_question(learner, django_assert_num_queries):
    with django_assert_num_queries(1):  # the insert
        record("course.viewed", actor=Actor(member_id=learner.pk, granted=EVERYTHING), course_id=7)


def test_staff_see_only_what_may_be_analysed(learner):
    shy = make_member("shy@test.example", granted=Purpose.PERSONALISATION)
    for member in (learner, shy):
        record("course.viewed", actor=Actor(member_id=member.pk), course_id=7)
    record("member.signed_in", actor=Actor(member_id=shy.pk))
    assert [event.member_id for event in latest_events()] == [learner.pk]
    assert latest_events(actor=Actor(member_id=shy.pk)) == []
    theirs = Event.objects.filter(member=shy).values_list("pk", flat=True)
    assert [event_by_id(pk) for pk in theirs] == [None, None]
    active = User.objects.filter(seen_since(clock.now() - timedelta(days=1)))
    assert list(active) == [learner]
    seen = User.objects.annotate(seen=last_seen()).exclude(seen=None)
    assert list(seen) == [learner]


def test_forgetting_a_person_leaves_others_alone_and_reopens_their_days(learner, visitor):
    earlier = clock.now() - timedelta(days=3)
    for actor in (
        Actor(member_id=learner.pk),
        Actor(member_id=learner.pk, visitor=visitor),
        Actor(visitor=visitor),
    ):
        record("course.viewed", actor=actor, course_id=7, occurred_at=earlier)
    Quarantined.objects.create(received_at=clock.now(), reason="malformed", payload="{}", member=learner)
    Quarantined.objects.create(received_at=clock.now(), reason="malformed", payload="{}", visitor=visitor)
    Subject.objects.create(key=1, member=learner)
    Subject.objects.create(key=2, visitor=visitor)
    lake.seal_past_days()
    assert forget_person(member_id=learner.pk, visitor=None) == 2
    assert [(event.member_id, event.visitor) for event in Event.objects.all()] == [(None, visitor)]
    assert [row.visitor for row in Quarantined.objects.all()] == [visitor]
    assert [row.key for row in Subject.objects.all()] == [2]
    with lake.events(purpose=Purpose.ANALYTICS) as events:
        assert events.count().to_pyarrow().as_py() == 1
    assert forget_person(member_id=None, visitor=None) == 0
    assert forget_person(member_id=None, visitor=visitor) == 1
    assert (Event.objects.count(), Quarantined.objects.count(), Subject.objects.count()) == (0, 0, 0)


def test_of_many_people_those_are_told_who_consent_now(learner, visitor, django_assert_num_queries):
    refuses, never_asked = make_visitor(NOTHING), uuid4()
    took_back = make_member("back@test.example")
    choose(
        member_id=took_back.pk,
        visitor=None,
        granted=Purpose.PERSONALISATION,
        way=Choice.Way.SETTINGS,
    )
    people = [
        Actor(member_id=learner.pk),
        # A member's own choice counts, whatever was chosen in the browser.
        Actor(member_id=learner.pk, visitor=refuses),
        Actor(member_id=took_back.pk, visitor=visitor),
        Actor(visitor=visitor),
        Actor(visitor=refuses),
        Actor(visitor=never_asked),
        Actor(),
    ]
    with django_assert_num_queries(2):
        assert granting(Purpose.ANALYTICS, people) == {people[0], people[1], people[3]}
    assert granting(Purpose.PERSONALISATION, people) == {people[0], people[1], people[2], people[3]}


@pytest.fixture
def at(monkeypatch):
    """`at(minutes)` moves the clock to so long after noon."""
    noon = clock.day_start(clock.business_day()) + timedelta(hours=12)

    def move(minutes):
        moment = noon + timedelta(minutes=minutes)
        monkeypatch.setattr(clock, "now", lambda: moment)
        return moment

    return move


def chose(actor, granted):
    choose(member_id=actor.member_id, visitor=actor.visitor, granted=granted, way=Choice.Way.SETTINGS)


def tell_of(at, actor, *minutes):
    """Pages looked at in these minutes, told in the minute 60."""
    moments = [at(one).isoformat() for one in minutes]
    at(60)
    batch = [viewed(at=moment, properties={"path": "/"}) for moment in moments]
    return receive(batch, actor=actor, user_agent=BROWSER)


def test_of_what_went_wrong_while_they_refused_nothing_is_kept(at):
    actor = Actor(visitor=uuid4())
    at(0)
    chose(actor, NOTHING)
    acted = at(10)
    at(20)
    chose(actor, EVERYTHING)
    later = at(30)
    batch = [
        viewed(at=moment.isoformat(), properties={"path": "/", "secret": "words"})
        for moment in (acted, later)
    ]
    at(60)
    receive([*batch, {"at": "never"}, "rubbish"], actor=actor, user_agent=BROWSER)
    # Those that say no time count as told when they came.
    assert [json.loads(row.payload) for row in Quarantined.objects.order_by("pk")] == [
        batch[1],
        {"at": "never"},
        "rubbish",
    ]


def test_what_happened_before_the_first_choice_stays_unstored(at, at_commit):
    actor = Actor(visitor=uuid4())
    at(10)
    chose(actor, EVERYTHING)
    with at_commit():
        receipt = tell_of(at, actor, 5, 9, 10, 20)
    assert (receipt.accepted, receipt.unconsented) == (2, 2)
    assert counts() == {"page.viewed": 2}


def test_what_happened_while_somebody_refused_stays_unstored(at):
    actor = Actor(visitor=uuid4())
    for minute, granted in ((0, EVERYTHING), (10, NOTHING), (20, EVERYTHING), (30, EVERYTHING)):
        at(minute)
        chose(actor, granted)
    receipt = tell_of(at, actor, 5, 15, 25, 40)
    assert (receipt.accepted, receipt.unconsented) == (3, 1)
    assert at(15) not in set(Event.objects.values_list("occurred_at", flat=True))


def test_an_act_serves_only_what_was_granted_then_and_now(at):
    actor = Actor(visitor=uuid4())
    at(0)
    chose(actor, Purpose.ANALYTICS | Purpose.PERSONALISATION)
    at(10)
    chose(actor, Purpose.PERSONALISATION | Purpose.EXPERIMENTS)
    moments = [at(5).isoformat(), at(15).isoformat()]
    at(60)
    chosen = {"slate": signed("for-you", policy="popular", courses=[1]), "policy": "popular", "position": 1}
    batch = [viewed(name="slate.chosen", course_id=1, at=moment, properties=chosen) for moment in moments]
    receive(batch, actor=actor, user_agent=BROWSER)
    assert list(Event.objects.order_by("occurred_at").values_list("purposes", flat=True)) == [
        Purpose.PERSONALISATION,
        Purpose.PERSONALISATION | Purpose.EXPERIMENTS,
    ]


def test_a_new_member_consented_before_under_their_browsers_key(at):
    key, member = uuid4(), make_member("new@test.example", granted=None)
    at(0)
    chose(Actor(visitor=key), EVERYTHING)
    at(10)
    bring(visitor=key, member_id=member.pk)
    receipt = tell_of(at, Actor(member_id=member.pk, visitor=key), -5, 5, 15)
    assert (receipt.accepted, receipt.unconsented) == (2, 1)
    assert tell_of(at, Actor(member_id=member.pk, visitor=uuid4()), 5).unconsented == 1


def test_earlier_choices_are_asked_for_where_an_act_is_older_than_the_one_in_force(at):
    at(10)
    actor = Actor(visitor=make_visitor())
    chose(actor, Purpose.ANALYTICS)

    def queries(*minutes):
        with CaptureQueriesContext(connection) as asked:
            tell_of(at, actor, *minutes)
        return len([one for one in asked if "consent_choice" in one["sql"]])

    assert (queries(20, 30), queries(5, 6, 20)) == (1, 2)
