"""What goes in and out of the API, as serializers; they check form, services check meaning."""

from rest_framework import serializers


class BatchShape(serializers.Serializer[object]):
    """A batch of browser events."""

    events = serializers.ListField(child=serializers.JSONField(), allow_empty=False)


class RefusedShape(serializers.Serializer[object]):
    position = serializers.IntegerField(help_text="Place in the batch, from 0.")
    reason = serializers.CharField()


class ReceiptShape(serializers.Serializer[object]):
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    refused = RefusedShape(many=True)


class SlateQuery(serializers.Serializer[object]):
    k = serializers.IntegerField(min_value=1, max_value=40, default=12)
    policy = serializers.CharField(max_length=60, required=False)


class ReasonShape(serializers.Serializer[object]):
    kind = serializers.ChoiceField(choices=["act", "popular", "new", "similar"])
    event = serializers.CharField(allow_null=True)
    course_id = serializers.IntegerField(allow_null=True)
    words = serializers.CharField()


class CourseShape(serializers.Serializer[object]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    title = serializers.CharField()
    subtitle = serializers.CharField()
    topic = serializers.CharField(source="topic_slug")
    teacher = serializers.CharField(source="teacher_name")
    level = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    price_fen = serializers.IntegerField()
    lesson_count = serializers.IntegerField()
    published_lesson_count = serializers.IntegerField()
    published_at = serializers.DateTimeField()


class RecommendedShape(serializers.Serializer[object]):
    position = serializers.IntegerField()
    score = serializers.FloatField()
    reason = ReasonShape()
    course = CourseShape()


class SlateShape(serializers.Serializer[object]):
    policy = serializers.CharField()
    version = serializers.CharField()
    items = RecommendedShape(many=True)


class MeasureShape(serializers.Serializer[object]):
    day = serializers.DateField()
    members = serializers.IntegerField()
    a = serializers.FloatField(help_text="The activity index A, 0 to 100.")
    parts = serializers.DictField(child=serializers.FloatField())
    dau = serializers.IntegerField()
    wau = serializers.IntegerField()
    mau = serializers.IntegerField()
