"""Follow one click: each station's numbers, the live part, and whose acts are shown."""

import math
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.formats import date_format

from tests.conftest import BROWSER
from tests.factories import lesson_of, make_member, receive
from zhiyue.analyse.weights import INTEREST
from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, HistoryImport, SealedDay, Subject
from zhiyue.collect.selectors import latest_events
from zhiyue.collect.services import record
from zhiyue.collect.slates import signed
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import VERSION, Purpose
from zhiyue.core.consent.services import choose
from zhiyue.core.kit import clock
from zhiyue.experience.desk import words
from zhiyue.experience.desk.follow import journey, telling
from zhiyue.product.commerce.services import enrol_free
from zhiyue.product.learning.receiving import receive_from_browser
from zhiyue.product.learning.services import finish_lesson, open_lesson, save_course, view_course
from zhiyue.recommend import memory

pytestmark = pytest.mark.django_db


# --- what the stations say ---


def test_the_act_is_told_in_words_with_who_what_and_whence(academy, reader, in_english):
    open_lesson(user=None, actor=reader, lesson=lesson_of(academy[0], "one"))
    event = latest_events(limit=1)[0]
    act = journey(event).act
    assert (str(act.says), act.who, act.course, act.lesson) == (
        "Opened a lesson",
        "小林",
        "data 0",
        "第 one 讲",
    )
    assert (act.name, act.event_id, str(act.origin)) == (
        "lesson.opened",
        str(event.event_id),
        "told by the server",
    )
    assert act.who_key == str(reader.member_id)
    assert act.is_today


def test_cleaning_tells_the_delay_and_whose_clock_was_taken(academy, reader, in_english):
    ahead = (clock.now() + timedelta(hours=3)).isoformat()
    late = (clock.now() - timedelta(seconds=90)).isoformat()
    entry = {"name": "page.viewed", "properties": {"path": "/courses/"}}
    receive(
        [entry | {"id": str(uuid4()), "at": late}, entry | {"id": str(uuid4()), "at": ahead}],
        actor=reader,
        user_agent=BROWSER,
    )
    wrong, delayed = latest_events(limit=2)
    told = journey(wrong).cleaning
    assert [str(one) for one in told.clock] == ["ran ahead, the time of arrival was taken"]
    assert told.delay_ms == 0
    cleaning = journey(delayed).cleaning
    assert (cleaning.clock, cleaning.reading, cleaning.is_reading, cleaning.is_member) == (
        (),
        (),
        False,
        True,
    )
    assert 90_000 <= cleaning.delay_ms < 92_000
    assert journey(delayed).act.detail == "/courses/"


def test_what_no_browser_told_has_no_delay(academy, reader):
    view_course(actor=reader, course=academy[0])
    by_server = journey(latest_events(limit=1)[0]).cleaning
    assert (by_server.delay_ms, by_server.is_history, by_server.clock) == (None, False, ())


def test_every_correction_an_event_had_is_told(academy, reader, in_english):
    lesson = lesson_of(academy[0], "one")
    entry = {"name": "lesson.progressed", "course_id": academy[0].pk, "lesson_id": lesson.pk}
    now = clock.now()
    at = (now - timedelta(hours=1)).isoformat()
    receive_from_browser(
        batch=[
            entry | {"id": str(uuid4()), "at": at, "properties": {"seconds": 60, "percent": 5}},
            entry | {"id": str(uuid4()), "at": at, "properties": {"seconds": 60, "percent": 100}},
        ],
        user=None,
        actor=reader,
        user_agent=BROWSER,
        sent_at=now - timedelta(hours=1),
    )
    bounded, believed = (journey(event).cleaning for event in latest_events(actor=reader))
    assert [str(one) for one in believed.clock] == ["was wrong and set right"]
    assert (believed.reading, believed.is_reading) == ((), True)
    assert [str(one) for one in bounded.reading] == [
        "more seconds were told than went by; the rest was taken off",
        "further than can be read in that time; the rest was taken off",
    ]
    corrections = {code for event in Event.objects.all() for code in event.corrections}
    assert corrections == {"clock_shifted", "seconds_bounded", "percent_bounded"}


