"""The page of what suggestions go by: read, corrected in one tap each, switched off and on."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import formats

from tests.factories import lesson_of, make_course, make_visitor
from zhiyue.analyse.weights import INTEREST
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.consent.purposes import EVERYTHING, Purpose
from zhiyue.core.consent.selectors import granted
from zhiyue.core.kit import clock
from zhiyue.experience.site.interests import ORDER, in_words
from zhiyue.product.catalogue.models import Course
from zhiyue.product.learning.corrections import disregard_course
from zhiyue.product.learning.models import Correction
from zhiyue.product.learning.services import dismiss_course, finish_lesson, save_course, view_course
from zhiyue.recommend.interests import interest_profile
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db

PAGE = "/me/interests/"
QUERIES = 18
# Both lists are counted and read; of courses that speak for something there are none.
WITHOUT_ACTS = 16


@pytest.fixture
def shelves():
    """Two courses each of three topics."""
    return {
        f"{topic}-{n}": make_course(f"{topic}-{n}", topic=topic)
        for topic in ("data", "art", "tea")
        for n in (0, 1)
    }


@pytest.fixture
def reader(shelves, visitor):
    """The visitor of the browser finished a lesson of data, and saved a course of art."""
    actor = Actor(visitor=visitor)
    finish_lesson(user=None, actor=actor, lesson=lesson_of(shelves["data-0"], "one"))
    save_course(actor=actor, course=shelves["art-0"])
    train_all(["hybrid"])
    return actor


def text(answer):
    return " ".join(answer.content.decode().replace("&#x27;", "'").split())


def reasons(browser):
    return {str(item.reason) for item in browser.get("/").context["for_you"].items}


def test_each_topic_stands_with_its_share_and_acts_in_words(english, reader):
    page = english.get(PAGE)
    told = page.context["interests"]
    assert {(one.topic.slug, one.shown[0].says) for one in told} == {
        ("data", "1 lesson finished"),
        ("art", "saved"),
    }
    assert sum(one.percent for one in told) == 100
    assert "1 lesson finished; last just now" in text(page)
    assert "Don't use “课程 data-0”" in text(page)
    assert "no-store" in page["Cache-Control"] or "no-cache" in page["Cache-Control"]


def test_the_number_of_queries_is_constant(english, reader, shelves, django_assert_num_queries):
    dismiss_course(actor=reader, course=shelves["tea-0"])
    english.get(PAGE)
    with django_assert_num_queries(QUERIES):
        english.get(PAGE)
    for course in shelves.values():
        view_course(actor=reader, course=course)
    for n in range(9):
        view_course(actor=reader, course=make_course(f"more-{n}", topic=f"topic-{n}"))
    with django_assert_num_queries(QUERIES):
        english.get(PAGE)


def turned(actor, shelves):
    """Data for two weeks, then art for two weeks."""
    for days_ago in range(30, 0, -1):
        topic = "data" if days_ago > 15 else "art"
        moment = clock.day_start(clock.business_day()) - timedelta(days=days_ago, hours=-9)
        course = shelves[f"{topic}-{days_ago % 2}"]
        record("course.viewed", actor=actor, course_id=course.pk, occurred_at=moment)


def test_a_turn_of_taste_is_told_with_its_date_and_only_to_whom_it_is_found(english, shelves, visitor):
    steady = english.get(PAGE)
    assert steady.context["turn"] is None
    assert "you turn" not in text(steady)
    turned(Actor(visitor=visitor), shelves)

    page = english.get(PAGE)

    day = clock.business_day() - timedelta(days=15)
    turn = page.context["turn"]
    assert (turn.day, turn.more, turn.less) == (day, "Topic art", "Topic data")
    said = text(page)
    assert (
        f"Since {formats.date_format(day, 'DATE_FORMAT')} you turn more to Topic art, and less to Topic data."
        in said
    )
    assert "It may have begun on any day from" in said


def test_what_is_corrected_or_switched_off_makes_no_turn(english, shelves, visitor):
    turned(Actor(visitor=visitor), shelves)
    english.post("/me/interests/topics/data/", {"way": "less"})
    assert english.get(PAGE).context["turn"] is None
    english.post("/me/interests/topics/data/", {"way": "none"})
    assert english.get(PAGE).context["turn"] is not None
    english.post(reverse("entrance:personalise"), {"on": "0", "next": PAGE})
    off = english.get(PAGE)
    assert not off.context["is_used"]
    assert off.context["turn"] is None


def test_less_of_a_topic_is_obeyed_on_the_next_page_and_taken_back(english, reader):
    assert "Because you saved “课程 art-0”" in reasons(english)
    answer = english.post("/me/interests/topics/art/", {"way": "less"}, follow=True)
    assert "You will see less of it" in text(
        answer
    ) and "Less of this: what you do there doesn't count" in text(answer)
    assert [one.topic.slug for one in answer.context["interests"]] == ["data"]
    assert "Because you saved “课程 art-0”" not in reasons(english)
    english.post("/me/interests/topics/art/", {"way": "none"})
    assert "Because you saved “课程 art-0”" in reasons(english)


def test_more_of_a_topic_shows_in_its_share(english, reader):
    before = {one.topic.slug: one.percent for one in english.get(PAGE).context["interests"]}
    page = english.post("/me/interests/topics/data/", {"way": "more"}, follow=True)
    after = {one.topic.slug: one.percent for one in page.context["interests"]}
    assert after["data"] > before["data"]
    assert "more wanted" in text(page) and "As what I do says" in text(page)


def test_a_course_is_no_reason_any_more_and_is_one_again(english, reader):
    page = english.post("/me/interests/courses/art-0/", {"used": "0"}, follow=True)
    assert "What you do with these courses is no reason to suggest others." in text(page)
    assert "Because you saved “课程 art-0”" not in reasons(english)
    page = english.post("/me/interests/courses/art-0/", {"used": "1"}, follow=True)
    assert "What you do with these courses" not in text(page)
    assert "Because you saved “课程 art-0”" in reasons(english)


def test_switched_off_the_list_says_so_and_on_again_it_is_as_before(english, reader, visitor):
    english.post("/privacy/personalisation/", {"on": "0", "next": PAGE})
    assert granted(member_id=None, visitor=visitor) == EVERYTHING & ~Purpose.PERSONALISATION
    page = english.get(PAGE)
    assert "Nothing you do counts, and nothing is recorded for it." in text(page)
    assert page.context["interests"] == [] and "What you do says" not in text(page)
    shelf = english.get("/").context["for_you"]
    assert str(shelf.reason) == "What most learners begin with, and what is new"
    assert shelf.items and not any("Because" in reason for reason in reasons(english))
    answer = english.post("/privacy/personalisation/", {"on": "1", "next": PAGE}, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    assert granted(member_id=None, visitor=visitor) == EVERYTHING
    assert "Because you saved “课程 art-0”" in reasons(english)


def test_the_switch_leaves_every_other_purpose_as_it_was(signed_in, learner):
    browser = signed_in(learner)
    browser.post("/settings/privacy/", {"purpose": ["messages"]})
    answer = browser.post("/privacy/personalisation/", {"on": "1"})
    assert answer["Location"] == "/privacy/"
    assert granted(member_id=learner.pk, visitor=None) == Purpose.MESSAGES | Purpose.PERSONALISATION
    browser.post("/privacy/personalisation/", {"on": "0", "next": "https://elsewhere.example/"})
    assert granted(member_id=learner.pk, visitor=None) == Purpose.MESSAGES
    assert browser.get("/privacy/personalisation/").status_code == 405


def test_who_comes_for_the_first_time_finds_it_off_and_empty(new_browser, shelves):
    new_browser.cookies["zy_language"] = "en"
    page = new_browser.get(PAGE)
    assert not page.context["is_used"] and "Switch on" in text(page)
    assert "zy_visitor" not in page.cookies
    answer = new_browser.post("/me/interests/topics/art/", {"way": "less"})
    assert "zy_visitor" in answer.cookies and Correction.objects.count() == 1


def test_on_without_an_act_it_says_what_to_do(english, shelves):
    assert "Nothing yet" in text(english.get(PAGE))


def test_chosen_topics_and_what_is_not_for_one_stand_there_too(english, reader, shelves):
    dismiss_course(actor=reader, course=shelves["tea-1"])
    english.post("/welcome/", {"topic": ["tea"], "next": PAGE})
    page = english.get(PAGE)
    assert page.context["chosen"] == {"tea"}
    assert text(page).index("Not for you") < text(page).index("课程 tea-1")
    assert 'value="tea" checked' in text(page)


def test_the_shelf_the_privacy_page_and_oneself_lead_there(english, reader):
    assert f'href="{PAGE}">See why, and correct it' in text(english.get("/"))
    assert f'href="{PAGE}"' in text(english.get("/me/"))
    assert f'href="{PAGE}">See and correct what suggestions go by' in text(english.get("/privacy/"))


def test_another_visitor_sees_and_changes_nothing_of_it(english, reader, new_browser):
    new_browser.post("/me/interests/topics/art/", {"way": "less"})
    new_browser.post("/me/interests/courses/data-0/", {"used": "0"})
    assert {one.topic.slug for one in english.get(PAGE).context["interests"]} == {"data", "art"}
    assert new_browser.get(PAGE).context["interests"] == []


def test_what_is_not_there_or_never_was_out_is_not_found(english, reader):
    Course.objects.filter(slug="tea-0").update(status=Course.Status.DRAFT)
    assert english.post("/me/interests/courses/tea-0/", {"used": "0"}).status_code == 404
    assert english.post("/me/interests/courses/nothing/", {"used": "0"}).status_code == 404
    assert english.post("/me/interests/topics/nothing/", {"way": "less"}).status_code == 404
    assert english.post("/me/interests/topics/art/", {"way": "much"})["Location"] == PAGE
    assert not Correction.objects.exists()


def test_a_withdrawn_course_is_named_without_a_link_and_can_be_corrected(english, reader):
    Course.objects.filter(slug="art-0").update(status=Course.Status.WITHDRAWN)
    page = text(english.get(PAGE))
    assert "课程 art-0" in page and 'href="/courses/art-0/"' not in page
    english.post("/me/interests/courses/art-0/", {"used": "0"})
    assert [one.topic.slug for one in english.get(PAGE).context["interests"]] == ["data"]


def test_a_title_is_shown_as_it_is(english, reader):
    Course.objects.filter(slug="art-0").update(title='<i>"Art"')
    assert '<i>"Art"' not in english.get(PAGE).content.decode()


def test_another_site_can_correct_nothing(new_browser, shelves):
    strict = type(new_browser)(enforce_csrf_checks=True)
    for address in ("/me/interests/topics/art/", "/me/interests/courses/art-0/", "/privacy/personalisation/"):
        assert strict.post(address, {"way": "less", "used": "0", "on": "1"}).status_code == 403


def test_every_act_that_speaks_for_a_course_has_its_words():
    assert set(ORDER) == {name for name, weight in INTEREST.items() if weight > 0}
    assert in_words({"course.viewed": 2, "course.enrolled": 1}) == "已加入，看过 2 次"


def test_past_the_first_three_courses_the_rest_is_folded_away(english, shelves, visitor):
    for n in range(5):
        record(
            "course.viewed", actor=Actor(visitor=visitor), course_id=make_course(f"deep-{n}", topic="tea").pk
        )
    [one] = english.get(PAGE).context["interests"]
    assert (len(one.shown), one.folded.total) == (3, 2)
    assert "2 more courses" in text(english.get(PAGE))


def test_what_is_done_while_it_is_off_never_counts(shelves):
    quiet = make_visitor(Purpose.ANALYTICS)
    view_course(actor=Actor(visitor=quiet), course=shelves["tea-0"])
    assert interest_profile(Actor(visitor=quiet, granted=EVERYTHING)) == []


# --- long lists ---


def rows(answer, key):
    """The titles of a list as the page shows them."""
    listed = re.search(rf'id="{key}-rows">(.*?)</ul>', answer.content.decode(), re.DOTALL)
    return re.findall(r"课程 [\w-]+", re.sub(r"<form.*?</form>", "", listed[1], flags=re.DOTALL))


@pytest.fixture
def many(visitor):
    """Who asks, and forty-five courses of one topic."""
    courses = [make_course(f"many-{n:02}", topic="tea") for n in range(45)]
    return Actor(visitor=visitor), courses


@pytest.mark.parametrize(("key", "act"), [("dismissed", dismiss_course), ("unused", disregard_course)])
def test_a_long_list_shows_its_newest_and_leads_on_without_a_script(english, many, key, act):
    actor, courses = many
    for course in courses:
        act(actor=actor, course=course)
    newest = [course.title for course in reversed(courses)]
    first = english.get(PAGE)
    assert rows(first, key) == newest[:20]
    assert "1–20 of 45 courses, the newest first" in text(first)
    assert f'href="?{key}=2#{key}"' in text(first)
    assert "Back to the first" not in text(first)
    second = english.get(PAGE, {key: 2, "of-tea": 1})
    assert rows(second, key) == newest[20:40]
    assert f'href="?of-tea=1&amp;{key}=3#{key}"' in text(second)
    last = english.get(PAGE, {key: 3})
    assert rows(last, key) == newest[40:]
    assert "Show more" not in text(last) and f'href="?#{key}"' in text(last)
    for nonsense in ("99", "0", "-1", "x", "2\0"):
        assert english.get(PAGE, {key: nonsense}).status_code == 200
    in_place = english.get(PAGE, {key: 2}, headers={"HX-Request": "true"})
    assert "Back to the first" not in text(in_place) and "Show more" in text(in_place)


@pytest.mark.parametrize(("key", "act"), [("dismissed", dismiss_course), ("unused", disregard_course)])
def test_a_long_list_is_searched_and_says_what_was_not_found(english, many, key, act):
    actor, courses = many
    for course in courses:
        act(actor=actor, course=course)
    found = english.get(PAGE, {f"{key}-with": " Many-1 ", "of-tea": "2"})
    assert rows(found, key) == [f"课程 many-{n}" for n in range(19, 9, -1)]
    assert "1–10 of 10 whose titles hold “Many-1”" in text(found)
    assert '<input type="hidden" name="of-tea" value="2">' in text(found)
    nothing = english.get(PAGE, {f"{key}-with": '"<i>'})
    assert rows(nothing, key) == []
    assert "No title here holds “&quot;&lt;i&gt;”." in text(nothing)
    assert english.get(PAGE, {f"{key}-with": "x" * 5000 + "\0"}).status_code == 200


def test_a_short_list_has_neither_box_nor_links(english, many):
    actor, courses = many
    for course in courses[:20]:
        dismiss_course(actor=actor, course=course)
    page = text(english.get(PAGE))
    assert len(rows(english.get(PAGE), "dismissed")) == 20
    assert "Find a course by its title" not in page and "Show more" not in page
    assert "the newest first" not in page


def test_taking_back_leaves_the_reader_where_they_were(english, many):
    actor, courses = many
    for course in courses[:41]:
        dismiss_course(actor=actor, course=course)
        disregard_course(actor=actor, course=course)
    here = f"{PAGE}?dismissed=3&unused=2"
    page = english.get(here).content.decode()
    for key in ("dismissed", "unused"):
        assert f'name="next" value="{here.replace("&", "&amp;")}#{key}"' in page
    answer = english.post("/me/interests/courses/many-00/", {"used": "1", "next": f"{here}#unused"})
    assert answer["Location"] == f"{here}#unused"
    answer = english.post("/not-for-me/many-00/", {"dismissed": "0", "next": f"{here}#dismissed"})
    assert answer["Location"] == f"{here}#dismissed"
    # The last of the third page is gone, so the second is the nearest.
    after = english.get(here)
    assert rows(after, "dismissed")[-1] == "课程 many-01" and after.context["dismissed"].last == 40
    elsewhere = english.post(
        "/me/interests/topics/tea/", {"way": "less", "next": "https://elsewhere.example/"}
    )
    assert elsewhere["Location"] == PAGE


def test_a_topic_with_many_courses_is_leafed_through_as_well(english, many):
    actor, courses = many
    for course in courses:
        view_course(actor=actor, course=course)
    first = english.get(PAGE)
    [one] = first.context["interests"]
    assert (len(one.shown), one.folded.total, one.is_open) == (3, 42, False)
    assert len(rows(first, "of-tea")) == 20
    last = english.get(PAGE, {"of-tea": 3})
    assert len(rows(last, "of-tea")) == 2 and last.context["interests"][0].is_open
    assert set(rows(first, "of-tea")).isdisjoint(rows(last, "of-tea"))


def test_what_somebody_else_set_aside_is_not_listed(english, many, new_browser):
    actor, courses = many
    dismiss_course(actor=actor, course=courses[0])
    other = new_browser.get(PAGE, {"dismissed-with": "many"})
    assert other.context["dismissed"].total == 0 and "课程 many-00" not in text(other)


def test_a_page_stays_small_however_much_is_set_aside(english, many, django_assert_num_queries):
    actor, courses = many
    for course in courses[:25]:
        dismiss_course(actor=actor, course=course)
        disregard_course(actor=actor, course=course)
    some = len(english.get(PAGE).content)
    for course in courses[25:]:
        dismiss_course(actor=actor, course=course)
        disregard_course(actor=actor, course=course)
    with django_assert_num_queries(WITHOUT_ACTS):
        page = english.get(PAGE)
    assert len(page.content) == some


def test_in_an_academy_without_topics_there_is_a_page_all_the_same(db, browser):
    assert browser.get(PAGE).status_code == 200
