"""Home: one tap to a free lesson, one tap to where one left off."""

import re
from types import SimpleNamespace

import pytest
from django.core import signing

from tests.factories import make_course
from zhiyue.experience.site.views import home as view
from zhiyue.recommend import memory
from zhiyue.recommend.services import train_all

AT_HOME = 16

pytestmark = pytest.mark.django_db


def test_a_visitor_is_one_tap_from_a_free_lesson(english, course):
    page = english.get("/").content.decode()
    assert "Learn the thing you meant to learn" in page
    assert f'href="/courses/{course.slug}/one/"' in page
    assert "1 course, 3 lessons ready to read" in page
    assert "平均数会骗人……" in page


def test_the_free_lesson_is_in_the_readers_language_where_there_is_one(english, course):
    make_course("newer", days_ago=1)
    make_course("told", language="en", days_ago=40)
    for language, slug in (("en", "told"), ("zh-hans", "newer")):
        english.cookies["zy_language"] = language
        answer = english.get("/")
        assert answer.context["opener"]["item"].course.slug == slug
        assert f'href="/courses/{slug}/one/"' in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "begun"),
    [
        ("Habits take days. " * 9, "Habits take days. " * 5 + "Habits…"),
        ("平均数会骗人。" * 20, "平均数会骗人。" * 13 + "平均数会骗……"),
        ("短。", "短……"),
    ],
)  # fmt: skip
def test_how_a_lesson_begins_is_cut_between_words(body, begun):
    assert view._first_words(body) == begun


def test_a_course_in_two_languages_is_counted_once(english, course):
    make_course(f"{course.slug}-en", language="en", edition_of=course.slug)
    make_course("other")
    assert "2 courses, 6 lessons ready to read" in english.get("/").content.decode()


def test_who_has_begun_is_one_tap_from_the_next_lesson(english):
    make_course("first")
    make_course("second")
    english.get("/courses/first/one/")
    page = english.get("/").content.decode()
    assert "Go on where you left off" in page
    assert 'href="/courses/first/one/"' in page
    assert "keep-words" not in page


def test_what_one_goes_on_with_is_in_no_shelf_below(english):
    for number in range(4):
        make_course(f"course-{number}")
    english.get("/courses/course-0/one/")
    page = english.get("/")
    assert [one.course.slug for one in page.context["continuing"]] == ["course-0"]
    shelves = [page.context[name] for name in ("for_you", "popular", "newest") if page.context[name]]
    shown = {item.course.slug for shelf in shelves for item in shelf.items}
    assert shown == {"course-1", "course-2", "course-3"}


def test_a_card_to_go_on_never_leads_to_a_closed_lesson(english, course):
    english.get(f"/courses/{course.slug}/one/")
    english.post(f"/finish/{course.slug}/one/")
    page = english.get("/").content.decode()
    assert f'href="/courses/{course.slug}/two/"' not in page
    assert f'href="/courses/{course.slug}/two/"' not in english.get("/learning/").content.decode()


def _told_under(page):
    """What was signed of each shelf of a page, in their order."""
    signer = signing.Signer(salt="zhiyue.collect.slates")
    return [signer.unsign_object(slate) for slate in re.findall(r'data-slate="([^"]+)" data-policy=', page)]


def test_each_shelf_tells_its_name_policy_and_courses(english):
    words = "平均数 中位数 抽样 直觉 统计"
    first, second = make_course("first", text=words), make_course("second", text=words)
    page = english.get("/").content.decode()
    [before] = _told_under(page)
    assert before[:3] == ["start", "popular", {}]
    train_all()
    english.get("/courses/first/")
    page = english.get("/").content.decode()
    [after] = _told_under(page)
    assert after[:3] == ["for-you", "hybrid", {}]
    assert before[3] != after[3] != _told_under(english.get("/").content.decode())[0][3]
    assert f'data-course="{second.pk}"' in page
    assert f"Because you looked at “{first.title}”" in page


@pytest.mark.parametrize(
    ("language", "said"), [("zh-hans", "因为你看过《习惯》"), ("en", "Because you looked at “Habits”")]
)
def test_a_reason_names_the_edition_in_the_readers_language(english, language, said):
    words = "平均数 中位数 抽样 直觉 统计"
    make_course("habits", title="习惯", text=words), make_course("second", text=words)
    make_course("habits-en", title="Habits", language="en", edition_of="habits", text=words)
    train_all(["hybrid"])
    english.cookies["zy_language"] = language
    english.get("/courses/habits-en/")
    assert said in english.get("/").content.decode()


def test_an_empty_academy_says_so(english):
    page = english.get("/")
    assert page.status_code == 200
    assert "No course is published yet" in page.content.decode()


