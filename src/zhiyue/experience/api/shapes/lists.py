"""What every list has in common, and the problem that every address may answer with."""

from datetime import UTC
from typing import Any

from django.utils.translation import pgettext_lazy
from rest_framework import serializers

from zhiyue.experience.api.cursors import DEFAULT_SIZE, LARGEST_SIZE, LONGEST_CURSOR
from zhiyue.experience.shell.pictures import address_of


class Shape(serializers.Serializer[Any]):
    """A serializer of plain values, not of a model."""


class Moment(serializers.DateTimeField):
    """Always in UTC, whatever the academy's zone."""

    def __init__(self, **more: Any) -> None:
        super().__init__(default_timezone=UTC, **more)


class Choice(serializers.ChoiceField):
    """One of some words; whoever asks for another one is told which there are."""

    def to_internal_value(self, data: Any) -> Any:
        if data == "" and self.allow_blank:
            return ""
        # A list or an object isn't a key of anything.
        if not isinstance(data, str) or data not in self.choices:
            message = pgettext_lazy("api", "“%(typed)s” isn't one of: %(known)s.")
            said = {"typed": str(data)[:40], "known": ", ".join(self.choices)}
            raise serializers.ValidationError(str(message) % said, code="invalid_choice")
        return data


class PictureAddress(serializers.CharField):
    """Where a picture of the storage is served, from the root of the academy; null where there is none."""

    def __init__(self, **more: Any) -> None:
        super().__init__(allow_null=True, **more)

    def get_attribute(self, instance: Any) -> str | None:
        return super().get_attribute(instance) or None

    def to_representation(self, value: str) -> str:
        return address_of(value)


class PageQuery(Shape):
    cursor = serializers.CharField(
        required=False,
        max_length=LONGEST_CURSOR,
        help_text="From `next` or `previous` of a page; absent for the first page.",
    )
    page_size = serializers.IntegerField(
        min_value=1,
        max_value=LARGEST_SIZE,
        default=DEFAULT_SIZE,
        help_text="How many items a page has at most.",
    )


class ListShape(Shape):
    """One page of a list."""

    next = serializers.URLField(allow_null=True, help_text="The next page; null at the end.")
    previous = serializers.URLField(allow_null=True, help_text="The page before; null at the beginning.")


class WrongValueShape(Shape):
    """One value that can't be used, and where it stands."""

    detail = serializers.CharField()
    pointer = serializers.CharField(required=False, help_text="JSON pointer into the body.")
    parameter = serializers.CharField(required=False, help_text="Name of a parameter of the query.")
    header = serializers.CharField(required=False, help_text="Name of a header.")


class ProblemShape(Shape):
    """A problem, as RFC 9457 has it. Programs tell problems apart by `code`."""

    type = serializers.CharField(help_text="Where the kind of problem is explained.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened this time, for people.")
    code = serializers.CharField()
    instance = serializers.CharField(help_text="The address that was asked.")
    errors: Any = WrongValueShape(many=True, required=False)
    why = serializers.CharField(
        required=False, help_text="Of a closed lesson: sign_in, enrol or unpublished."
    )
