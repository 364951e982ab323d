"""The search page and its suggestions."""

import pytest
from django.db import connection
from django.db.models import F
from limits import RateLimitItemPerMinute

from tests.factories import lesson_of
from zhiyue.collect.models import Event
from zhiyue.facilities.search.models import Document
from zhiyue.product.catalogue.indexing import index_course
from zhiyue.product.catalogue.models import Course, Lesson

pytestmark = pytest.mark.django_db

# PostgreSQL is told once how to plan, within a savepoint.
A_SEARCH = 7 if connection.vendor == "sqlite" else 11


def read(browser, address):
    return browser.get(address).content.decode()


def test_the_page_shows_groups_with_what_was_found_marked(english, course):
    page = read(english, "/search/?q=平均数")
    assert '<p class="text-faint" role="status">1 found</p>' in page
    assert '<h3 class="found-title"><a href="/courses/intuition/one/">' in page
    assert "<mark>平均数</mark>会骗人。" in page
    assert 'data-found="lessons"' in page


def test_a_course_is_found_as_a_card_before_its_lessons(english, course):
    page = read(english, "/search/?q=intuition")
    assert page.index(f'data-course="{course.pk}"') > page.index('data-found="courses"')
    assert 'data-searched="intuition"' in page


def test_one_group_is_shown_by_itself(english, course):
    page = read(english, "/search/?q=何牧&in=people")
    assert 'data-found="people"' in page
    assert 'data-found="courses"' not in page
    assert '<a href="/search/?q=%E4%BD%95%E7%89%A7&amp;in=people" aria-current="page">' in page
    assert "data-found" not in read(english, "/search/?q=何牧&in=people&page=4")
    assert english.get("/search/?q=何牧&in=nonsense&page=x").status_code == 200


def test_nothing_found_says_what_to_do_and_recommends(english, course):
    page = read(english, "/search/?q=飞船")
    assert "Nothing for “飞船” yet" in page
    assert 'href="/courses/"' in page
    assert 'id="shelf-start"' in page


def test_what_was_meant_is_said_with_a_link(english, course):
    page = read(english, "/search/?q=intuitoin")
    assert '<a class="link font-semibold" href="/search/?q=intuition">intuition</a>' in page
    assert "Nothing fits “intuitoin”." in page


def test_suggestions_say_what_was_probably_meant(english, course):
    lines = read(english, "/search/suggest/?q=intuitoin")
    first, second = lines.split('role="option"')[1:3]
    assert 'data-href="/search/?q=intuition"' in first
    assert "Probably meant" in first
    assert 'data-href="/courses/intuition/"' in second
    assert "Probably meant" not in read(english, "/search/suggest/?q=intui")


def test_a_course_says_why_it_was_found(english, course):
    page = read(english, "/search/?q=intuition")
    assert "课程 <mark>intuition</mark></a>" in page
    assert "course-card-why" not in page
    page = read(english, "/search/?q=报表")
    assert (
        '<p class="course-card-why" lang="zh-hans">一句话\n写给看<mark>报表</mark>的人。\n看懂数据</p>'
        in page
    )
    assert ">Tags: <mark>统计</mark></p>" in read(english, "/search/?q=统计")
    # Nothing that a card shows is written as HTML but the marks.
    Course.objects.filter(pk=course.pk).update(title="<b>茶</b>", tags=["<i>茶</i>"])
    index_course(course.pk)
    page = read(english, "/search/?q=茶")
    assert "&lt;b&gt;<mark>茶</mark>&lt;/b&gt;" in page
    assert "<i>" not in page


def test_what_is_typed_stays_in_the_box_and_is_only_text(english, course):
    page = read(english, "/search/?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page
    assert 'value="&lt;script&gt;alert(1)&lt;/script&gt;"' in page


def test_the_empty_page_offers_topics_and_earlier_searches(english, course):
    page = read(english, "/search/")
    assert 'href="/topics/data/"' in page
    assert "Searched before" not in page
    assert not Event.objects.filter(name="search.made").exists()
    read(english, "/search/?q=统计")
    page = read(english, "/search/")
    assert "Searched before" in page
    assert 'href="/search/?q=%E7%BB%9F%E8%AE%A1"' in page


def test_a_search_is_recorded_once_however_it_is_turned(english, course):
    for address in ("/search/?q=统计", "/search/?q=统计&in=courses", "/search/suggest/?q=统计"):
        english.get(address)
    events = Event.objects.filter(name="search.made")
    assert [event.properties for event in events] == [{"words": "统计", "found": 2}]


def test_a_closed_text_is_neither_shown_nor_suggested(english, course):
    Lesson.objects.filter(course=course, slug="two").update(body="河马在月光下散步。")
    index_course(course.pk)
    assert lesson_of(course, "two").body.startswith("河马")
    for address in ("/search/?q=河马", "/search/?q=two 河马", "/search/?q=合马"):
        assert "月光" not in read(english, address)
    assert "/courses/intuition/two/" not in read(english, "/search/?q=河马")
    assert read(english, "/search/suggest/?q=河马").strip() == ""


def test_suggestions_lead_to_the_thing_itself(english, course):
    lines = read(english, "/search/suggest/?q=intui")
    assert 'role="option"' in lines
    assert 'data-href="/courses/intuition/"' in lines
    assert 'data-href="/teachers/he-mu/"' in read(english, "/search/suggest/?q=何")


def test_the_empty_box_offers_what_was_searched_before(english, course):
    assert read(english, "/search/suggest/").strip() == ""
    english.get("/search/?q=统计")
    answer = english.get("/search/suggest/")
    assert 'data-kind="earlier"' in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_an_index_behind_the_catalogue_breaks_nothing(english, course):
    Document.objects.filter(kind="lesson").update(ref=F("ref") + 987654)
    assert english.get("/search/?q=平均数").status_code == 200


def test_too_many_searches_are_refused(english, course, monkeypatch):
    monkeypatch.setattr(
        "zhiyue.experience.site.views.search.SEARCHES", RateLimitItemPerMinute(1, namespace="t")
    )
    assert english.get("/search/?q=统计").status_code == 200
    assert english.get("/search/?q=统计").status_code == 429


def test_the_box_works_without_a_script(english, course):
    page = read(english, "/")
    assert 'role="search" action="/search/"' in page
    assert 'name="q"' in page


def test_the_number_of_queries_does_not_grow_with_what_is_found(english, course, django_assert_num_queries):
    english.get("/search/?q=lesson")
    with django_assert_num_queries(A_SEARCH):
        english.get("/search/?q=第")
