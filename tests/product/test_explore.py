"""Exploring: exact counts, alternatives within a facet, pages without gaps or doubles."""

from datetime import timedelta

import pytest

from tests.factories import make_course
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.explore import FACETS, SORTS, Wanted, explore
from zhiyue.product.catalogue.models import Course, Lesson

pytestmark = pytest.mark.django_db


def change(slug: str, **values: object) -> None:
    Course.objects.filter(slug=slug).update(**values)


@pytest.fixture
def town() -> None:
    """Five courses: two on data, two on writing, one on art; lengths 20, 20, 20, 100 and 220 minutes."""
    make_course("data-free", topic="data", tags=("统计",), price_fen=0, days_ago=5)
    make_course("data-paid", topic="data", tags=("统计", "图表"), price_fen=9900, days_ago=4)
    make_course("write-free", topic="writing", tags=("写作",), price_fen=0, days_ago=3)
    make_course("write-dear", topic="writing", tags=("写作",), price_fen=29900, days_ago=2)
    make_course("art", topic="art", tags=("水彩",), price_fen=15000, days_ago=1)
    change("data-paid", level="advanced", skills=["实验"])
    change("write-dear", form="column", language="en")
    Lesson.objects.filter(course__slug="write-dear").update(minutes=25)
    Lesson.objects.filter(course__slug="art").update(minutes=55)


def slugs(found):
    return [card.slug for card in found.cards]


def counts(found, facet):
    return {option.value: option.count for option in found.facets[facet]}


def test_without_a_choice_everything_is_counted_once(town):
    found = explore(Wanted(), language="zh-hans")
    assert found.total == 5
    assert slugs(found) == ["art", "write-dear", "write-free", "data-paid", "data-free"]
    assert counts(found, "topic") == {"data": 2, "writing": 2, "art": 1}
    assert counts(found, "price") == {
        "free": 2, "paid": 3, "under-100": 1, "100-200": 1, "from-200": 1,
    }  # fmt: skip
    assert counts(found, "length") == {"short": 3, "medium": 1, "long": 1}
    assert counts(found, "level") == {"beginner": 4, "advanced": 1}
    assert counts(found, "form") == {"course": 4, "column": 1}
    assert counts(found, "language") == {"zh-hans": 4, "en": 1}
    assert counts(found, "skill") == {"统计": 2, "写作": 2, "图表": 1, "实验": 1, "水彩": 1}


def test_values_of_one_facet_are_alternatives_and_facets_narrow_each_other(town):
    found = explore(Wanted(chosen={"topic": ["data", "writing"], "price": ["free"]}), language="zh-hans")
    assert slugs(found) == ["write-free", "data-free"]
    # Its own choice doesn't narrow a facet: these say what one more tick would add.
    assert counts(found, "topic") == {"data": 1, "writing": 1, "art": 0}
    assert counts(found, "price") == {
        "free": 2, "paid": 2, "under-100": 1, "from-200": 1, "100-200": 0,
    }  # fmt: skip
    assert counts(found, "skill")["图表"] == 0


def test_every_count_is_what_choosing_it_gives(town):
    chosen = {"topic": ["data"], "level": ["beginner"]}
    found = explore(Wanted(chosen=chosen), language="zh-hans")
    for facet in FACETS:
        for option in found.facets[facet]:
            alone = explore(Wanted(chosen={**chosen, facet: [option.value]}), language="zh-hans")
            assert alone.total == option.count, (facet, option.value)


def test_what_to_let_go_is_told_with_what_it_leaves(town):
    found = explore(Wanted(chosen={"topic": ["art"], "price": ["free"]}), language="zh-hans")
    assert found.total == 0
    assert dict(found.without) == {"topic": 2, "price": 1}
    hopeless = explore(
        Wanted(chosen={"topic": ["art"], "price": ["free"], "form": ["column"]}), language="zh-hans"
    )
    assert dict(hopeless.without) == {"topic": 0, "price": 0, "form": 0}


