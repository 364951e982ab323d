"""Where a program begins."""

from rest_framework import serializers

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api.shapes.lists import Shape


class RootShape(Shape):
    version = serializers.CharField()
    schema = serializers.URLField()
    docs = serializers.URLField()
    problems = serializers.URLField()
    courses = serializers.URLField()
    me = serializers.URLField()
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=[scope.value for scope in Scope]),
        help_text="What a personal token may be made for.",
    )
