"""Courses, their lessons, topics and teachers."""

from typing import Any, cast

from django.utils.translation import pgettext, pgettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.conditions import is_sent
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.shapes import catalogue as shapes
from zhiyue.experience.api.shapes.lists import PageQuery
from zhiyue.experience.shell.problems import KINDS
from zhiyue.experience.shell.wanting import is_just_in_case
from zhiyue.product.catalogue import listing, prose
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.browse import prerequisites_of
from zhiyue.product.catalogue.editions import editions_beside
from zhiyue.product.catalogue.models import Chapter, Course, Lesson
from zhiyue.product.catalogue.openings import opening
from zhiyue.product.commerce.consumption import open_for
from zhiyue.product.commerce.selectors import Access, course_for, lesson_for, may_open
from zhiyue.product.learning.errors import LessonClosed

# What would open a closed lesson.
CLOSED = {
    "sign_in": pgettext_lazy(
        "api", "This lesson belongs to a course. Sign in, or send a token, of whoever owns it."
    ),
    "enrol": pgettext_lazy("api", "This lesson belongs to a course that isn't yours. Join the course first."),
    "unpublished": pgettext_lazy("api", "This lesson is announced, and not there yet."),
}


class JustInCase(APIException):
    status_code = 503
    default_code = "just_in_case"
    default_detail = cast(Any, KINDS["just_in_case"].advice)


class Courses(Endpoint):
    @needs(Scope.CATALOGUE_READ, shapes.CoursesQuery)
    @extend_schema(
        operation_id="listCourses",
        tags=["Catalogue"],
        examples=examples.COURSES_PAGE,
        responses=shapes.CoursePageShape,
    )
    def get(self, request: Request) -> Response:
        """List published courses

        Newest first, unless `sort` says otherwise. Filters narrow the list together.
        """
        asked = dict(self.asked)
        sort = asked.pop("sort")
        if asked.get("topic") and not listing.has_topic(asked["topic"]):
            words = pgettext("api", "There is no such topic. GET /api/v1/topics lists them.")
            raise ValidationError({"query topic": [words]})
        narrow = {name: value for name, value in asked.items() if name not in {"cursor", "page_size"}}
        rows = listing.narrowed(**narrow).only("pk", "published_at", "price_fen")
        found = self.listed(rows, order=listing.ORDERS[sort])
        cards = catalogue.courses_by_id(course.pk for course in found.rows)
        items = [cards[course.pk] for course in found.rows if course.pk in cards]
        return self.list_answer(found, shapes.CourseShape(items, many=True).data)


class OneCourse(Endpoint):
    @needs(Scope.CATALOGUE_READ)
    @extend_schema(operation_id="getCourse", tags=["Catalogue"], responses=shapes.CourseDetailShape)
    def get(self, request: Request, slug: str) -> Response:
        """Get a course with its outline

        Whoever may change a course also sees it before it is published; whoever owns it, also after it was withdrawn.
        """
        course = course_of(self, slug)
        return Response(shapes.CourseDetailShape(_detail(course)).data)


class OneLesson(Endpoint):
    may_answer = frozenset({503})

    @needs(Scope.LESSONS_READ)
    @extend_schema(operation_id="getLesson", tags=["Lessons"], responses=shapes.LessonShape)
    def get(self, request: Request, course: str, lesson: str) -> Response:
        """Get a lesson with its text

        Free lessons open to everybody, the others to whoever owns the course. Of a closed article the opening is told,
        and `access` is `preview`; where there is none the answer is 403 `lesson_closed`, and `why` says what would open
        it. Reading here is not counted as reading a page is, but a lesson opened here is
        opened: its share of what was paid for the course doesn't go back. Where you have it already (304), or ask by
        HEAD, nothing is opened. What is fetched just in case (`Sec-Purpose: prefetch`) is refused with 503.
        """
        if is_just_in_case(self.page):
            raise JustInCase
        try:
            found = lesson_for(self.viewer, course, lesson)
        except Lesson.DoesNotExist as missing:
            raise NotFound from missing
        access = may_open(self.viewer.user, found)
        answer = _lesson(found, access)
        if access.is_first and is_sent(request, answer):
            # What gives none of it opens nothing.
            answer = _lesson(found, open_for(self.viewer.user, found))
        return Response(answer)