def test_interest_grows_by_the_weight_in_the_course_and_its_topic(academy, reader):
    view_course(actor=reader, course=academy[1])
    view_course(actor=reader, course=academy[4])
    save_course(actor=reader, course=academy[0])
    with translation.override("en"):
        weighing = journey(latest_events(limit=1)[0]).weighing
    assert (weighing.weight, weighing.fade) == (3.0, pytest.approx(1, abs=1e-4))
    told = [(bar.label, round(bar.before, 3), round(bar.after, 3), bar.is_course) for bar in weighing.bars]
    assert told == [
        ("data 0", 0.0, 3.0, True),
        ("Topic data", 1.0, 4.0, False),
        ("Topic poems", 1.0, 1.0, False),
    ]
    assert [(bar.before_share, bar.after_share) for bar in weighing.bars] == [
        (0.0, pytest.approx(75, abs=0.1)),
        (pytest.approx(25, abs=0.1), 100.0),
        (pytest.approx(25, abs=0.1), pytest.approx(25, abs=0.1)),
    ]


def test_an_act_of_thirty_days_ago_counts_half_and_no_longer_in_a(academy, reader):
    event = record(
        "course.saved", actor=reader, course_id=academy[0].pk, occurred_at=clock.now() - timedelta(days=30)
    )
    told = journey(event)
    assert told.weighing.counts == pytest.approx(1.5, abs=1e-4)
    assert told.measuring.own_change == 0
    assert told.measuring.academy_change == "+0.0000"
    assert not told.act.is_today


def test_later_acts_change_nothing_in_the_picture_of_an_earlier_one(academy, reader):
    view_course(actor=reader, course=academy[0])
    event = latest_events(limit=1)[0]
    before = journey(event)
    save_course(actor=reader, course=academy[5])
    after = journey(event)
    assert [place.course_id for place in before.slate.after] == [
        place.course_id for place in after.slate.after
    ]
    assert before.measuring.move.own_after == after.measuring.move.own_after
    assert [round(bar.after, 4) for bar in before.weighing.bars] == [
        round(bar.after, 4) for bar in after.weighing.bars
    ]


def test_the_slate_turns_to_the_act_and_names_it(academy, reader):
    view_course(actor=reader, course=academy[4])
    save_course(actor=reader, course=academy[0])
    change = journey(latest_events(limit=1)[0]).slate
    before = {place.course_id: place for place in change.before}
    assert len(change.after) == len(change.before) == 6
    assert change.is_changed
    assert change.after[0].by_this
    assert "data 0" in change.after[0].reason
    for place in change.after:
        old = before.get(place.course_id)
        if old is None:
            assert (place.move, place.steps) == ("new", 0)
        else:
            rise = old.position - place.position
            assert place.move == ("up" if rise > 0 else "down" if rise < 0 else "same")
            assert (place.steps, old.steps) == (abs(rise), abs(rise))
    assert change.new == sum(place.move == "left" for place in change.before) == len(change.leaving)
    assert len(change.lines) == 6 - change.new


def test_joining_a_course_takes_it_off_the_slate_it_stood_on(academy, learner, reader):
    view_course(actor=reader, course=academy[0])
    wanted = journey(latest_events(limit=1)[0]).slate.after[0]
    course = next(course for course in academy if course.pk == wanted.course_id)
    enrol_free(user=learner, actor=reader, course=course)
    event = Event.objects.get(name="course.enrolled", member=learner)
    change = journey(event).slate
    assert next(place.move for place in change.before if place.course_id == course.pk) == "left"
    assert course.pk not in [place.course_id for place in change.after]


def test_an_act_without_a_weight_moves_no_slate(academy, reader):
    event = record("member.signed_in", actor=reader)
    told = journey(event)
    assert told.weighing is None
    assert not told.slate.is_changed
    assert [place.course_id for place in told.slate.before] == [place.course_id for place in told.slate.after]


