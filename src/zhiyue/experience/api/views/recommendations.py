"""What to learn next, each course with its reason."""

from typing import Any

from django.utils.translation import pgettext
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.collect.slates import signed
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import people as shapes
from zhiyue.experience.api.views.catalogue import course_of
from zhiyue.experience.shell.reasons import in_words
from zhiyue.experience.shell.viewers import actor_of, keep_visitor
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.editions import language_of_reader, titles_in
from zhiyue.product.catalogue.models import Course
from zhiyue.product.learning.services import dismiss_course, restore_course
from zhiyue.recommend import selectors as recommend
from zhiyue.recommend.kinds import Slate


class ForMe(Endpoint):
    is_personal = True

    @needs(Scope.RECOMMENDATIONS_READ, shapes.SlateQuery)
    @extend_schema(operation_id="getRecommendations", tags=["Recommendations"], responses=shapes.SlateShape)
    def get(self, request: Request) -> Response:
        """Get courses recommended to whoever asks

        What they own or finished is never among them. Visitors are known by their browser's key.
        """
        slot = self.asked.get("slot")
        policy = self.asked.get("policy", "popular" if slot == "popular" else None)
        found = recommend.slate(actor_of(self.page), k=self.asked["k"], policy=policy, slot=slot)
        return Response(_told("popular" if slot == "popular" else "for-me", found))


class Similar(Endpoint):
    @needs(Scope.RECOMMENDATIONS_READ, shapes.SimilarQuery)
    @extend_schema(operation_id="getSimilarCourses", tags=["Recommendations"], responses=shapes.SlateShape)
    def get(self, request: Request, slug: str) -> Response:
        """Get courses most like one

        None that would be there for being popular alone.
        """
        return Response(_told("similar", recommend.similar(course_of(self, slug).pk, k=self.asked["k"])))


class Feedback(Endpoint):
    is_personal = True

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="giveFeedback",
        tags=["Recommendations"],
        examples=examples.FEEDBACK,
        request=shapes.FeedbackShape,
        responses={204: None},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Say that a recommended course isn't for me, or is after all

        It is obeyed from the next slate on, in every edition of the course. The same again changes nothing. A browser
        without a visitor's key gets one to be known again by.
        """
        shape = shapes.FeedbackShape(data=request.data)
        shape.is_valid(raise_exception=True)
        course = Course.objects.published().filter(slug=shape.validated_data["course"]).first()
        if course is None:
            raise ValidationError({"course": [pgettext("api", "No such course is offered.")]})
        is_wanted = shape.validated_data["verdict"] == "for_me"
        (restore_course if is_wanted else dismiss_course)(actor=actor_of(self.page), course=course)
        if not is_wanted:
            keep_visitor(self.page)
        return Response(status=204)


def _told(name: str, found: Slate) -> Any:
    cards = catalogue.courses_by_id(item.course_id for item in found.items)
    named = [item.reason.course_id for item in found.items if item.reason.course_id]
    titles = titles_in(language_of_reader(), named)
    words = catalogue.summaries(cards)
    items = [
        {
            "position": item.position,
            "policy": found.policy,
            "score": item.score,
            "propensity": item.propensity,
            "reason": {
                "kind": item.reason.kind,
                "event": item.reason.event,
                "course_id": item.reason.course_id,
                "words": in_words(item.reason, titles),
            },
            "description": words[item.course_id],
            "course": cards[item.course_id],
        }
        for item in found.items
        if item.course_id in cards
    ]
    told = {
        "slate": signed(
            name,
            policy=found.policy,
            courses=[item.course_id for item in found.items],
            chances={item.course_id: item.propensity for item in found.items},
            contest=found.contest,
            policy_chance=found.policy_chance,
            made_for=found.made_for,
        ),
        "policy": found.policy,
        "policy_chance": found.policy_chance,
        "version": found.version,
        "items": items,
    }
    return shapes.SlateShape(told).data