class Topics(Endpoint):
    @needs(Scope.CATALOGUE_READ)
    @extend_schema(operation_id="listTopics", tags=["Catalogue"], responses=shapes.TopicsShape)
    def get(self, request: Request) -> Response:
        """List topics

        Those in which something is published, in the academy's order; all at once.
        """
        return Response({"items": shapes.TopicShape(catalogue.topics(), many=True).data})


class Teachers(Endpoint):
    @needs(Scope.CATALOGUE_READ, PageQuery)
    @extend_schema(operation_id="listTeachers", tags=["Catalogue"], responses=shapes.TeacherPageShape)
    def get(self, request: Request) -> Response:
        """List teachers

        Those of whom something is published.
        """
        found = self.listed(listing.teaching(), order=("pk",))
        return self.list_answer(found, shapes.TeacherShape(found.rows, many=True).data)


class OneTeacher(Endpoint):
    @needs(Scope.CATALOGUE_READ)
    @extend_schema(operation_id="getTeacher", tags=["Catalogue"], responses=shapes.TeacherShape)
    def get(self, request: Request, slug: str) -> Response:
        """Get a teacher"""
        teacher = listing.teaching().filter(slug=slug).first()
        if teacher is None:
            raise NotFound
        return Response(shapes.TeacherShape(teacher).data)


def course_of(view: Endpoint, slug: str) -> Course:
    """The course for whoever asks. Raises NotFound."""
    try:
        return course_for(view.viewer, slug)
    except Course.DoesNotExist as missing:
        raise NotFound from missing


def _detail(course: Course) -> dict[str, Any]:
    chapters = list(course.chapters.all())
    lessons = [lesson for chapter in chapters for lesson in chapter.lessons.all()]
    written = [lesson for lesson in lessons if lesson.is_written]
    return {
        **{name: getattr(course, name) for name in _OWN},
        "topic_slug": course.topic.slug,
        "teacher_name": course.teacher.name,
        "teacher_slug": course.teacher.slug,
        "lesson_count": len(lessons),
        "published_lesson_count": len(written),
        "free_lesson_slug": next((lesson.slug for lesson in written if lesson.is_free), None),
        "prerequisites": [card.slug for card in prerequisites_of(course.pk)],
        "editions": editions_beside(course),
        "chapters": [_chapter(chapter) for chapter in chapters],
    }


_OWN = (
    "id", "slug", "title", "subtitle", "form", "language", "level", "tags", "price_fen", "list_price_fen",
    "published_at", "summary", "outcomes", "skills", "updated_at",
)  # fmt: skip


def _chapter(chapter: Chapter) -> dict[str, Any]:
    return {"title": chapter.title, "lessons": [_outlined(lesson) for lesson in chapter.lessons.all()]}


def _outlined(lesson: Lesson) -> dict[str, Any]:
    return {
        "slug": lesson.slug,
        "title": lesson.title,
        "kind": lesson.kind,
        "minutes": lesson.minutes,
        "is_free": lesson.is_free,
        "is_written": lesson.is_written,
    }


def _lesson(found: Lesson, access: Access) -> dict[str, Any]:
    """A lesson as far as it opens. Raises LessonClosed where nothing of it does."""
    shown = opening(found.body, 100 if access.open else access.preview_percent)
    if not access.open and not shown.text:
        raise LessonClosed(access, str(CLOSED[access.why]))
    beside = catalogue.neighbours(found)
    told = {
        **_outlined(found),
        "course": found.course.slug,
        "chapter": found.chapter.title,
        "body": shown.text,
        "html": prose.render(shown.text),
        "access": access.why if access.open else "preview",
        "previous": beside.previous.slug if beside.previous else None,
        "next": beside.next.slug if beside.next else None,
        "updated_at": found.updated_at,
    }
    return dict(shapes.LessonShape(told).data)
