"""What suggestions to whoever asks go by: read, corrected, switched off. Visitors are known by their browser's key."""

from typing import Any, cast

from django.db import transaction
from django.utils.translation import pgettext
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.collect.consenting import granted_by
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import Purpose
from zhiyue.experience.api import examples
from zhiyue.experience.api.conditions import check_unchanged, with_etag
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import interests as shapes
from zhiyue.experience.shell.viewers import actor_of, keep_visitor
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.learning.corrections import (
    Way,
    correct_topic,
    corrected_topics,
    course_to_correct,
    disregard_course,
    regard_course,
    unused_courses,
)
from zhiyue.product.learning.interests import choose_interests
from zhiyue.product.learning.privacy import choose_consent
from zhiyue.product.learning.selectors import interests_of
from zhiyue.recommend.interests import interest_profile


class MyInterests(Endpoint):
    is_personal = True

    @needs(Scope.ME_READ)
    @extend_schema(operation_id="getMyInterests", tags=["Me"], responses=shapes.InterestsShape)
    def get(self, request: Request) -> Response:
        """Get what suggestions to me go by

        Exactly what the slate is asked with: topics with their shares, and the acts that make them.
        """
        return Response(_told(actor_of(self.page)))

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="changeMyInterests",
        tags=["Me"],
        examples=examples.INTERESTS_CHANGE,
        request=shapes.InterestsChangeShape,
        responses=shapes.InterestsShape,
    )
    def patch(self, request: Request) -> Response:
        """Choose my topics, or switch off suggestions by what I do

        With `is_used` false no act counts, and none is recorded for it; what is recorded stays, and counts again when
        it is switched on. Other purposes of consent stay as they are. With the ETag of what was read in `If-Match`, a
        change made elsewhere in between is not overwritten: 412.
        """
        shape = shapes.InterestsChangeShape(data=request.data)
        shape.is_valid(raise_exception=True)
        asked = shape.validated_data
        actor = actor_of(self.page)
        with transaction.atomic():
            check_unchanged(request, _told(actor))
            if "is_used" in asked:
                others = granted_by(actor) & ~Purpose.PERSONALISATION
                granted = others | Purpose.PERSONALISATION if asked["is_used"] else others
                choose_consent(actor=actor, granted=granted, way=Choice.Way.API)
                actor = Actor(member_id=actor.member_id, visitor=actor.visitor, granted=granted)
            if "chosen" in asked:
                choose_interests(actor=actor, topic_slugs=asked["chosen"])
        if asked:
            keep_visitor(self.page)
        return with_etag(request, Response(_told(actor)))


class MyCorrections(Endpoint):
    is_personal = True

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="correctMyInterests",
        tags=["Me"],
        examples=examples.CORRECTION,
        request=shapes.CorrectionShape,
        responses={204: None},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Ask for more or less of a topic, or say that a course is no reason

        It is obeyed from the next slate on. The same again changes nothing. A browser without a visitor's key gets one
        to be known again by.
        """
        shape = shapes.CorrectionShape(data=request.data)
        shape.is_valid(raise_exception=True)
        verdict = shape.validated_data["verdict"]
        actor = actor_of(self.page)
        if "topic" in shape.validated_data:
            topic = Topic.objects.filter(slug=shape.validated_data["topic"]).first()
            if topic is None:
                raise ValidationError({"topic": [pgettext("api", "There is no such topic.")]})
            is_new = correct_topic(actor=actor, topic=topic, way=cast(Way, verdict))
        else:
            course = _course(shape.validated_data["course"])
            act = disregard_course if verdict == "unused" else regard_course
            is_new = act(actor=actor, course=course)
        if is_new:
            keep_visitor(self.page)
        return Response(status=204)


def _course(slug: str) -> Course:
    try:
        return course_to_correct(slug)
    except Course.DoesNotExist as missing:
        raise ValidationError({"course": [pgettext("api", "No such course is offered.")]}) from missing


def _told(actor: Actor) -> Any:
    found = interest_profile(actor)
    courses = Course.objects.in_bulk([one.course_id for topic in found for one in topic.courses])
    corrected = corrected_topics(actor)
    told = {
        "is_used": Purpose.PERSONALISATION in granted_by(actor),
        "interests": [
            {
                "topic": topic.topic.slug,
                "share": topic.share,
                "courses": [
                    {
                        "course": courses[one.course_id].slug,
                        "title": courses[one.course_id].title,
                        "share": one.share,
                        "acts": dict(one.acts),
                        "last_at": one.last_at,
                    }
                    for one in topic.courses
                ],
            }
            for topic in found
        ],
        "less": [topic.slug for topic, way in corrected if way == "less"],
        "more": [topic.slug for topic, way in corrected if way == "more"],
        "unused": [course.slug for course in unused_courses(actor)],
        "chosen": [topic.slug for topic in interests_of(actor)],
    }
    return shapes.InterestsShape(told).data
