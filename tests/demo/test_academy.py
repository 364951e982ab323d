"""The invented academy reads well and is whole."""

import re
from collections import Counter
from datetime import timedelta

import pytest

from zhiyue.core.kit import clock
from zhiyue.demo import academy
from zhiyue.product.catalogue.models import Course, Level


@pytest.fixture(scope="module")
def everything():
    return academy.courses(now=clock.now())


@pytest.fixture(scope="module")
def drafts(everything):
    """The courses themselves, without their editions in English."""
    return [draft for draft in everything if not draft.edition_of]


@pytest.fixture(scope="module")
def editions(everything):
    return [draft for draft in everything if draft.edition_of]


def test_there_are_forty_courses_in_ten_topics(drafts):
    assert len(drafts) == 40
    assert set(Counter(draft.topic_slug for draft in drafts)) == {slug for slug, *_ in academy.TOPICS}
    assert len({draft.slug for draft in drafts}) == len({draft.title for draft in drafts}) == 40
    assert len({draft.keyword for draft in drafts}) == 40


def chinese(text):
    return len(re.findall(r"[\u4e00-\u9fff]", text))


def test_every_course_has_a_real_outline_and_every_lesson_a_text(drafts):
    teachers = {teacher.slug for teacher in academy.teachers()}
    for draft in drafts:
        lessons = [lesson for chapter in draft.chapters for lesson in chapter.lessons]
        assert draft.teacher_slug in teachers, draft.slug
        assert draft.level in Level.values, draft.slug
        assert 10 <= len(lessons) <= 16, draft.slug
        assert lessons[0].is_free, draft.slug
        assert [one.slug for one in lessons[:2] if chinese(one.body) < 300] == [], draft.slug
        assert [one.slug for one in lessons[2:] if chinese(one.body) < 100] == [], draft.slug
        assert draft.list_price_fen is None or draft.list_price_fen > draft.price_fen, draft.slug


def test_no_two_lessons_begin_alike(drafts):
    begins = Counter(
        lesson.body[:8] for draft in drafts for chapter in draft.chapters for lesson in chapter.lessons
    )
    assert [begin for begin, times in begins.items() if times > 1] == []


def test_six_of_them_are_there_in_english_too(everything, drafts, editions):
    assert everything == [*drafts, *editions]
    assert {draft.edition_of for draft in editions} == {
        "habit-building",
        "intuition-for-statistics",
        "machine-learning-first-course",
        "pour-over-coffee",
        "python-first-steps",
        "user-interviews",
    }
    originals = {draft.slug: draft for draft in drafts}
    for draft in editions:
        original = originals[draft.edition_of]
        assert (draft.language, original.language) == ("en", "zh-hans")
        assert draft.slug == f"{draft.edition_of}-en"
        same = ("topic_slug", "teacher_slug", "level", "price_fen", "list_price_fen", "form")
        assert [getattr(draft, name) for name in same] == [getattr(original, name) for name in same]
        assert draft.published_at > original.published_at
        assert _outline(draft) == _outline(original), draft.slug
    assert len({draft.keyword for draft in everything}) == len({draft.title for draft in everything}) == 46


def _outline(draft):
    """By chapter, what its lessons are called in addresses, which are free, and how long they take."""
    return [
        [(lesson.slug, lesson.is_free, lesson.minutes) for lesson in chapter.lessons]
        for chapter in draft.chapters
    ]


def test_every_lesson_in_english_says_something(editions):
    openings = []
    for draft in editions:
        lessons = [lesson for chapter in draft.chapters for lesson in chapter.lessons]
        for place, lesson in enumerate(lessons):
            words = re.sub("```.*?```", "", lesson.body, flags=re.S).split()
            assert len(words) >= (300 if place < 2 else 60), (draft.slug, lesson.slug)
            assert not re.search(r"[\u3400-\u9fff]", lesson.body), (draft.slug, lesson.slug)
            openings.append(" ".join(words[:4]))
    assert len(openings) == len(set(openings)) == 76


def test_what_an_edition_says_fits_its_columns(editions):
    for draft in editions:
        for name in ("title", "subtitle", "keyword", "slug"):
            assert len(getattr(draft, name)) <= Course._meta.get_field(name).max_length, (draft.slug, name)
        for chapter in draft.chapters:
            assert all(len(part.title) <= 80 for part in (chapter, *chapter.lessons)), draft.slug
        assert all(len(word) <= 20 for word in (*draft.tags, *draft.skills)), draft.slug
        assert all(len(line) <= 80 for line in draft.outcomes), draft.slug


def test_the_workshop_holds_what_is_not_out(everything):
    now = clock.now()
    workshop = {draft.slug: draft for draft in academy.workshop(now=now)}
    assert {slug for slug, draft in workshop.items() if draft.published_at is None} == {
        "ab-testing-for-managers",
        "probability-every-day",
    }
    assert [slug for slug, draft in workshop.items() if draft.withdrawn] == ["web-in-a-weekend-2019"]
    ahead = workshop["charts-that-do-not-lie"]
    assert (ahead.published_at, ahead.language) == (now + timedelta(days=5), "en")
    assert not {draft.keyword for draft in everything} & {draft.keyword for draft in workshop.values()}


def test_columns_and_prerequisites_lead_somewhere(everything, drafts):
    slugs = {draft.slug for draft in everything}
    asking = [*everything, *academy.workshop(now=clock.now())]
    assert sum(draft.form == "column" for draft in drafts) == 6
    assert {asked for draft in asking for asked in draft.prerequisites} <= slugs
    assert sum(bool(draft.skills) for draft in drafts) == 28


def test_a_heading_inside_a_code_fence_is_code(tmp_path):
    file = tmp_path / "x.md"
    facts = (
        'slug="x"\ntitle="t"\nsubtitle="s"\nsummary="m"\noutcomes=[]\ntopic="data"\nteacher="he-mu"\n'
        'level="beginner"\nkeyword="k"\ntags=[]\nprice_fen=0\npublished_days_ago=1\n'
    )
    lessons = "# 一\n## 甲 {#a free minutes=5}\n```python\n# not a chapter\n## no lesson\n```\n## 乙 {#b minutes=6}\n"
    file.write_text(f"+++\n{facts}+++\n{lessons}", encoding="utf-8")
    [chapter] = academy.read_course(file, now=clock.now()).chapters
    assert [(lesson.slug, lesson.is_free) for lesson in chapter.lessons] == [("a", True), ("b", False)]
    assert "# not a chapter" in chapter.lessons[0].body


@pytest.mark.parametrize("text", ["no front matter", "+++\n= broken\n+++\n"])
def test_a_broken_file_names_itself(tmp_path, text):
    file = tmp_path / "broken.md"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(academy.BadCourseFile, match=r"broken\.md"):
        academy.read_course(file, now=clock.now())
