"""Oneself: profile, courses, progress and list."""

from typing import Any

from django.utils.translation import pgettext
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.collect.kinds import Actor
from zhiyue.core.academy.selectors import require_accepted
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.profiles import change_profile
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.conditions import check_unchanged, with_etag
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import people as shapes
from zhiyue.experience.api.shapes.lists import PageQuery, Shape
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Course
from zhiyue.product.catalogue.selectors import courses_by_id
from zhiyue.product.commerce.selectors import owned_by
from zhiyue.product.commerce.services import enrol_free
from zhiyue.product.learning.services import save_course, unsave_course
from zhiyue.product.learning.standing import Standing, read_lessons, saved_courses, standing


class MyEndpoint(Endpoint):
    """An address that is different for each member, and nothing for visitors."""

    members_only = True
    is_personal = True

    @property
    def actor(self) -> Actor:
        return Actor(member_id=self.member.pk, visitor=self.viewer.visitor)

    def read_body(self, shape: type[Shape], request: Request) -> dict[str, Any]:
        found = shape(data=request.data, context={"member": self.member})
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)


class Me(MyEndpoint):
    @needs(Scope.ME_READ)
    @extend_schema(operation_id="getMe", tags=["Me"], examples=examples.MY_PROFILE, responses=shapes.MeShape)
    def get(self, request: Request) -> Response:
        """Get my profile"""
        return Response(self._told(self.member))

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="changeMe",
        tags=["Me"],
        examples=examples.CHANGE,
        request=shapes.MeChangeShape,
        responses=shapes.MeShape,
    )
    def patch(self, request: Request) -> Response:
        """Change my profile

        With the ETag of what was read in `If-Match`, a change made elsewhere in between is not overwritten: 412.
        """
        require_accepted(self.member)
        wanted = self.read_body(shapes.MeChangeShape, request)
        changed = change_profile(
            user=self.member,
            display_name=wanted.get("display_name"),
            bio=wanted.get("bio"),
            check=lambda now: check_unchanged(request, self._told(now)),
        )
        return with_etag(request, Response(self._told(changed)))

    def _told(self, user: User) -> Any:
        fields = ("id", "display_name", "username", "bio", "email", "phone", "joined_at")
        told = {name: getattr(user, name) for name in fields}
        return shapes.MeShape({**told, "roles": sorted(self.viewer.roles)}).data


class MyCourses(MyEndpoint):
    @needs(Scope.ME_READ, PageQuery)
    @extend_schema(operation_id="listMyCourses", tags=["Me"], responses=shapes.MyCoursePageShape)
    def get(self, request: Request) -> Response:
        """List my courses

        Those I own, and those that my membership or a trial opens for a while (`source` tells, and `until`), the newest
        first, each with how far I came. Single lessons that friends show me are in `GET /api/v1/me/gifts/received`.
        """
        found = self.listed(owned_by(self.member.pk, lent_too=True), order=("-since", "-pk"))
        ids = [row.pk for row in found.rows]
        cards = courses_by_id(ids, withdrawn_too=ids)
        came = standing(self.actor, ids)
        items = [
            _my_course(row, cards[row.pk], came.get(row.pk, Standing()))
            for row in found.rows
            if row.pk in cards
        ]
        return self.list_answer(found, shapes.MyCourseShape(items, many=True).data)

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="joinCourse",
        tags=["Me"],
        examples=examples.JOIN,
        request=shapes.EnrolShape,
        responses={201: shapes.EnrolledShape, 200: shapes.EnrolledShape},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Join a free course

        201 where it became mine just now, 200 where it was mine. A course with a price answers 402.
        """
        slug = self.read_body(shapes.EnrolShape, request)["course"]
        course = Course.objects.published().filter(slug=slug).first()
        if course is None:
            raise ValidationError({"course": [pgettext("api", "No course with this slug is published.")]})
        is_new = enrol_free(user=self.member, course=course, actor=self.actor)
        row: Any = owned_by(self.member.pk).get(pk=course.pk)
        told = shapes.EnrolledShape({"course": course.slug, "enrolled_at": row.since}).data
        return Response(told, status=201 if is_new else 200)


class MyProgress(MyEndpoint):
    @needs(Scope.ME_READ, shapes.ProgressQuery)
    @extend_schema(operation_id="listMyProgress", tags=["Me"], responses=shapes.ProgressPageShape)
    def get(self, request: Request) -> Response:
        """List my progress

        Every lesson I opened, the one begun last first.
        """
        found = self.listed(read_lessons(self.actor, self.asked.get("course", "")), order=("-pk",))
        items = [
            {
                "course": row.lesson.course.slug,
                "lesson": row.lesson.slug,
                "percent": row.percent,
                "opened_at": row.opened_at,
                "finished_at": row.finished_at,
            }
            for row in found.rows
        ]
        return self.list_answer(found, shapes.ProgressShape(items, many=True).data)


class MySaved(MyEndpoint):
    @needs(Scope.ME_READ, PageQuery)
    @extend_schema(operation_id="listSavedCourses", tags=["Me"], responses=shapes.SavedPageShape)
    def get(self, request: Request) -> Response:
        """List courses I saved

        The one saved last first.
        """
        found = self.listed(saved_courses(self.actor), order=("-saved_at", "-pk"))
        cards = courses_by_id(row.course_id for row in found.rows)
        items = [
            {"course": cards[row.course_id], "saved_at": row.saved_at}
            for row in found.rows
            if row.course_id in cards
        ]
        return self.list_answer(found, shapes.SavedShape(items, many=True).data)


class OneSaved(MyEndpoint):
    @needs(Scope.ME_WRITE)
    @extend_schema(operation_id="saveCourse", tags=["Me"], request=None, responses={204: None})
    def put(self, request: Request, slug: str) -> Response:
        """Put a course on my list

        Again and again changes nothing more.
        """
        save_course(actor=self.actor, course=_published(slug))
        return Response(status=204)

    @needs(Scope.ME_WRITE)
    @extend_schema(operation_id="unsaveCourse", tags=["Me"], request=None, responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Take a course off my list"""
        unsave_course(actor=self.actor, course=_published(slug))
        return Response(status=204)


def _published(slug: str) -> Course:
    course = Course.objects.published().filter(slug=slug).first()
    if course is None:
        raise NotFound
    return course


def _my_course(row: Any, card: CourseCard, came: Standing) -> dict[str, Any]:
    written = card.published_lesson_count
    return {
        "course": card,
        "source": row.source,
        "enrolled_at": row.since,
        "until": row.until,
        "finished_lessons": came.finished_lessons,
        "percent": min(100, round(100 * came.finished_lessons / written)) if written else 0,
        "last_opened_at": came.last_opened_at,
    }
