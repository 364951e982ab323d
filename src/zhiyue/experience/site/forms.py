"""Forms of the learners' surface. Whether an account may be made is decided by `accounts`, not here."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import EmailTaken
from zhiyue.experience.shell.limits import TooMany, give_back
from zhiyue.experience.site.guessing import count_sign_in
from zhiyue.experience.site.names import tidy_name

_PASSWORD_WORDS = {
    "password_too_short": pgettext_lazy("sign up", "Too short: at least 8 characters, please."),
    "password_too_common": pgettext_lazy("sign up", "Too easy to guess: many people use this one."),
    "password_entirely_numeric": pgettext_lazy("sign up", "Only digits: add a letter or a sign."),
    "password_too_similar": pgettext_lazy("sign up", "Too much like your name or address."),
}


class NameField(forms.CharField):
    """A display name. White space goes first, so that it counts neither as a name nor for the length."""

    def to_python(self, value: Any) -> str:
        return tidy_name(super().to_python(value) or "")


class SignUpForm(forms.Form):
    display_name = NameField(
        label=pgettext_lazy("sign up", "Name"),
        help_text=pgettext_lazy("sign up", "What others call you here. You need not use your real name."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    email = forms.EmailField(
        label=pgettext_lazy("sign up", "E-mail"),
        help_text=pgettext_lazy("sign up", "Only for signing in."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email"}),
    )
    password = forms.CharField(
        label=pgettext_lazy("sign up", "Password"),
        help_text=pgettext_lazy("sign up", "At least 8 characters, not digits alone, and not a common one."),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def refuse(self, why: EmailTaken | TooMany | ValidationError) -> None:
        """Put a service's refusal beside the field it is about."""
        if isinstance(why, TooMany):
            self.add_error(None, ValidationError(str(why.message), code=why.code))
        elif isinstance(why, EmailTaken):
            self.add_error("email", ValidationError(str(why.message), code=why.code))
        else:
            self.add_error("password", [_in_our_words(error) for error in why.error_list])


def _in_our_words(error: ValidationError) -> ValidationError:
    return ValidationError(_PASSWORD_WORDS.get(error.code or "", error.message), error.code, error.params)


class SignInForm(AuthenticationForm):
    error_messages = {  # noqa: RUF012 - as declared by Django
        "invalid_login": pgettext_lazy(
            "sign in", "This e-mail address and password don't belong together. Check both and try again."
        ),
        "inactive": pgettext_lazy("sign in", "This account is closed. Ask the academy to open it again."),
    }

    username = forms.EmailField(
        label=pgettext_lazy("sign in", "E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email"}),
    )
    password = forms.CharField(
        label=pgettext_lazy("sign in", "Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    too_many: TooMany | None = None

    def clean(self) -> dict[str, Any]:
        """Past what may be tried, the password isn't even looked at."""
        if self.request is None or not {"username", "password"} <= self.cleaned_data.keys():
            return super().clean()
        try:
            counted = count_sign_in(self.request, self.cleaned_data["username"])
        except TooMany as why:
            self.too_many = why
            raise ValidationError(str(why.message), code=why.code) from why
        found = super().clean()
        give_back(counted)
        return found
