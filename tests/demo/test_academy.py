"""The invented academy reads well and is whole."""

import re
from collections import Counter
from datetime import timedelta

import pytest

from zhiyue.core.kit import clock
from zhiyue.demo import academy
from zhiyue.product.catalogue.models import Level


@pytest.fixture(scope="module")
def drafts():
    return academy.courses(now=clock.now())


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


def test_the_workshop_holds_what_is_not_out(drafts):
    now = clock.now()
    workshop = {draft.slug: draft for draft in academy.workshop(now=now)}
    assert {slug for slug, draft in workshop.items() if draft.published_at is None} == {
        "ab-testing-for-managers",
        "probability-every-day",
    }
    assert [slug for slug, draft in workshop.items() if draft.withdrawn] == ["web-in-a-weekend-2019"]
    ahead = workshop["charts-that-do-not-lie"]
    assert (ahead.published_at, ahead.language) == (now + timedelta(days=5), "en")
    assert not {draft.keyword for draft in drafts} & {draft.keyword for draft in workshop.values()}


def test_columns_and_prerequisites_lead_somewhere(drafts):
    slugs = {draft.slug for draft in drafts}
    everything = [*drafts, *academy.workshop(now=clock.now())]
    assert sum(draft.form == "column" for draft in drafts) == 6
    assert {asked for draft in everything for asked in draft.prerequisites} <= slugs
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
