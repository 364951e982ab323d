"""Which facts the catalogue announces, and when."""

from datetime import timedelta

import pytest

from tests.factories import make_course
from tests.product.test_catalogue_writing import change, ready, viewer_of, write
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.product.catalogue import services, telling
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.catalogue.services.shelving import TopicFacts

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(creator):
    return viewer_of(creator)


@pytest.fixture
def draft(author):
    """One chapter with the lesson a."""
    topic = services.put_topic(slug="data", name="数据", name_en="Data", position=0)
    course = services.create_course(viewer=author, title="概率的日常用法", topic=topic)
    chapter = services.add_chapter(viewer=author, course_id=course.pk, title="一")
    services.add_lesson(viewer=author, chapter_id=chapter.pk, title="a")
    return course


def told() -> list[tuple[str, str]]:
    """What was announced so far: fact and subject, in order."""
    rows = Job.objects.exclude(fact_id=None).order_by("pk")
    return [(job.kwargs["fact_name"], job.subject) for job in rows]


def test_a_draft_is_announced_to_nobody_until_it_is_published(author, draft):
    ready(author, draft)
    assert told() == []
    services.publish(viewer=author, course_id=draft.pk)
    assert told() == [("CoursePublished", f"course:{draft.pk}")]


def test_publishing_twice_by_one_form_is_one_fact(author, draft):
    ready(author, draft)
    services.publish(viewer=author, course_id=draft.pk)
    services.publish(viewer=author, course_id=draft.pk)
    assert len(told()) == 1


def test_words_that_learners_can_read_are_announced_when_they_change_and_only_then(author, draft):
    course = ready(author, draft)
    services.publish(viewer=author, course_id=draft.pk)
    course.refresh_from_db()
    Job.objects.all().delete()
    changed = ("CourseChanged", f"course:{draft.pk}")

    course = change(author, course, title="概率的日常")
    assert told() == [changed]
    change(author, course)
    assert told() == [changed]
    write(author, Lesson.objects.get(course=draft, title="a"), body="另一种说法。")
    assert told() == [changed] * 2
    services.rename_chapter(viewer=author, chapter_id=course.chapters.get(title="一").pk, title="从头说起")
    assert told() == [changed] * 3


def test_a_withdrawn_course_is_announced_and_published_again(author, draft):
    ready(author, draft)
    services.publish(viewer=author, course_id=draft.pk)
    services.withdraw(viewer=author, course_id=draft.pk)
    services.publish(viewer=author, course_id=draft.pk)
    assert [name for name, _ in told()] == ["CoursePublished", "CourseWithdrawn", "CoursePublished"]


def test_a_scheduled_course_is_announced_when_its_time_has_come(author, draft, monkeypatch):
    ready(author, draft)
    at = clock.now() + timedelta(hours=1)
    services.schedule(viewer=author, course_id=draft.pk, at=at)
    run_due()
    assert told() == []
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(seconds=1))
    run_due()
    assert told() == [("CoursePublished", f"course:{draft.pk}")]
    telling.tell_time_has_come(course_id=draft.pk, at=at)
    assert len(told()) == 1


def test_a_course_given_another_time_is_announced_at_that_one_alone(author, draft, monkeypatch):
    ready(author, draft)
    first, second = (clock.now() + timedelta(hours=hours) for hours in (1, 3))
    services.schedule(viewer=author, course_id=draft.pk, at=first)
    services.schedule(viewer=author, course_id=draft.pk, at=second)
    monkeypatch.setattr(clock, "now", lambda: first + timedelta(seconds=1))
    run_due()
    assert told() == []
    monkeypatch.setattr(clock, "now", lambda: second + timedelta(seconds=1))
    run_due()
    assert told() == [("CoursePublished", f"course:{draft.pk}")]


def test_what_was_scheduled_and_taken_back_is_announced_to_nobody(author, draft, monkeypatch):
    ready(author, draft)
    at = clock.now() + timedelta(hours=1)
    services.schedule(viewer=author, course_id=draft.pk, at=at)
    services.withdraw(viewer=author, course_id=draft.pk)
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(seconds=1))
    run_due()
    assert told() == []


def test_a_course_that_comes_from_a_file_is_announced_once(db):
    course = make_course("stats")
    make_course("stats")
    assert told() == [("CoursePublished", f"course:{course.pk}")]


def test_a_topic_is_announced_once_whatever_number_of_courses_it_has(operator, db):
    for slug in ("one", "two"):
        course = make_course(slug)
    Job.objects.all().delete()
    old = Course.objects.get(pk=course.pk).topic
    facts = TopicFacts(slug=old.slug, name="数据之学", name_en=old.name_en, description="")
    services.change_topic(viewer=viewer_of(operator), topic_id=old.pk, facts=facts)
    assert told() == [("TopicRenamed", f"topic:{old.pk}")]
    services.change_topic(
        viewer=viewer_of(operator),
        topic_id=old.pk,
        facts=TopicFacts(slug=old.slug, name="数据之学", name_en=old.name_en, description="说明"),
    )
    assert len(told()) == 1
