"""What suggestions to somebody go by, and what they correct of it."""

from typing import Any

from django.utils.translation import pgettext
from rest_framework import serializers

from zhiyue.experience.api.shapes.lists import Moment, Shape

_OF_TOPICS = ("less", "more", "none")
_OF_COURSES = ("unused", "none")


class CourseInterestShape(Shape):
    """A course that makes an interest, with what was done there."""

    course = serializers.CharField()
    title = serializers.CharField()
    share = serializers.FloatField(help_text="Of all interests, 0 to 1.")
    acts: Any = serializers.DictField(
        child=serializers.IntegerField(), help_text="How often what was done, by kind of event."
    )
    last_at = Moment()


class TopicInterestShape(Shape):
    topic = serializers.CharField()
    share = serializers.FloatField(help_text="Of all interests, 0 to 1; those of all topics add up to 1.")
    courses = CourseInterestShape(many=True)


class InterestsShape(Shape):
    is_used = serializers.BooleanField(
        help_text="Whether suggestions go by what the person does: their consent to personalisation."
    )
    interests = TopicInterestShape(
        many=True, help_text="The strongest first; empty where nothing was done or isn't used."
    )
    less = serializers.ListField(child=serializers.CharField(), help_text="Topics they want less of.")
    more = serializers.ListField(child=serializers.CharField(), help_text="Topics they want more of.")
    unused = serializers.ListField(
        child=serializers.CharField(), help_text="Courses that are no reason to suggest another."
    )
    chosen = serializers.ListField(child=serializers.CharField(), help_text="Topics they care about.")


class InterestsChangeShape(Shape):
    """What is left out stays as it is."""

    is_used = serializers.BooleanField(
        required=False, help_text="Only send what the person themselves decided."
    )
    chosen = serializers.ListField(
        child=serializers.SlugField(max_length=50),
        required=False,
        max_length=50,
        help_text="Replaces the topics chosen before; what is no topic is left out.",
    )


class CorrectionShape(Shape):
    """Names a topic, or a course."""

    topic = serializers.SlugField(max_length=50, required=False)
    course = serializers.SlugField(max_length=80, required=False)
    verdict = serializers.ChoiceField(
        choices=["less", "more", "unused", "none"],
        help_text="Of a topic less, more, or none (which takes that back); of a course unused, or none.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("topic" in attrs) == ("course" in attrs):
            raise serializers.ValidationError({"topic": [pgettext("api", "Name a topic, or a course.")]})
        fitting = _OF_TOPICS if "topic" in attrs else _OF_COURSES
        if attrs["verdict"] not in fitting:
            words = pgettext("api", "Of these, choose one: %(choices)s.") % {"choices": ", ".join(fitting)}
            raise serializers.ValidationError({"verdict": [words]})
        return attrs
