"""Searching the catalogue: what is published, and of closed lessons only what one may read."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from tests.factories import lesson_of, make_course, make_member, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.services import grant
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.facilities.search.models import Document
from zhiyue.product.catalogue.indexing import index_course, plain
from zhiyue.product.catalogue.models import Course, Lesson, Teacher
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning import search

pytestmark = pytest.mark.django_db

SECRET = "河马在月光下散步。"


@pytest.fixture
def closed(course):
    """A paid course of which lesson `two` alone speaks of hippos."""
    Lesson.objects.filter(course=course, slug="two").update(body=SECRET)
    index_course(course.pk)
    return lesson_of(course, "two")


def found(typed, user=None):
    groups = search.find(typed, user=user).found.groups.values()
    return {(hit.kind, hit.ref) for group in groups for hit in group.hits}


def test_a_published_course_its_teacher_topic_and_lessons_are_found(course):
    assert ("course", course.pk) in found("intuition")
    assert ("teacher", course.teacher_id) in found("何牧")
    assert ("topic", course.topic_id) in found("主题")
    assert ("lesson", lesson_of(course, "four").pk) in found("four")


def test_the_free_lessons_text_is_found_by_everybody(course):
    answer = search.find("平均数", user=None)
    hits = answer.found.groups["lessons"].hits
    assert [hit.ref for hit in hits] == [lesson_of(course, "one").pk]
    assert hits[0].passage == "<mark>平均数</mark>会骗人。"


def test_a_closed_text_is_found_by_its_owner_and_teacher_only(closed, learner, stranger):
    grant_course(user=learner, course=closed.course)
    teacher = make_member("teacher@test.example", "何牧")
    Teacher.objects.filter(pk=closed.course.teacher_id).update(user=teacher)
    assert found("河马", teacher) == set()
    grant(user=teacher, role="creator")
    for user in (learner, teacher):
        assert found("河马", user) == {("lesson", closed.pk)}
    assert found("河马", stranger) == found("河马") == set()


def test_a_stranger_learns_nothing_of_a_closed_text_by_asking_around(closed, stranger):
    for asked in ("河马", "月光", "河马 two", "two 月光", "散步", "合马", "hema", "第 two 讲 河马", "河"):
        for user in (None, stranger):
            answer = search.find(asked, user=user)
            said = answer.found.meant + "".join(
                f"{hit.title}{hit.passage}" for group in answer.found.groups.values() for hit in group.hits
            )
            assert not any(word in said for word in ("河马", "月光", "散步"))
    # A word that stands there and one that stands nowhere make no difference.
    assert found("two 月光", stranger) == found("two 飞船", stranger)


def test_an_operator_finds_no_more_than_they_may_read(closed, operator):
    assert found("河马", operator) == set()


@pytest.mark.parametrize("status", [Course.Status.DRAFT, Course.Status.WITHDRAWN])
def test_what_is_not_published_is_not_found(course, status):
    Course.objects.filter(pk=course.pk).update(status=status)
    index_course(course.pk)
    assert found("intuition") == found("何牧") == found("平均数") == set()
    assert not Document.objects.exists()


def test_a_scheduled_course_is_found_from_its_moment_on(course, monkeypatch):
    later = clock.now() + timedelta(hours=2)
    Course.objects.filter(pk=course.pk).update(published_at=later)
    index_course(course.pk)
    assert found("intuition") == set()
    monkeypatch.setattr(clock, "now", lambda: later + timedelta(minutes=1))
    assert ("course", course.pk) in found("intuition")


def test_a_withdrawn_lesson_is_gone(course):
    Lesson.objects.filter(course=course, slug="one").update(withdrawn_at=clock.now())
    index_course(course.pk)
    assert found("平均数") == set()


def test_level_words_narrow_a_search_down(course):
    assert not search.find("统计 入门", user=None).found.is_near
    assert search.find("统计 高级", user=None).found.is_near


def test_lesson_text_is_indexed_as_it_is_read():
    assert plain(
        "# 标题\n\n- **重点**：[链接](https://a.example/x)\n\n```python\nprint('x')\n```\n\n| 甲 | 乙 |\n|---|---|\n"
    ) == ("标题\n重点：链接\nprint('x')\n甲 乙")


def test_a_search_is_remembered_without_numbers_and_addresses(visitor):
    actor = Actor(visitor=visitor)
    search.made(actor=actor, typed="  何牧  13800138000 a@b.cn ", count=3)
    search.made(actor=actor, typed="   ", count=0)
    search.made(actor=actor, typed=" ？？…！ ", count=0)
    search.made(actor=Actor(), typed="统计", count=1)
    assert [event.properties for event in Event.objects.all()] == [{"words": "何牧 … …", "found": 3}]


def test_recent_searches_are_ones_own_that_found_something(visitor, learner):
    own = Actor(visitor=visitor)
    for typed, count in (("统计", 3), ("飞船", 0), ("直觉", 1), ("统计", 3)):
        search.made(actor=own, typed=typed, count=count)
    search.made(actor=Actor(member_id=learner.pk), typed="秘密", count=2)
    assert search.recent_searches(own) == ["统计", "直觉"]
    assert search.recent_searches(Actor(member_id=learner.pk)) == ["秘密"]
    assert search.recent_searches(Actor()) == []


def test_of_two_alike_courses_the_one_with_learners_comes_first(learner):
    make_course("alike-a", title="茶与水")
    second = make_course("alike-b", title="茶与水")
    grant_course(user=learner, course=second)
    assert search.refresh_boosts() == 1
    hits = search.find("茶", user=None).found.groups["courses"].hits
    assert hits[0].ref == second.pk


def test_reindex_makes_the_index_whole_again(course, capsys):
    Document.objects.all().delete()
    call_command("reindex")
    assert "1 courses are in the search index." in capsys.readouterr().out
    assert ("course", course.pk) in found("intuition")


@pytest.mark.parametrize(
    "odd", ["-", "![", "[", "\n", " ", "[a](", "![a](", "|", "- ", "1", "-\n", "_", "`", "- - -x", "|---"]
)
def test_what_is_typed_by_the_thousand_is_read_once(odd):
    """Patterns that try again from each sign would not end within anybody's patience."""
    text = odd * (200_000 // len(odd))
    read = plain(f"{text}\n后面还有字")
    assert "后面还有字" in read
    assert len(read) <= len(text) + 6


def test_recent_searches_need_consent_to_personalisation():
    for granted in (Purpose.ANALYTICS, Purpose.PERSONALISATION):
        actor = Actor(visitor=make_visitor(granted))
        search.made(actor=actor, typed="统计", count=3)
        assert search.recent_searches(actor) == (["统计"] if granted == Purpose.PERSONALISATION else [])
