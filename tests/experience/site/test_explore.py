"""Exploring as a page: by address alone, in place, page by page, and when nothing is left. Topics and teachers."""

import re

import pytest

from tests.factories import make_course
from zhiyue.product.catalogue.explore import PAGE
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.recommend import memory

pytestmark = pytest.mark.django_db

IN_PLACE = {"hx-request": "true", "hx-target": "results"}


@pytest.fixture
def town(db):
    make_course("data-free", topic="data", tags=("统计",), days_ago=3)
    make_course("data-paid", topic="data", tags=("图表",), price_fen=9900, days_ago=2)
    make_course("write-paid", topic="writing", tags=("写作",), price_fen=19900, days_ago=1)
    Course.objects.filter(slug="data-paid").update(level="advanced")


def found(answer):
    return re.findall(r'course-card-title"><a href="/courses/([a-z0-9-]+)/"', answer.content.decode())


def test_everything_works_by_address_alone(english, town):
    page = english.get("/courses/", {"topic": "data", "sort": "newest"})
    assert found(page) == ["data-paid", "data-free"]
    text = page.content.decode()
    assert "2 courses" in text
    assert '<form id="facet-form" action="/courses/"' in text
    assert re.search(r'name="topic" value="data"[^>]* checked', text)
    assert re.search(r'value="newest" selected', text)
    # The chip takes its choice away and leaves the order.
    assert 'href="/courses/?sort=newest"' in text


def test_several_values_and_facets_at_once(english, town):
    page = english.get("/courses/?topic=data&topic=writing&price=paid&sort=price")
    assert found(page) == ["data-paid", "write-paid"]
    counts = dict(
        re.findall(
            r'name="topic" value="([a-z]+)".*?facet-count">(\d+)<', page.content.decode(), flags=re.DOTALL
        )
    )
    assert counts == {"data": "1", "writing": "1"}


def test_in_place_only_results_and_facets_come_back(english, town):
    part = english.get("/courses/", {"topic": "data"}, headers=IN_PLACE)
    text = part.content.decode()
    assert "<html" not in text
    assert sorted(found(part)) == ["data-free", "data-paid"]
    assert 'id="facet-fields" hx-swap-oob="innerHTML"' in text
    assert "HX-Request" in part["Vary"]


def test_going_back_in_the_browser_gets_the_whole_page(english, town):
    page = english.get("/courses/", headers={**IN_PLACE, "hx-history-restore-request": "true"})
    assert "<html" in page.content.decode()


def test_more_courses_follow_in_place_and_by_address(english):
    for number in range(PAGE + 3):
        make_course(f"course-{number:02d}", days_ago=number)
    first = english.get("/courses/", {"sort": "newest"})
    assert len(found(first)) == PAGE
    more = re.search(r'id="more-courses"><a[^>]* href="(/courses/\?[^"]+)"', first.content.decode()).group(1)
    more = more.replace("&amp;", "&")
    part = english.get(more, headers={"hx-request": "true", "hx-target": "more-courses"})
    assert found(part) == [f"course-{number}" for number in range(PAGE, PAGE + 3)]
    assert "facet-fields" not in part.content.decode()
    assert "more-courses" not in part.content.decode()
    whole = english.get(more)
    assert found(whole) == found(part)
    assert "From the beginning" in whole.content.decode()


def test_where_nothing_fits_it_says_what_to_let_go(english, town):
    page = english.get("/courses/", {"topic": "writing", "price": "free"}).content.decode()
    assert "No course has all of that" in page
    assert re.search(
        r'href="/courses/\?price=free".*?<span>Topic: Topic writing</span>.*?1 course<', page, re.S
    )
    assert re.search(r'href="/courses/\?topic=writing".*?<span>Price: Free</span>.*?1 course<', page, re.S)
    hopeless = english.get("/courses/?topic=writing&price=free&level=advanced").content.decode()
    assert "Nothing fits even with one of them let go" in hopeless
    ways = re.findall(r"<span>(\w+): ([\w ]+)</span>", hopeless)
    assert sorted(ways) == [("Level", "Advanced"), ("Price", "Free"), ("Topic", "Topic writing")]
    assert '<a class="btn btn-primary mt-2" href="/courses/">Clear all</a>' in hopeless


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "All courses"),
        ("?topic=data", "Topic data"),
        ("?level=advanced", "Advanced"),
        ("?topic=data&level=advanced", "Topic data · Advanced"),
        ("?topic=data&topic=writing", "All courses"),
        ("?topic=nothing", "All courses"),
    ],
)
def test_a_list_is_called_by_the_one_topic_or_level_chosen(english, town, query, name):
    page = english.get(f"/courses/{query}").content.decode()
    assert f'id="explore-heading">{name}</h1>' in page
    assert f"<title>{name} · " in page
    part = english.get(f"/courses/{query}", headers=IN_PLACE).content.decode()
    assert f'id="explore-heading" hx-swap-oob="true">{name}</h1>' in part
    assert f"<title>{name} · " in part