def test_activity_moves_by_what_the_definition_says(academy, reader, in_english):
    view_course(actor=reader, course=academy[0])
    told = journey(latest_events(limit=1)[0]).measuring
    a = 100 * 0.2 * (1 - math.exp(-1 / 10))
    assert (told.move.points, str(told.family), told.move.members) == (1.0, "Browsing", 7)
    assert (told.move.own_before, told.move.own_after) == (0.0, pytest.approx(a))
    others = 6 * 100 * 0.2 * (1 - math.exp(-3 / 10))
    assert told.academy_before == f"{others / 7:.4f}"
    assert told.academy_after == f"{(others + a) / 7:.4f}"
    assert told.academy_change == f"+{a / 7:.4f}"


def test_a_visitor_is_not_measured_before_they_sign_up(academy, visitor, read):
    view_course(actor=Actor(visitor=visitor), course=academy[0])
    event = latest_events(limit=1)[0]
    assert journey(event).measuring is None
    page = read("/desk/follow/", event=event.pk)
    assert "Visitors aren't counted in A." in page
    assert f"Visitor {visitor.hex[:4]}" in page
    assert f"?who=v{visitor}" in page


def test_every_event_of_the_vocabulary_has_words(in_english):
    for name in KINDS:
        assert str(words.act(name)) != name
        assert str(words.meaning(name)) == KINDS[name].meaning
    assert set(INTEREST) <= set(KINDS)


# --- consent ---


def test_each_use_is_told_as_it_was_consented_to_then_and_now(academy, in_english):
    member = make_member("some@test.example", granted=Purpose.ANALYTICS | Purpose.PERSONALISATION)
    actor = Actor(member_id=member.pk)
    entry = {"name": "slate.chosen", "course_id": academy[0].pk, "id": str(uuid4())}
    chosen = entry | {
        "at": clock.now().isoformat(),
        "properties": {
            "slate": signed("for-you", policy="hybrid", courses=[academy[0].pk]),
            "policy": "hybrid",
            "position": 1,
        },
    }
    receive([chosen], actor=actor, user_agent=BROWSER)
    event = latest_events(limit=1)[0]
    before = journey(event).consent
    assert [(str(use.label), use.state) for use in before.uses] == [
        ("How the academy is used", "used"),
        ("Suggestions that fit you", "used"),
        ("Comparing what works better", "refused"),
    ]
    assert (before.used, before.is_necessary) == (2, False)
    assert (str(before.choice.way), before.choice.version, before.choice.is_later) == (
        "when signing up",
        VERSION,
        False,
    )
    choose(
        member_id=member.pk,
        visitor=None,
        granted=Purpose.ANALYTICS | Purpose.EXPERIMENTS,
        way=Choice.Way.SETTINGS,
    )
    after = journey(event).consent
    assert [use.state for use in after.uses] == ["used", "withdrawn", "later"]
    assert (str(after.choice.way), after.choice.is_later) == ("under “Privacy and consent”", True)


def test_a_purpose_that_was_taken_back_is_said_on_the_page_and_moves_nothing(academy, learner, reader, read):
    save_course(actor=reader, course=academy[0])
    choose(member_id=learner.pk, visitor=None, granted=Purpose.ANALYTICS, way=Choice.Way.SETTINGS)
    event = latest_events(limit=1)[0]
    page = read("/desk/follow/", event=event.pk)
    assert "taken back since: later uses have stopped" in page
    assert f"version {VERSION}" in page
    assert not journey(event).slate.is_changed


def test_what_the_service_needs_is_always_stored(academy, reader, in_english, read):
    event = record("member.signed_in", actor=reader)
    assert journey(event).consent.is_necessary
    assert "Always stored" in read("/desk/follow/", event=event.pk)
    assert "Always stored" not in read("/desk/follow/", event=Event.objects.first().pk)


# --- where it is kept ---


def test_an_open_day_lies_in_the_log_and_says_when_the_act_goes(academy, reader, read):
    view_course(actor=reader, course=academy[0])
    event = latest_events(limit=1)[0]
    kept = journey(event).kept
    assert (kept.number, kept.day, kept.is_over, kept.file, kept.key) == (
        event.pk,
        event.day,
        False,
        "",
        "",
    )
    assert (kept.goes_on, kept.days_kept, kept.is_due) == (event.day + timedelta(days=180), 180, False)
    page = read("/desk/follow/")
    assert f"as event {event.pk}" in page
    assert "its day isn't over; then it is sealed" in page
    assert f"Will be deleted on {date_format(kept.goes_on, 'DATE_FORMAT')}" in page


