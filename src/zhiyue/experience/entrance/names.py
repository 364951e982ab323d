"""The fields for a display name. What one may look like, accounts say; who may bear it, the academy; how long it may
be, the form."""

from typing import Any

from django import forms

from zhiyue.core.academy.naming import refuse_claim
from zhiyue.core.accounts.names import tidy_name


class NameField(forms.CharField):
    """A display name. White space goes first, so that it counts neither as a name nor for the length."""

    def to_python(self, value: Any) -> str:
        return tidy_name(super().to_python(value) or "")


class NewNameField(NameField):
    """The name of somebody who isn't a member yet, and so no staff."""

    def clean(self, value: Any) -> str:
        name = str(super().clean(value))
        refuse_claim(name, member=None)
        return name
