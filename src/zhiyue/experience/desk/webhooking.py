"""What staff type into the pages of webhooks."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import pgettext_lazy

from zhiyue.experience.desk.typed import MomentField, WordedForm
from zhiyue.facilities.webhooks.addresses import LONGEST
from zhiyue.facilities.webhooks.endpoints import LONGEST_NAME
from zhiyue.facilities.webhooks.errors import AddressRefused, EndpointRefused
from zhiyue.facilities.webhooks.models import Delivery, Endpoint
from zhiyue.facilities.webhooks.topics import topics


class EndpointForm(WordedForm):
    address = forms.CharField(
        label=pgettext_lazy("webhook", "Address"),
        help_text=pgettext_lazy("webhook", "Where your other system takes messages: https://…"),
        max_length=LONGEST,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        ),
    )
    name = forms.CharField(
        label=pgettext_lazy("webhook", "What is there? (optional)"),
        help_text=pgettext_lazy("webhook", "For your colleagues: “warehouse”, say."),
        max_length=LONGEST_NAME,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    topics = forms.MultipleChoiceField(
        label=pgettext_lazy("webhook", "What is told there?"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "check"}),
        error_messages={
            "required": pgettext_lazy("webhook", "Choose at least one thing that is told there.")
        },
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["topics"].choices = list(topics().items())  # type: ignore[attr-defined]

    @classmethod
    def of(cls, endpoint: Endpoint) -> "EndpointForm":
        return cls(initial={"address": endpoint.address, "name": endpoint.name, "topics": endpoint.topics})

    def refuse(self, why: AddressRefused | EndpointRefused) -> None:
        self.add_error("address" if isinstance(why, AddressRefused) else None, str(why.message))


class AgainForm(WordedForm):
    """From when on messages are sent again."""

    since = MomentField(label=pgettext_lazy("webhook", "Made since"))
    undelivered = forms.BooleanField(
        label=pgettext_lazy("webhook", "Only those that didn't arrive"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "check"}),
    )


class StateForm(WordedForm):
    """The filter of an endpoint's messages. What can't be understood narrows nothing."""

    state = forms.ChoiceField(
        label=pgettext_lazy("webhook", "State"),
        required=False,
        choices=[("", pgettext_lazy("webhook", "Any")), *Delivery.State.choices],
    )


def chosen_state(asked: QueryDict) -> tuple[StateForm, str]:
    form = StateForm(asked)
    form.is_valid()
    return form, form.cleaned_data.get("state", "")