def test_a_sealed_day_names_its_file_and_shows_the_head_of_the_key_alone(academy, learner, reader, read):
    event = record(
        "course.viewed", actor=reader, course_id=academy[0].pk, occurred_at=clock.now() - timedelta(days=2)
    )
    assert lake.seal(day=event.day)
    key = f"{Subject.objects.get(member=learner).key:016x}"
    kept = journey(event).kept
    assert (kept.file, kept.key) == (SealedDay.objects.get(day=event.day).file, key[:6])
    page = read("/desk/follow/", event=event.pk)
    assert kept.file in page
    assert f"<code>{key[:6]}…</code>" in page
    assert key[:7] not in page
    assert str(Subject.objects.get(member=learner).key) not in page


def test_an_act_that_was_imported_leads_to_its_import(academy, reader, read):
    brought = HistoryImport.objects.create(file_name="<old>.csv", form="csv", started_at=clock.now())
    event = record("course.viewed", actor=reader, course_id=academy[0].pk)
    Event.objects.filter(pk=event.pk).update(source=brought, origin="import")
    page = read("/desk/follow/", event=event.pk)
    assert f'href="/desk/collecting/#import-{brought.pk}"><old>.csv</a>' in page


@pytest.mark.parametrize(("is_demo", "told"), [(True, "simulated"), (False, "imported")])
def test_what_a_demo_s_members_do_is_called_simulated(academy, reader, read, settings, is_demo, told):
    settings.ZHIYUE_DEMO = is_demo
    event = record("course.viewed", actor=reader, course_id=academy[0].pk)
    Event.objects.filter(pk=event.pk).update(origin="import")
    page = read("/desk/follow/", event=event.pk)
    assert f"<dd>{told}</dd>" in page
    assert ("as the simulation had it happen" in page) == is_demo


def test_an_act_past_its_days_goes_with_the_next_night(academy, reader, settings, read):
    settings.ZHIYUE_EVENTS_KEEP_DAYS = 1
    event = record(
        "course.viewed", actor=reader, course_id=academy[0].pk, occurred_at=clock.now() - timedelta(days=3)
    )
    assert "Will be deleted tonight" in read("/desk/follow/", event=event.pk)


def test_the_act_says_who_may_tell_it_and_leads_to_its_line_in_the_table(academy, reader, read):
    view_course(actor=reader, course=academy[0])
    page = read("/desk/follow/")
    assert 'href="/desk/collecting/events/#course.viewed">an import, the server</a>' in page
    assert '<tr role="row" id="course.viewed">' in read("/desk/collecting/events/")


# --- which act is shown ---


def test_of_one_burst_the_weightiest_act_is_shown(academy, reader):
    first, second = (lesson_of(academy[0], slug) for slug in ("one", "two"))
    finish_lesson(user=None, actor=reader, lesson=first)
    record("lesson.opened", actor=reader, course_id=academy[0].pk, lesson_id=second.pk)
    record("member.signed_in", actor=reader)
    assert telling(latest_events()).name == "lesson.finished"


def test_an_older_act_gives_way_to_a_newer_lighter_one(academy, reader, learner):
    record(
        "course.saved", actor=reader, course_id=academy[0].pk, occurred_at=clock.now() - timedelta(seconds=6)
    )
    record("course.viewed", actor=reader, course_id=academy[1].pk)
    assert telling(latest_events(actor=reader)).name == "course.viewed"


# --- the page and its live part ---


def test_with_no_act_the_page_says_what_to_do(read):
    page = read("/desk/follow/")
    assert "No act yet" in page
    assert "Open the academy in another window and click a course" in page
    assert 'hx-trigger="every 1s"' in page


