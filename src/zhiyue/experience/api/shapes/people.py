"""Oneself: profile, courses, progress, list; what is recommended, and what one's programs tell."""

from typing import Any

from django.core.exceptions import ValidationError as Unfit
from django.utils.translation import pgettext
from rest_framework import serializers

from zhiyue.core.academy.naming import refuse_claim
from zhiyue.core.accounts.models import Role
from zhiyue.core.accounts.names import tidy_name
from zhiyue.experience.api.shapes.catalogue import CourseShape
from zhiyue.experience.api.shapes.lists import Choice, ListShape, Moment, PageQuery, Shape
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.selectors import PAID
from zhiyue.recommend.kinds import KINDS
from zhiyue.recommend.policies import POLICIES


class MeShape(Shape):
    id = serializers.IntegerField()
    display_name = serializers.CharField()
    username = serializers.CharField(allow_null=True)
    bio = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.values))
    joined_at = Moment()


class MeChangeShape(Shape):
    """What is left out stays as it is."""

    display_name = serializers.CharField(max_length=40, required=False)
    bio = serializers.CharField(max_length=120, required=False, allow_blank=True)

    def validate_display_name(self, typed: str) -> str:
        try:
            name = tidy_name(typed)
            refuse_claim(name, member=self.context["member"])
        except Unfit as why:
            raise serializers.ValidationError(why.messages) from why
        return name

    def validate_bio(self, typed: str) -> str:
        return " ".join(typed.split())

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value(data)
        if unknown := sorted(set(data) - set(self.fields)):
            words = pgettext("api", "This can't be changed here. What can: %(known)s.")
            raise serializers.ValidationError(
                {name: [words % {"known": ", ".join(self.fields)}] for name in unknown}
            )
        return found


class MyCourseShape(Shape):
    """A course that is mine, and how far I came in it."""

    course = CourseShape()
    source: Any = serializers.ChoiceField(choices=[*Enrolment.Source.values, PAID, "membership", "trial"])
    enrolled_at = Moment()
    until = Moment(allow_null=True, help_text="Until when it is open; null: for good.")
    finished_lessons = serializers.IntegerField()
    percent = serializers.IntegerField(help_text="Share of the lessons written so far that are finished.")
    last_opened_at = Moment(allow_null=True)


class MyCoursePageShape(ListShape):
    items = MyCourseShape(many=True)


class EnrolShape(Shape):
    course = serializers.SlugField(max_length=80, help_text="Slug of a free course.")


class EnrolledShape(Shape):
    course = serializers.CharField()
    enrolled_at = Moment()


class ProgressQuery(PageQuery):
    course = serializers.SlugField(required=False, max_length=80, help_text="Slug of a course.")


class ProgressShape(Shape):
    course = serializers.CharField(help_text="Slug of the course.")
    lesson = serializers.CharField(help_text="Slug of the lesson.")
    percent = serializers.IntegerField(help_text="How far it was read, 0 to 100.")
    opened_at = Moment()
    finished_at = Moment(allow_null=True)


class ProgressPageShape(ListShape):
    items = ProgressShape(many=True)


class SavedShape(Shape):
    course = CourseShape()
    saved_at = Moment()


class SavedPageShape(ListShape):
    items = SavedShape(many=True)


class SlateQuery(Shape):
    slot = Choice(
        choices=["for-you", "popular"],
        required=False,
        help_text="The shelf it is for: one's own, or the one that is everybody's. Without one, as the policy is made.",
    )
    k = serializers.IntegerField(min_value=1, max_value=40, default=12, help_text="How many courses at most.")
    policy = Choice(
        choices=list(POLICIES),
        required=False,
        help_text="Without one, the policy that the academy has live; `popular` for the shelf that is everybody's. "
        "`popular` also answers for one that isn't trained.",
    )


class SimilarQuery(Shape):
    k = serializers.IntegerField(min_value=1, max_value=20, default=6, help_text="How many courses at most.")


class FeedbackShape(Shape):
    course = serializers.SlugField(max_length=80, help_text="The course that was recommended.")
    verdict = Choice(choices=["not_for_me", "for_me"])


class ReasonShape(Shape):
    """Why a course is shown."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    event = serializers.CharField(allow_null=True, help_text="The own act that spoke most for it.")
    course_id = serializers.IntegerField(allow_null=True, help_text="The course that act was about.")
    words = serializers.CharField(help_text="The reason in words, in the language asked for.")


class RecommendedShape(Shape):
    position = serializers.IntegerField()
    policy = serializers.CharField(help_text="What put it here.")
    score = serializers.FloatField(help_text="Compares inside one slate only.")
    propensity = serializers.FloatField(
        help_text="The chance with which the policy puts this course here; 1 where it leaves nothing to chance."
    )
    reason = ReasonShape()
    description = serializers.CharField(help_text="The `summary` of the course.")
    course = CourseShape()


class SlateShape(Shape):
    slate = serializers.CharField(help_text="Signed; tell `slate.shown` and `slate.chosen` with it.")
    policy = serializers.CharField(help_text="The one that really answered.")
    policy_chance = serializers.FloatField(
        help_text="The chance with which this policy was drawn for who asks; 1 where policies aren't tried by lot."
    )
    version = serializers.CharField(help_text="Of the model; `cold` before the first one is trained.")
    items = RecommendedShape(many=True)


class ActivityQuery(Shape):
    days = serializers.IntegerField(
        min_value=1, max_value=365, default=90, help_text="How many days back, today the last."
    )


class MeasureShape(Shape):
    day = serializers.DateField()
    members = serializers.IntegerField()
    a = serializers.FloatField(help_text="The activity index A, 0 to 100.")
    parts = serializers.DictField(child=serializers.FloatField())
    dau = serializers.IntegerField()
    wau = serializers.IntegerField()
    mau = serializers.IntegerField()


class ActivityShape(Shape):
    items = MeasureShape(many=True)
