"""What one may say about oneself."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import pgettext_lazy

from zhiyue.core.academy.naming import refuse_claim
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.names import fit_username, tidy_username
from zhiyue.experience.entrance.names import NameField
from zhiyue.experience.shell.fields import LongTextField


class ProfileForm(forms.Form):
    display_name = NameField(
        label=pgettext_lazy("settings", "Name"),
        help_text=pgettext_lazy("settings", "What others call you here."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    username = forms.CharField(
        label=pgettext_lazy("settings", "User name"),
        help_text=pgettext_lazy(
            "settings", "For signing in. 2 to 30 letters, digits, dots, - or _, beginning with a letter."
        ),
        required=False,
        max_length=30,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    bio = LongTextField(
        label=pgettext_lazy("settings", "About you"),
        help_text=pgettext_lazy(
            "settings", "One or two sentences, if you like. Shown beside what you write."
        ),
        required=False,
        max_length=120,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, user: User, **more: Any) -> None:
        self.user = user
        super().__init__(*args, **more)

    def clean_display_name(self) -> str:
        name = str(self.cleaned_data["display_name"])
        refuse_claim(name, member=self.user)
        return name

    def clean_username(self) -> str:
        typed = tidy_username(str(self.cleaned_data["username"]))
        if not typed:
            if self.user.username and not (self.user.email or self.user.phone):
                raise ValidationError(
                    pgettext_lazy(
                        "settings", "It is the only name you sign in with. First add an address or a phone."
                    ),
                    code="last_name",
                )
            return ""
        # One that is older than the rule stays.
        return typed if typed == self.user.username else fit_username(typed)

    def clean_bio(self) -> str:
        return " ".join(str(self.cleaned_data["bio"]).split())