def test_the_live_part_is_silent_until_an_act_comes_and_then_shows_it(academy, learner, reader, desk):
    view_course(actor=reader, course=academy[0])
    old = latest_events(limit=1)[0]
    stream = {"who": str(learner.pk), "after": old.pk, "shown": old.pk}
    silent = desk.get("/desk/follow/stream/", stream)
    assert (silent.status_code, silent.content) == (204, b"")

    save_course(actor=reader, course=academy[1])
    fresh = latest_events(limit=1)[0]
    answer = desk.get("/desk/follow/stream/", stream)
    part = answer.content.decode()
    told = journey(fresh)
    assert answer.status_code == 200
    assert "<html" not in part
    assert '<ol class="path is-fresh"' in part
    assert "Saved a course" in part
    assert "+3.00" in part
    assert "weight 3 × freshness 1.00" in part
    assert told.measuring.academy_change in part
    assert told.measuring.academy_before in part
    assert told.measuring.academy_after in part
    assert f"{told.measuring.move.own_after:.2f}" in part
    assert f"after={fresh.pk}&amp;out=0&amp;shown={fresh.pk}" in part
    assert desk.get("/desk/follow/stream/", stream | {"after": fresh.pk}).status_code == 204


def test_acts_of_others_do_not_wake_the_live_part_of_one_person(academy, learner, reader, stranger, desk):
    view_course(actor=reader, course=academy[0])
    last = latest_events(limit=1)[0].pk
    view_course(actor=Actor(member_id=stranger.pk), course=academy[1])
    assert desk.get("/desk/follow/stream/", {"who": str(learner.pk), "after": last}).status_code == 204
    assert desk.get("/desk/follow/stream/", {"who": "all", "after": last}).status_code == 200


def test_a_chosen_act_stands_still(academy, reader, read):
    view_course(actor=reader, course=academy[0])
    chosen = latest_events(limit=1)[0]
    save_course(actor=reader, course=academy[1])
    page = read("/desk/follow/", event=chosen.pk)
    assert "every 1s" not in page
    assert "Back to live" in page
    assert "weight 1 × freshness 1.00" in page
    assert f'id="act-{chosen.pk}" href="?who=all&event={chosen.pk}" aria-current="true"' in page


def test_the_operator_can_follow_themselves_and_a_member_they_looked_up(
    academy, operator, learner, reader, read
):
    view_course(actor=Actor(member_id=operator.pk), course=academy[0])
    view_course(actor=reader, course=academy[1])
    assert "data 0" in read("/desk/follow/", who="me")
    found = read("/desk/follow/", q="小林")
    assert f'<a href="?who={learner.pk}">' in found
    assert "learner@test.example" in found
    nobody = read("/desk/follow/", q="<nobody>")
    assert "Nobody's name or e-mail contains “<nobody>”." in nobody


@pytest.mark.parametrize(
    "asked", [{"who": "999999"}, {"who": "v123"}, {"who": "<x>"}, {"event": "999999"}, {"refused": "9"}]
)
def test_nobody_and_no_such_event_are_not_found(desk, asked):
    assert desk.get("/desk/follow/", asked).status_code == 404


def test_one_journey_asks_the_database_a_bounded_number_of_times(academy, reader, desk, refuse):
    def queries(address, asked):
        # Whether the table of artefacts is asked must not hang on how long ago it was.
        memory.forget()
        with CaptureQueriesContext(connection) as made:
            assert desk.get(address, asked).status_code in (200, 204)
        return len(made)

    queries("/desk/follow/", {})
    view_course(actor=reader, course=academy[0])
    few = queries("/desk/follow/", {})
    for course in academy:
        save_course(actor=reader, course=course)
        refused = refuse(reader, {"name": "course.bought"})
    last = latest_events(limit=1)[0].pk
    assert queries("/desk/follow/", {}) <= few <= 45
    stream = {"who": "all", "after": last, "out": refused.pk}
    assert queries("/desk/follow/stream/", stream) <= 5
    assert queries("/desk/follow/", {"refused": refused.pk}) <= 12
    assert queries("/desk/follow/counted/", {}) <= 5
    past = record(
        "course.viewed", actor=reader, course_id=academy[0].pk, occurred_at=clock.now() - timedelta(days=2)
    )
    assert lake.seal(day=past.day)
    assert queries("/desk/follow/", {"event": past.pk}) <= few + 3
