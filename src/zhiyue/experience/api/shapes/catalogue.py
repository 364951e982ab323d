"""Courses, lessons, topics, teachers."""

from rest_framework import serializers

from zhiyue.experience.api.shapes.lists import ListShape, Moment, PageQuery, PictureAddress, Shape
from zhiyue.product.catalogue.listing import ORDERS
from zhiyue.product.catalogue.models import Course, Lesson, Level


class CoursesQuery(PageQuery):
    topic = serializers.SlugField(required=False, help_text="Slug of a topic.")
    teacher = serializers.SlugField(required=False, help_text="Slug of a teacher.")
    level = serializers.ChoiceField(choices=Level.values, required=False)
    form = serializers.ChoiceField(choices=Course.Form.values, required=False)
    language = serializers.ChoiceField(choices=Course.Language.values, required=False)
    price = serializers.ChoiceField(choices=["free", "paid"], required=False)
    sort = serializers.ChoiceField(choices=list(ORDERS), default="newest")


class CourseShape(Shape):
    """A course as a card shows it. Prices are in fen: 9900 is ¥99."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    title = serializers.CharField()
    subtitle = serializers.CharField()
    form = serializers.ChoiceField(choices=Course.Form.values)
    language = serializers.ChoiceField(choices=Course.Language.values)
    topic = serializers.CharField(source="topic_slug", help_text="Slug of the topic.")
    teacher = serializers.CharField(source="teacher_name", help_text="Name of the teacher.")
    level = serializers.ChoiceField(choices=Level.values)
    tags = serializers.ListField(child=serializers.CharField())
    price_fen = serializers.IntegerField(help_text="0 is free.")
    list_price_fen = serializers.IntegerField(allow_null=True, help_text="The price crossed out.")
    lesson_count = serializers.IntegerField()
    picture = PictureAddress(
        help_text="Address of an uploaded JPEG, from the root of the academy; null where the cover is drawn."
    )
    published_lesson_count = serializers.IntegerField(help_text="Lessons that can be opened already.")
    free_lesson = serializers.CharField(
        source="free_lesson_slug", allow_null=True, help_text="Slug of the first lesson open to everybody."
    )
    published_at = Moment()


class CoursePageShape(ListShape):
    items = CourseShape(many=True)


class OutlineLessonShape(Shape):
    slug = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=Lesson.Kind.values)
    minutes = serializers.IntegerField()
    is_free = serializers.BooleanField(help_text="Open to everybody.")
    is_written = serializers.BooleanField(help_text="False: announced, and not there yet.")


class ChapterShape(Shape):
    title = serializers.CharField()
    lessons = OutlineLessonShape(many=True)


class EditionShape(Shape):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    language = serializers.ChoiceField(choices=Course.Language.values)


class CourseDetailShape(CourseShape):
    """A course with what its page tells: its words and its outline."""

    published_at = Moment(
        allow_null=True, help_text="Null or still to come: seen by whoever may change it only."
    )
    teacher_slug = serializers.CharField()
    summary = serializers.CharField()
    outcomes = serializers.ListField(child=serializers.CharField())
    skills = serializers.ListField(child=serializers.CharField())
    prerequisites = serializers.ListField(
        child=serializers.CharField(), help_text="Slugs of courses to take first."
    )
    editions = EditionShape(many=True, help_text="The same course in other languages, as far as it is out.")
    chapters = ChapterShape(many=True)
    updated_at = Moment()


class LessonShape(OutlineLessonShape):
    course = serializers.CharField(help_text="Slug of the course.")
    chapter = serializers.CharField(help_text="Title of the chapter.")
    body = serializers.CharField(help_text="Markdown.")
    html = serializers.CharField(help_text="The same, as safe HTML.")
    access = serializers.ChoiceField(
        choices=["free", "enrolled", "teaching", "membership", "trial", "gift", "preview"],
        help_text="Why it is open; `preview`: only its opening is told.",
    )
    previous = serializers.CharField(allow_null=True, help_text="Slug of the lesson before.")
    next = serializers.CharField(allow_null=True, help_text="Slug of the lesson after.")
    updated_at = Moment()


class TopicShape(Shape):
    slug = serializers.CharField()
    name = serializers.CharField()
    name_en = serializers.CharField()
    description = serializers.CharField()


class TopicsShape(Shape):
    items = TopicShape(many=True)


class TeacherShape(Shape):
    slug = serializers.CharField()
    name = serializers.CharField()
    headline = serializers.CharField()
    bio = serializers.CharField()
    picture = PictureAddress(
        help_text="Address of a square JPEG, from the root of the academy; null where there is none."
    )


class TeacherPageShape(ListShape):
    items = TeacherShape(many=True)