def test_the_number_of_queries_does_not_grow_with_the_courses(english, django_assert_num_queries):
    for number in range(3):
        make_course(f"few-{number}")
    english.get("/courses/few-0/")
    english.get("/")
    # The newest artefact is asked for once a second; here, at each of the two.
    memory.forget()
    with django_assert_num_queries(AT_HOME):
        english.get("/")
    for number in range(20):
        make_course(f"many-{number}", topic=f"topic-{number % 4}")
    memory.forget()
    with django_assert_num_queries(AT_HOME):
        english.get("/")


def test_the_strip_shows_true_numbers_and_ends_with_the_filling(english, monkeypatch):
    filling = SimpleNamespace(done=37, total=96, finished_at=None)
    monkeypatch.setattr("zhiyue.config.context.seeding", lambda: filling)
    strip = english.get("/seeding/")
    assert strip.status_code == 200
    assert "37 of 96 steps" in strip.content.decode()
    assert 'value="39"' in strip.content.decode()
    filling.finished_at = "now"
    assert english.get("/seeding/").status_code == view.STOP_POLLING


def test_only_who_has_no_account_hears_that_none_is_needed(english, learner, course):
    assert "no account needed" in english.get("/").content.decode()
    english.force_login(learner)
    page = english.get("/").content.decode()
    assert "no account needed" not in page
    assert "Begin with a free one; your place is kept." in page


def test_before_a_choice_the_shelf_is_everybodys_and_says_how_to_change_that(new_browser, course):
    new_browser.cookies["zy_language"] = "en"
    page = new_browser.get("/").content.decode()
    assert 'id="shelf-start"' in page
    assert "What most learners begin with, and what is new" in page
    assert 'href="/privacy/">Turn on personalisation' in page
    new_browser.post("/privacy/", {"purpose": ["personalisation"]})
    page = new_browser.get("/").content.decode()
    assert "this shelf becomes yours" in page
    assert "Turn on personalisation" not in page


OFF = "Personal recommendations are off: not what you did counts here, only what you said yourself."


@pytest.mark.parametrize(
    ("chosen", "leads"),
    [
        ([[]], "/privacy/"),
        ([["personalisation"], []], "/privacy/"),
        ([["analytics"]], "/me/interests/#use"),
        ([["personalisation", "analytics"], ["analytics"]], "/me/interests/#use"),
    ],
)
def test_who_refused_or_switched_off_is_not_urged_but_finds_the_way_back(english, course, chosen, leads):
    for purposes in chosen:
        english.post("/privacy/", {"purpose": purposes})
    english.get(f"/courses/{course.slug}/")
    page = english.get("/").content.decode()
    assert 'id="shelf-start"' in page
    assert "What most learners begin with, and what is new" in page
    assert "this shelf becomes yours" not in page
    assert "Turn on personalisation" not in page
    assert f'{OFF} <a class="link underline" href="{leads}">Turn them on</a>' in page


def test_the_way_back_leads_to_the_switch_and_is_gone_once_it_is_on(english, course):
    other = make_course("other")
    english.post("/privacy/personalisation/", {"on": "0"})
    home = english.get("/")
    assert OFF in home.content.decode()
    # Off, the list still offers what there is.
    assert {item.course.slug for item in home.context["for_you"].items} == {course.slug, other.slug}
    switch = english.get("/me/interests/").content.decode()
    assert 'id="use"' in switch and 'action="/privacy/personalisation/"' in switch
    english.post("/privacy/personalisation/", {"on": "1"})
    assert "personal recommendations are off" not in english.get("/").content.decode()


def test_where_something_was_said_it_is_not_said_that_everyone_sees_the_same(english, course):
    english.post("/privacy/", {"purpose": ["analytics"]})
    english.post("/welcome/", {"topic": ["data"]})
    page = english.get("/").content.decode()
    assert 'id="shelf-interests"' in page
    assert f'{OFF} <a class="link underline" href="/me/interests/#use">' in page
    assert "everyone sees" not in page


def test_members_with_it_off_find_the_way_back_too(signed_in, learner, course):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    assert "recommendations are off" not in browser.get("/").content.decode()
    browser.post("/privacy/personalisation/", {"on": "0"})
    assert f'{OFF} <a class="link underline" href="/me/interests/#use">' in browser.get("/").content.decode()


def test_topics_chosen_shape_the_shelf_without_consent(new_browser, course):
    new_browser.cookies["zy_language"] = "en"
    new_browser.post("/welcome/", {"topic": ["data"]})
    page = new_browser.get("/").content.decode()
    assert 'id="shelf-interests"' in page
    assert "From the topics you chose · " in page
    assert "Turn on personalisation" in page
