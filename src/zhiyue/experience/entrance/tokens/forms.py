"""What a member says about a new token."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.kit import clock
from zhiyue.experience.entrance.tokens.words import SCOPE_WORDS
from zhiyue.experience.shell.viewers import PageRequest

_DAYS = {
    "30": pgettext_lazy("token", "In 30 days"),
    "90": pgettext_lazy("token", "In 90 days"),
    "365": pgettext_lazy("token", "In a year"),
    "never": pgettext_lazy("token", "Never"),
}


class TokenForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("token", "What is it for?"),
        help_text=pgettext_lazy(
            "token", "A name by which you will know it again, such as “reading statistics”."
        ),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=pgettext_lazy("token", "What does it open?"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "check"}),
        error_messages={
            "required": pgettext_lazy("token", "Choose at least one thing that the token opens.")
        },
    )
    expires = forms.ChoiceField(
        label=pgettext_lazy("token", "When does it end?"), choices=list(_DAYS.items()), initial="90"
    )

    def __init__(self, request: PageRequest, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        offered = [(scope.value, words) for scope, words in SCOPE_WORDS.items() if _is_for(request, scope)]
        self.fields["scopes"].choices = offered  # type: ignore[attr-defined]

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["expires"]
        return None if days == "never" else clock.now() + timedelta(days=int(days))


# Scopes that open nothing but to holders of one of these.
_OF_STAFF: Mapping[Scope, tuple[Permission, ...]] = {
    Scope.ACTIVITY_READ: (Permission.SEE_ACTIVITY,),
    Scope.SALES_READ: (Permission.SEE_ORDERS, Permission.CHANGE_SALES, Permission.SEE_BOOKS),
    Scope.SALES_WRITE: (Permission.REFUND_ORDERS, Permission.CHANGE_SALES, Permission.RECONCILE),
}


def _is_for(request: PageRequest, scope: Scope) -> bool:
    """What a role doesn't open is not offered: the token couldn't use it."""
    return scope not in _OF_STAFF or any(map(request.viewer.may, _OF_STAFF[scope]))