def test_an_order_is_only_called_yours_once_something_is_known_of_you(english, town):
    for query in ("", "?sort=price"):
        assert "Best overall" in english.get(f"/courses/{query}").content.decode()
    english.get("/courses/write-paid/")
    for query in ("", "?sort=price"):
        page = english.get(f"/courses/{query}").content.decode()
        assert "Best overall" not in page
        assert "For you</option>" in page


def test_an_empty_academy_says_so(english):
    page = english.get("/courses/")
    assert page.status_code == 200
    assert "No course is published yet" in page.content.decode()


@pytest.mark.parametrize(
    "query",
    ["topic=nothing", "topic=<b>", "sort=random", "after=zzz", "level=" + "x" * 5000, "skill=%00", "topic="],
)
def test_nonsense_in_the_address_is_answered_calmly(english, town, query):
    page = english.get(f"/courses/?{query}")
    assert page.status_code == 200
    assert "<b>" not in page.content.decode().split("<main")[1]


def test_recommended_is_the_readers_own_order(english, town):
    english.get("/courses/write-paid/")
    assert found(english.get("/courses/"))[-1] == "write-paid"


def test_the_number_of_queries_is_constant(english, town, django_assert_num_queries):
    english.get("/courses/")
    memory.forget()
    with django_assert_num_queries(18):
        english.get("/courses/?topic=data")
    for number in range(12):
        make_course(f"more-{number}", topic=f"topic-{number % 3}")
    memory.forget()
    with django_assert_num_queries(18):
        english.get("/courses/?topic=data")


def test_a_topic_shows_where_to_begin_its_other_courses_and_teachers(
    english, town, django_assert_num_queries
):
    Topic.objects.filter(slug="data").update(description="看懂数字。")
    page = english.get("/topics/data/")
    text = page.content.decode()
    assert "看懂数字。" in text
    assert "2 courses" in text
    assert found(page) == ["data-free", "data-paid"]
    assert "Other courses" not in text
    assert 'href="/teachers/he-mu/"' in text
    assert "write-paid" not in text
    with django_assert_num_queries(8):
        english.get("/topics/data/")
    make_course("data-more", topic="data", days_ago=1)
    with django_assert_num_queries(8):
        page = english.get("/topics/data/")
    assert found(page) == ["data-free", "data-paid", "data-more"]
    text = page.content.decode()
    assert text.index("Where to begin") < text.index("Other courses") < text.index("data-more")


def test_the_way_through_a_topic_follows_what_builds_on_what(english):
    for slug, level in (("a", "beginner"), ("b", "beginner"), ("c", "intermediate"), ("d", "intermediate")):
        make_course(slug)
        Course.objects.filter(slug=slug).update(level=level)
    Course.objects.get(slug="d").prerequisites.add(Course.objects.get(slug="b"))
    assert found(english.get("/topics/data/"))[:2] == ["b", "d"]


def test_a_topic_without_a_published_course_is_no_page(english, town):
    Course.objects.filter(topic__slug="writing").update(status="draft")
    assert english.get("/topics/writing/").status_code == 404


def test_a_teacher_shows_columns_and_courses_apart(english, town, django_assert_num_queries):
    Course.objects.filter(slug="write-paid").update(form="column")
    page = english.get("/teachers/he-mu/")
    text = page.content.decode()
    assert "统计学教师" in text
    assert text.index("Columns") < text.index("/courses/write-paid/") < text.index("Courses</h2>")
    assert found(page) == ["write-paid", "data-paid", "data-free"]
    with django_assert_num_queries(6):
        english.get("/teachers/he-mu/")


def test_a_teacher_of_whom_nothing_is_published_is_no_page(english, town):
    Course.objects.update(status="withdrawn")
    assert english.get("/teachers/he-mu/").status_code == 404