def test_a_value_that_does_not_exist_finds_nothing_and_is_still_told(town):
    found = explore(Wanted(chosen={"topic": ["alchemy"]}), language="zh-hans")
    assert found.total == 0
    assert counts(found, "topic") == {"data": 2, "writing": 2, "art": 1, "alchemy": 0}
    assert dict(found.without) == {"topic": 5}


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("newest", ["art", "write-dear", "write-free", "data-paid", "data-free"]),
        ("price", ["write-free", "data-free", "data-paid", "art", "write-dear"]),
        ("length", ["write-free", "data-paid", "data-free", "write-dear", "art"]),
        ("popular", ["data-free", "write-dear", "art", "write-free", "data-paid"]),
    ],
)
def test_orders(town, sort, order):
    places = {}
    if sort == "popular":
        places = {Course.objects.get(slug="data-free").pk: -9, Course.objects.get(slug="write-dear").pk: -4}
    assert slugs(explore(Wanted(sort=sort), places=places, language="zh-hans")) == order


@pytest.mark.parametrize("sort", SORTS)
def test_pages_follow_each_other_without_a_gap_or_a_double(town, sort):
    whole = slugs(explore(Wanted(sort=sort), language="zh-hans"))
    pages, after = [], ""
    while True:
        found = explore(Wanted(sort=sort, after=after), size=2, language="zh-hans")
        assert found.total == 5
        pages += slugs(found)
        after = found.after
        if not after:
            break
    assert pages == whole


def test_a_course_published_between_two_pages_moves_nothing(town):
    first = explore(Wanted(), size=2, language="zh-hans")
    make_course("brand-new", topic="art", days_ago=0)
    second = explore(Wanted(after=first.after), size=2, language="zh-hans")
    assert slugs(first) == ["art", "write-dear"]
    assert slugs(second) == ["write-free", "data-paid"]


@pytest.mark.parametrize("after", ["x", "1", "1.2.3", "--1.2", "1.-", "9" * 80 + ".1", "٣.٤"])
def test_a_cursor_that_can_not_be_read_is_the_beginning(town, after):
    assert explore(Wanted(after=after), language="zh-hans").total == 5


def test_drafts_scheduled_and_withdrawn_courses_are_not_counted(town):
    change("art", status="draft")
    change("data-free", status="withdrawn")
    change("data-paid", published_at=clock.now() + timedelta(hours=1))
    found = explore(Wanted(), language="zh-hans")
    assert slugs(found) == ["write-dear", "write-free"]
    assert counts(found, "topic") == {"writing": 2}


def test_two_queries_however_many_courses(town, django_assert_num_queries):
    wanted = Wanted(chosen={"topic": ["data"]}, sort="price")
    with django_assert_num_queries(2):
        explore(wanted, language="zh-hans")
    for number in range(15):
        make_course(f"more-{number}")
    with django_assert_num_queries(2):
        explore(wanted, language="zh-hans")


def test_of_the_editions_of_a_course_the_reader_s_stands_for_all(town):
    make_course("art-en", topic="art", language="en", edition_of="art", days_ago=6)
    in_english = explore(Wanted(), language="en")
    assert (in_english.total, slugs(in_english)[-1]) == (5, "art-en")
    assert "art" not in slugs(in_english)
    assert counts(in_english, "topic") == {"data": 2, "writing": 2, "art": 1}
    # What choosing the language would show.
    assert counts(in_english, "language") == {"zh-hans": 4, "en": 2}
    assert explore(Wanted(chosen={"language": ["zh-hans"]}), language="en").total == 4
    in_chinese = explore(Wanted(), language="zh-hans")
    assert (in_chinese.total, slugs(in_chinese)[0]) == (5, "art")
    assert explore(Wanted(chosen={"language": ["en", "zh-hans"]}), language="en").total == 6


def test_an_edition_that_does_not_fit_hides_none_that_does(town):
    make_course("art-en", topic="art", tags=("painting",), price_fen=0, language="en", edition_of="art")
    found = explore(Wanted(chosen={"topic": ["art"], "price": ["free"]}), language="zh-hans")
    assert (slugs(found), counts(found, "language")) == (["art-en"], {"zh-hans": 0, "en": 1})
    assert slugs(explore(Wanted(chosen={"skill": ["painting"]}), language="zh-hans")) == ["art-en"]
    both = explore(Wanted(chosen={"topic": ["art"], "level": ["advanced"]}), language="zh-hans")
    # What leaving the level out would show, and what each price would.
    assert (both.without["level"], counts(both, "level")["beginner"]) == (1, 1)
    every = explore(Wanted(chosen={"topic": ["art"]}), language="zh-hans")
    assert (slugs(every), counts(every, "price")["free"], counts(every, "price")["paid"]) == (["art"], 1, 1)
