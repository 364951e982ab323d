"""The field for a display name. What one may look like, accounts say; how long it may be, the form."""

from typing import Any

from django import forms

from zhiyue.core.accounts.names import tidy_name


class NameField(forms.CharField):
    """A display name. White space goes first, so that it counts neither as a name nor for the length."""

    def to_python(self, value: Any) -> str:
        return tidy_name(super().to_python(value) or "")
