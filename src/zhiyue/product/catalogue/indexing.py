"""What of the catalogue can be searched: every write of `services` puts the course's documents anew."""

import re
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from zhiyue.facilities.search.kinds import Text
from zhiyue.facilities.search.selectors import indexed_refs
from zhiyue.facilities.search.services import put_documents, put_scope, remove_documents
from zhiyue.product.catalogue.models import Course, CourseQuerySet, Lesson, Level, Teacher, Topic

COURSE, TEACHER, TOPIC, LESSON = "course", "teacher", "topic", "lesson"
# How people ask for a level.
_LEVEL_WORDS = {
    Level.BEGINNER.value: ("入门", "零基础", "beginner"),
    Level.INTERMEDIATE.value: ("进阶", "intermediate"),
    Level.ADVANCED.value: ("高级", "advanced"),
}

# Markdown without what is not read: fences, marks at the beginning of lines, addresses, emphasis. Each pattern looks at
# a sign a bounded number of times, whatever an author types: lessons are indexed while others wait.
_PICTURE = re.compile(r"!\[([^\[\]\n]{0,300})\]\([^()\n]{0,500}\)")
_LINK = re.compile(r"\[([^\[\]\n]{0,300})\]\([^()\n]{0,500}\)")
_LINE_MARK = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|>+[ \t]?|[-*+][ \t]+|\d{1,9}[.)][ \t]+|```[^\n]*$)|^(?=[^\n]*---)[ \t|:-]+$",
    re.MULTILINE,
)
_EMPHASIS = re.compile(r"\*\*|__|~~|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")


@transaction.atomic
def index_course(course_id: int) -> None:
    """Put what may be found of a course into the search index, or take it out where it isn't published.

    Its teacher and topic are findable as long as some course of theirs is published.
    """
    course = Course.objects.select_for_update().filter(pk=course_id).first()
    if course:
        # Not joined: whoever waited for the lock would be given a teacher and a topic of before the wait.
        course.teacher = Teacher.objects.get(pk=course.teacher_id)
        course.topic = Topic.objects.get(pk=course.topic_id)
    put_scope(scope=course_id, texts=_texts(course) if course else [])
    if course:
        _put_teacher(course.teacher)
        _put_topic(course.topic)
    published = Course.objects.filter(status=Course.Status.PUBLISHED)
    for kind, model in ((TEACHER, Teacher), (TOPIC, Topic)):
        idle = model.objects.exclude(pk__in=published.values(kind)).values_list("pk", flat=True)
        remove_documents(kind=kind, refs=set(idle))


def rebuild(report: Callable[[int, int, str], None] = lambda *_: None) -> int:
    """Index every course again. `report` is told how many are done, of how many, and which one. Returns how many."""
    courses = list(Course.objects.order_by("pk").values_list("pk", "title"))
    for done, (pk, title) in enumerate(courses, start=1):
        index_course(pk)
        report(done, len(courses), title)
    return len(courses)


def unindexed() -> int:
    """How many published courses lack their row in the index: of a restored or upgraded academy, all of them."""
    published = Course.objects.filter(status=Course.Status.PUBLISHED, published_at__isnull=False)
    return published.exclude(pk__in=indexed_refs(COURSE)).count()


def plain(markdown: str) -> str:
    """Lesson text as it is read, one line a paragraph."""
    text = _LINK.sub(r"\1", _PICTURE.sub(r"\1", markdown))
    text = _EMPHASIS.sub("", _LINE_MARK.sub("", text)).replace("|", " ")
    return "\n".join(line for line in (" ".join(raw.split()) for raw in text.splitlines()) if line)


def _texts(course: Course) -> list[Text]:
    if course.status != Course.Status.PUBLISHED or course.published_at is None:
        return []
    about = Text(
        kind=COURSE,
        ref=course.pk,
        title=course.title,
        secondary=course.teacher.name,
        tags=(
            course.topic.name,
            course.topic.name_en,
            course.keyword,
            *course.tags,
            *course.skills,
            *_LEVEL_WORDS.get(course.level, ()),
        ),
        body="\n".join([course.subtitle, plain(course.summary), *course.outcomes]),
        scope=course.pk,
        since=course.published_at,
    )
    return [about, *(_lesson(course, lesson) for lesson in Lesson.objects.filter(course=course).offered())]


def _lesson(course: Course, lesson: Lesson) -> Text:
    return Text(
        kind=LESSON,
        ref=lesson.pk,
        title=lesson.title,
        secondary=course.teacher.name,
        tags=(course.title,),
        body=plain(lesson.body),
        is_open=lesson.is_free,
        scope=course.pk,
        since=course.published_at,
    )


def _first_published(courses: CourseQuerySet) -> datetime | None:
    """Since when somebody or something has a course to show."""
    published = courses.filter(status=Course.Status.PUBLISHED)
    return published.order_by("published_at").values_list("published_at", flat=True).first()


def _put_teacher(teacher: Teacher) -> None:
    first = _first_published(Course.objects.filter(teacher=teacher))
    if first:
        text = Text(
            TEACHER, teacher.pk, teacher.name, secondary=teacher.headline, body=teacher.bio, since=first
        )
        put_documents([text])


def _put_topic(topic: Topic) -> None:
    first = _first_published(Course.objects.filter(topic=topic))
    if first:
        text = Text(TOPIC, topic.pk, topic.name, secondary=topic.name_en, body=topic.description, since=first)
        put_documents([text])
