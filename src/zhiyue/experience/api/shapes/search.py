"""What is found by words."""

from rest_framework import serializers

from zhiyue.experience.api.cursors import LARGEST_SIZE
from zhiyue.experience.api.shapes.catalogue import CourseShape
from zhiyue.experience.api.shapes.lists import Shape
from zhiyue.facilities.search.questions import LONGEST_QUESTION


class SearchQuery(Shape):
    q = serializers.CharField(max_length=LONGEST_QUESTION, help_text="Words, as a person would type them.")
    limit = serializers.IntegerField(
        min_value=1, max_value=LARGEST_SIZE, default=10, help_text="How many of each kind at most."
    )


class FoundLessonShape(Shape):
    course = serializers.CharField(help_text="Slug of the course.")
    lesson = serializers.CharField(help_text="Slug of the lesson.")
    title = serializers.CharField()
    passage = serializers.CharField(help_text="Safe HTML; what was found is in <mark>.")


class FoundPersonShape(Shape):
    kind = serializers.ChoiceField(choices=["teacher", "topic"])
    slug = serializers.CharField()
    name = serializers.CharField()


class SearchShape(Shape):
    """The best of each kind. Lessons are searched by their text only where it is open to whoever asks."""

    meant = serializers.CharField(
        allow_blank=True, help_text="What was searched for instead, where nothing fits the words as typed."
    )
    is_near = serializers.BooleanField(help_text="What is shown fits only in part.")
    courses = CourseShape(many=True)
    people = FoundPersonShape(many=True)
    lessons = FoundLessonShape(many=True)
