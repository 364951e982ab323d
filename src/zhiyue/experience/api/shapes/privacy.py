"""What somebody consents to, and the deleting of what was recorded of them."""

from rest_framework import serializers

from zhiyue.core.consent.purposes import PURPOSES
from zhiyue.experience.api.shapes.lists import Moment, Shape

PURPOSE_KEYS = {str(purpose.name).lower(): purpose for purpose in PURPOSES}


class ChoiceShape(Shape):
    """Replaces what was consented to before."""

    granted = serializers.ListField(
        child=serializers.ChoiceField(choices=list(PURPOSE_KEYS)),
        max_length=20,
        help_text="The purposes consented to from now on; empty refuses all.",
    )


class ConsentShape(Shape):
    granted = serializers.ListField(child=serializers.ChoiceField(choices=list(PURPOSE_KEYS)))
    version = serializers.IntegerField(
        allow_null=True, help_text="Of the words the person was asked with; null before they chose."
    )
    chosen_at = Moment(allow_null=True)


class DeletedShape(Shape):
    deleted = serializers.IntegerField(help_text="How many events are gone.")
