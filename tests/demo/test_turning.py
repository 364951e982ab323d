"""The reader whose taste turned: found by the finder itself, dated, shown to whoever signs in as them."""

from datetime import date, timedelta

import numpy as np
import pytest

from zhiyue.analyse.taste import taste_shift
from zhiyue.analyse.weights import INTEREST
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.demo import services, turning
from zhiyue.demo.accounts import ACCOUNTS, PASSWORD, TURNED
from zhiyue.demo.living import visible
from zhiyue.demo.models import Shelf
from zhiyue.demo.telling import EVENT_NAMES
from zhiyue.engine.drift.person import turned
from zhiyue.engine.simulate import chance
from zhiyue.engine.simulate.day import live_a_day
from zhiyue.engine.simulate.kinds import Kind, newcomers
from zhiyue.engine.simulate.people import nature
from zhiyue.product.commerce.selectors import enrolled_course_ids
from zhiyue.product.learning.models import LessonProgress
from zhiyue.recommend import live
from zhiyue.recommend.models import Contest, LivePolicy
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(settings):
    """A demo of which the accounts are there, and two days of history: too few for a turn."""
    settings.ZHIYUE_DEMO = True
    services.seed(members=1, history_days=2)
    return User.objects.get(email=TURNED)


def test_the_turn_is_found_dated_and_shown_to_whoever_signs_in(client, filled):
    written = turning.live_past(user=filled, days=180)
    assert written == Event.objects.filter(member=filled, origin="import").count() > 300
    truth = clock.business_day() - timedelta(days=turning.TURNED_DAYS_AGO)

    told = taste_shift(Actor(member_id=filled.pk))

    assert told.shift is not None
    assert told.shift.before[0][0] == turning.BEFORE
    assert told.shift.after[0][0] == turning.AFTER
    assert abs((told.shift.day - truth).days) <= 14
    assert told.shift.odds > 100

    client.post("/sign-in/", {"username": TURNED, "password": PASSWORD})
    client.cookies["zy_language"] = "en"
    page = client.get("/me/interests/")
    assert page.context["turn"].day == told.shift.day
    assert "you turn more to" in page.content.decode()
    assert page.context["turn"].more.startswith("Psychology") and "Data" in page.context["turn"].less
    assert page.context["interests"][0].topic.slug == turning.AFTER


def test_what_they_did_stands_everywhere_and_they_are_no_simulated_member(filled):
    turning.live_past(user=filled, days=turning.LIVED_DAYS)
    assert not filled.is_simulated
    assert enrolled_course_ids(filled.pk)
    assert LessonProgress.objects.filter(user=filled, finished_at__isnull=False).exists()
    days = Event.objects.filter(member=filled, origin="import").values_list("day", flat=True)
    assert max(days) < clock.business_day()
    assert min(days) >= clock.business_day() - timedelta(days=turning.LIVED_DAYS)
    # What the simulator goes on with is its own members alone.
    before = len(days)
    services.advance()
    assert Event.objects.filter(member=filled, origin="import").count() == before


def test_a_contest_that_is_on_does_not_reach_into_the_past_that_is_made_up(filled):
    train_all(["popular", "hybrid"])
    began = clock.business_day() - timedelta(days=20)
    contest = Contest.objects.create(
        policies=["popular", "hybrid"],
        chances={began.isoformat(): {"popular": 0.5, "hybrid": 0.5}},
        began_at=clock.day_start(began),
    )
    LivePolicy.objects.create(policy="hybrid", contest=contest)
    live.forget()
    assert turning.live_past(user=filled, days=turning.LIVED_DAYS) > 300
    live.forget()
    assert not Shelf.objects.exists()
    shown = Event.objects.filter(member=filled, name__startswith="slate.")
    assert shown.exists() and not shown.filter(properties__has_key="contest").exists()


def test_where_there_are_too_few_days_nothing_is_made_up(filled):
    assert not Event.objects.filter(member=filled, origin="import").exists()
    assert turning.live_past(user=filled, days=turning.FEWEST_DAYS - 1) == 0
    assert not Event.objects.filter(member=filled, origin="import").exists()


def test_a_demo_filled_before_gets_the_reader_with_their_past_once(settings, filled):
    filled.delete()
    state = services.begin(total=0)
    state.total = turning.FEWEST_DAYS + services.STEPS_BESIDE_DAYS
    state.save(update_fields=["total"])
    services.seed()
    reader = User.objects.get(email=TURNED)
    first = Event.objects.filter(member=reader, origin="import").count()
    assert first > 0
    services.seed()
    assert Event.objects.filter(member=reader, origin="import").count() == first


def test_the_turn_is_found_whenever_the_demo_is_filled(filled):
    """The same life begun on other days: no day of filling is a lucky one."""
    shown, key = visible(), np.array([chance.key(TURNED)], dtype=np.uint64)
    topics = sorted({course.topic for course in shown.courses})
    latest = max(course.published_day for course in shown.courses)
    for week in range(6):
        today = latest + 90 + 8 * week
        since, truth = today - turning.LIVED_DAYS, today - turning.TURNED_DAYS_AGO
        parameters = turning.parameters(since=since, turned=truth)
        people, who = newcomers(key, np.array([since - 1.0]), shown), nature(parameters, key)
        chosen = {}
        for day in range(since, today):
            acts = live_a_day(parameters, shown, people, who, day)
            for kind, course in zip(acts.kind.tolist(), acts.course.tolist(), strict=True):
                if course >= 0 and INTEREST.get(EVENT_NAMES[Kind(kind)], 0) > 0:
                    chosen[day, shown.courses[course].topic] = None
        choices = list(chosen)
        codes = np.array([topics.index(topic) for _, topic in choices])
        told = turned(codes, np.full(len(topics), 1 / len(topics))).turn
        assert told is not None, date.fromordinal(today)
        assert abs(choices[told.first][0] - truth) <= 14
        assert topics[int(np.argmax(told.before))] == turning.BEFORE


def test_the_sign_in_page_and_the_command_say_what_there_is_to_see(client, filled):
    client.cookies["zy_language"] = "en"
    assert "taste turned" in client.get("/sign-in/").content.decode()
    [account] = [one for one in ACCOUNTS if one.sees]
    assert account.email == TURNED and account.role == "learner"
