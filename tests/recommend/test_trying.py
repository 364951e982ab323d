"""New courses in the place that is drawn among them: what counts, how it pulls, and that the chances stay exact."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from tests.factories import make_course, make_member, make_visitor
from tests.recommend.contested import choose, show, slate_of
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.consent.purposes import EVERYTHING, Purpose
from zhiyue.core.kit import clock
from zhiyue.engine import shared_days
from zhiyue.engine.reranking import draw
from zhiyue.product.catalogue.editions import families
from zhiyue.product.learning.services import view_course
from zhiyue.recommend import live
from zhiyue.recommend.models import NewCourses
from zhiyue.recommend.policies import NEW_COURSE_DAYS, NEW_COURSE_LEAST
from zhiyue.recommend.selectors import slate
from zhiyue.recommend.services import train_all
from zhiyue.recommend.showings import drawn_courses
from zhiyue.recommend.trying import KEPT_DAYS, count_new_courses

pytestmark = pytest.mark.django_db


def hour(hours, *, days_ago=1):
    return clock.day_start(clock.business_day() - timedelta(days=days_ago)) + timedelta(hours=hours)


def drawn_lately():
    today = clock.business_day()
    return drawn_courses(families(), since=today - timedelta(days=3), until=today)


def counted():
    return [(one.course_id, one.is_chosen) for one in drawn_lately()]


@pytest.fixture
def young(db):
    return [
        make_course(f"young-{n}", topic=topic, days_ago=2) for n, topic in enumerate(("law", "tea", "art"))
    ]


def a_day(course, times, chosen, *, granted=EVERYTHING, days_ago=1, chance=0.4):
    for n in range(times):
        actor, chances = Actor(visitor=make_visitor(granted)), {course.pk: chance}
        drawn = slate_of(drawn=chances)
        show(actor, hour(9, days_ago=days_ago), drawn, courses=(course.pk, 10**6), drawn=chances)
        if n < chosen:
            choose(actor, hour(9.1, days_ago=days_ago), drawn, course.pk, propensity=chance)


# --- what counts ---


def test_only_what_was_drawn_counts_once_a_day_and_chosen_where_it_was_drawn(young, visitor):
    drawn, sure, _ = (course.pk for course in young)
    actor, slates = Actor(visitor=visitor), [slate_of(drawn={drawn: 0.4}) for _ in range(3)]
    for at, slate_shown in enumerate(slates):
        show(actor, hour(9 + at), slate_shown, courses=(sure, drawn), drawn={drawn: 0.4})
    choose(actor, hour(9.5), slates[0], sure)
    assert counted() == [(drawn, False)]
    choose(actor, hour(11.5), slates[2], drawn, propensity=0.4)
    assert counted() == [(drawn, True)]
    # Chosen before a second was over.
    choose(Actor(visitor=make_visitor()), hour(9), slate_of(drawn={drawn: 0.4}), drawn, propensity=0.4)
    assert counted() == [(drawn, True), (drawn, True)]


def test_what_is_chosen_before_the_slate_is_told_of_does_not_decide_what_was_drawn(young, visitor):
    drawn, sure, _ = (course.pk for course in young)
    actor, slate_shown = Actor(visitor=visitor), slate_of(drawn={drawn: 0.4})
    choose(actor, hour(9), slate_shown, sure)
    show(actor, hour(9.1), slate_shown, courses=(sure, drawn), drawn={drawn: 0.4})
    assert counted() == [(drawn, False)]


def test_what_logs_of_earlier_versions_hold_as_nothing_is_not_there(young, visitor):
    drawn, actor, chances = young[0].pk, Actor(visitor=visitor), {young[0].pk: 0.4}
    show(actor, hour(9), slate_of(drawn=chances), courses=(drawn,), drawn=chances)
    show(actor, hour(9), slate_of(), courses=(drawn,))
    choose(actor, hour(9.1), slate_of(), drawn)
    for event in Event.objects.all():
        nothing = {"contest": None, "propensity": None} if event.name == "slate.chosen" else {"contest": None}
        Event.objects.filter(pk=event.pk).update(properties={**event.properties, **nothing})
    bare = Event.objects.filter(name="slate.shown").latest("pk")
    Event.objects.filter(pk=bare.pk).update(properties={**bare.properties, "propensities": None})
    assert counted() == [(drawn, False)]
    count_new_courses()
    Event.objects.filter(pk=bare.pk).update(properties={**bare.properties, "made_on": None})
    assert counted() == [(drawn, False)]


def test_it_is_read_for_personalisation(young):
    a_day(young[0], 2, 1, granted=Purpose.PERSONALISATION)
    assert sorted(counted()) == [(young[0].pk, False), (young[0].pk, True)]
    a_day(young[0], 2, 1, granted=EVERYTHING & ~Purpose.PERSONALISATION)
    assert len(counted()) == 2


# --- how it pulls ---


def test_what_is_chosen_more_often_pulls_more_from_tomorrow_on_and_the_same_again_changes_nothing(young):
    a_day(young[0], 30, 9)
    a_day(young[1], 30, 1)
    count_new_courses()
    row = NewCourses.objects.get()
    assert row.day == clock.business_day() + timedelta(days=1)
    assert {course: told[:2] for course, told in row.courses.items()} == {
        str(young[0].pk): [30, 9],
        str(young[1].pk): [30, 1],
        str(young[2].pk): [0, 0],
    }
    pulls = [row.courses[str(course.pk)][2] for course in young]
    best = shared_days.highest(0.5, np.asarray([[30.0, 30.0, 0.0]]), np.asarray([[9.0, 1.0, 0.0]]))
    assert pulls == pytest.approx((NEW_COURSE_LEAST + 3 * (1 - NEW_COURSE_LEAST) * best).tolist())
    assert sum(pulls) == pytest.approx(3)
    # What nobody was shown yet is tried more than what nearly nobody chose.
    assert pulls[0] > pulls[2] > pulls[1] >= NEW_COURSE_LEAST
    before = row.courses
    count_new_courses()
    assert NewCourses.objects.get().courses == before
    live.forget()
    assert live.standing().pulls_on(clock.business_day()) == {}
    assert live.standing().pulls_on(row.day) == {course: told[2] for course, told in before.items()}


@pytest.mark.parametrize(
    ("shown", "chosen", "is_enough"),
    [(NEW_COURSE_DAYS - 1, 9, False), (NEW_COURSE_DAYS, 0, False), (NEW_COURSE_DAYS, 9, True)],
)
def test_of_too_little_nothing_is_concluded(young, shown, chosen, is_enough):
    a_day(young[0], shown - 1, chosen)
    a_day(young[1], 1, 0)
    count_new_courses()
    assert bool(NewCourses.objects.get().courses) is is_enough


def test_of_courses_that_shared_no_day_nothing_is_concluded(young):
    a_day(young[0], NEW_COURSE_DAYS, 20, days_ago=2)
    a_day(young[1], NEW_COURSE_DAYS, 2)
    count_new_courses()
    assert NewCourses.objects.get().courses == {}
    # What is older than new is compared with nothing, either.
    a_day(make_course("old", days_ago=200), NEW_COURSE_DAYS, 1)
    count_new_courses()
    assert NewCourses.objects.get().courses == {}


def test_a_good_day_speaks_for_none_whatever_the_shares_were(young):
    # One in ten and then two in five choose either; the second was drawn four times as often on the good day.
    for course, bad, good in ((young[0], 40, 10), (young[1], 10, 40)):
        a_day(course, bad, bad // 10, days_ago=2, chance=bad / 50)
        a_day(course, good, 2 * good // 5, chance=good / 50)
    count_new_courses()
    told = NewCourses.objects.get().courses
    assert [told[str(course.pk)][:2] for course in young] == [[50, 8], [50, 17], [0, 0]]
    assert told[str(young[0].pk)][2] == pytest.approx(told[str(young[1].pk)][2], abs=0.1)


def test_of_each_draw_its_day_and_the_first_chance_of_that_day_are_kept(young, visitor):
    drawn, actor = young[0].pk, Actor(visitor=visitor)
    for at, days_ago, chance in ((9, 2, 0.25), (10, 2, 0.75), (9, 1, 0.125)):
        chances = {drawn: chance}
        show(
            actor, hour(at, days_ago=days_ago), slate_of(drawn=chances), courses=(drawn, 10**6), drawn=chances
        )
    found = [(one.day, one.chance) for one in drawn_lately()]
    assert found == [
        (clock.business_day() - timedelta(days=2), 0.25),
        (clock.business_day() - timedelta(days=1), 0.125),
    ]


def test_what_was_told_without_a_chance_is_not_known_to_have_been_drawn(young):
    a_day(young[0], 3, 1)
    for event in Event.objects.exclude(name="offer.seen"):
        left = {
            name: told
            for name, told in event.properties.items()
            if name not in ("propensity", "propensities")
        }
        Event.objects.filter(pk=event.pk).update(properties=left)
    assert counted() == []


def test_one_new_course_has_nothing_to_be_compared_with(db):
    a_day(make_course("only", days_ago=2), NEW_COURSE_DAYS, 5)
    count_new_courses()
    assert NewCourses.objects.get().courses == {}


def test_pulls_of_past_days_are_kept_for_a_while(young):
    today = clock.business_day()
    for ago in range(20):
        NewCourses.objects.create(day=today - timedelta(days=ago), courses={})
    count_new_courses()
    assert NewCourses.objects.count() == KEPT_DAYS + 1


def test_editions_are_one_course_however_each_of_them_does(young):
    chinese, other, _ = young
    english = make_course("young-0-en", days_ago=1, language="en", edition_of="young-0")
    a_day(chinese, 40, 12)
    a_day(english, 40, 0)
    a_day(other, 40, 4)
    count_new_courses()
    told = NewCourses.objects.get().courses
    assert {course: one[:2] for course, one in told.items()} == {
        str(course.pk): counts for course, counts in zip(young, ([80, 12], [40, 4], [0, 0]), strict=True)
    }
    assert max(told, key=lambda course: told[course][2]) == str(chinese.pk)
    # Somebody who is shown it in two languages on a day was shown it once.
    actor, chances = Actor(visitor=make_visitor()), {chinese.pk: 0.4, english.pk: 0.4}
    for course in (chinese, english):
        show(actor, hour(10), slate_of(drawn=chances), courses=(course.pk,), drawn=chances)
    count_new_courses()
    assert NewCourses.objects.get().courses[str(chinese.pk)][:2] == [81, 12]


def test_an_edition_that_comes_later_is_new_under_its_original(young):
    old = make_course("old", days_ago=200)
    make_course("old-en", days_ago=1, language="en", edition_of="old")
    a_day(young[0], 59, 5)
    a_day(young[1], 1, 0)
    count_new_courses()
    assert NewCourses.objects.get().courses[str(old.pk)][:2] == [0, 0]


# --- lots ---


def test_a_pull_multiplies_the_chance_and_each_is_drawn_as_often_as_its_chance_says():
    scores, pulls, times = np.asarray([0.5, 0.0, 0.0]), np.asarray([0.5, 2.0, 1.0]), 4000
    random, won, said = np.random.default_rng(1), Counter(), {}
    for _ in range(times):
        winner, one = draw(scores, 0.1, 1.0 - random.random(3), pulls)
        won[winner] += 1
        said[winner] = one
    expected = np.asarray([0.3, 0.2, 0.1]) / 0.6
    assert [said[n] for n in range(3)] == pytest.approx(expected.tolist())
    for n in range(3):
        assert won[n] / times == pytest.approx(said[n], abs=4 * 0.5 / times**0.5)


def test_slates_draw_by_the_pulls_of_the_day_with_the_exact_chance(town, young):
    train_all(["hybrid"])
    today = clock.business_day()
    told = {str(course.pk): [9, 1, pull] for course, pull in zip(young, (0.3, 2.4, 0.3), strict=True)}
    NewCourses.objects.create(day=today, courses=told)
    NewCourses.objects.create(day=today + timedelta(days=1), courses={})
    live.forget()
    drawn, tomorrow = {}, set()
    for n in range(24):
        reader = Actor(member_id=make_member(f"r{n}@test.example").pk)
        view_course(actor=reader, course=town[0])
        (one,) = [item for item in slate(reader, k=6).items if item.reason.kind == "exploration"]
        drawn[one.course_id] = one.propensity
        (later,) = [
            item
            for item in slate(reader, k=6, at=clock.now() + timedelta(days=1)).items
            if item.reason.kind == "exploration"
        ]
        tomorrow.add(round(later.propensity, 6))
    # Nothing else is known of any of the three.
    assert drawn[young[1].pk] == pytest.approx(0.8)
    assert {course: chance for course, chance in drawn.items() if course != young[1].pk} == pytest.approx(
        {course.pk: 0.1 for course in (young[0], young[2]) if course.pk in drawn}
    )
    assert tomorrow == {round(1 / 3, 6)}


def test_a_course_that_is_gone_or_unknown_to_the_model_pulls_at_nothing(town, visitor):
    train_all(["hybrid"])
    told = {"999999": [9, 1, 2.0]}
    NewCourses.objects.create(day=clock.business_day(), courses=told)
    live.forget()
    actor = Actor(visitor=visitor)
    view_course(actor=actor, course=town[0])
    assert len(slate(actor, k=6).items) == 6
