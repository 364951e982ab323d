"""What happened: batches that are told, and the table of what may be."""

from typing import Any, cast

from rest_framework import serializers

from zhiyue.collect.vocabulary import KINDS
from zhiyue.experience.api.shapes.lists import Moment, Shape


class Entries(serializers.ListField):
    """Each entry is held against the table of events later on, and refused alone; here nothing of it is looked at."""

    child = serializers.JSONField()

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        return data


class BatchShape(Shape):
    """A batch of at most 100 events."""

    events = Entries(min_length=1)
    sent_at = Moment(
        required=False,
        help_text="What the sender's clock says when the batch leaves. By it a clock that is wrong is set right.",
    )


class RefusedShape(Shape):
    position = serializers.IntegerField(help_text="Place in the batch, from 0.")
    reason = serializers.CharField()


class ReceiptShape(Shape):
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    unconsented = serializers.IntegerField(help_text="Counted and not stored: the person hasn't consented.")
    refused = RefusedShape(many=True)


class CollectedQuery(Shape):
    days = serializers.IntegerField(
        min_value=1, max_value=14, default=14, help_text="How many business days back, today the last."
    )


class CollectedDayShape(Shape):
    day = serializers.DateField()
    stored = serializers.IntegerField()
    unconsented = serializers.IntegerField(help_text="Not stored: the person hadn't consented.")
    quarantined = serializers.IntegerField(help_text="Kept out by cleaning.")


class CollectedShape(Shape):
    newest_at = Moment(allow_null=True, help_text="When the newest event came.")
    items = CollectedDayShape(many=True)


class PropertyShape(Shape):
    name = serializers.CharField()
    type = serializers.CharField(help_text="int, number, text, choice, bool, int_list or number_list.")
    least = serializers.FloatField(help_text="Of a number, of a text's letters, of a list's entries.")
    most = serializers.FloatField()
    required: Any = serializers.BooleanField()
    choices = serializers.ListField(child=serializers.CharField())
    along = serializers.CharField(help_text="The list it is as long as; empty where it stands alone.")


class KindShape(Shape):
    """One line of the table of events."""

    name = serializers.CharField()
    family = serializers.CharField()
    meaning = serializers.CharField()
    origins = serializers.SerializerMethodField()
    about = serializers.CharField(help_text="`course` needs course_id, `lesson` lesson_id too.")
    properties = PropertyShape(many=True)
    serves = serializers.SerializerMethodField(help_text="The purposes it is collected for.")
    is_necessary = serializers.BooleanField(help_text="Kept whatever the person consents to.")
    days_kept = serializers.IntegerField()

    def get_origins(self, kind: Any) -> list[str]:
        return sorted(kind.origins)

    def get_serves(self, kind: Any) -> list[str]:
        return [cast(str, purpose.name).lower() for purpose in kind.serves]


class KindsShape(Shape):
    items = KindShape(many=True)


def kinds() -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], KindShape(list(KINDS.values()), many=True).data)
