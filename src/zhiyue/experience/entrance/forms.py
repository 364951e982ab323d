"""Forms of the entrance. What may be done is decided by `accounts`; here what was typed is read and put in order."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.academy.models import Agreement
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.phones import tidy_phone
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.entrance.names import NewNameField
from zhiyue.facilities.notices import sms

_PASSWORD_WORDS = {
    "password_too_short": pgettext_lazy("sign up", "Too short: at least 8 characters, please."),
    "password_too_common": pgettext_lazy("sign up", "Too easy to guess: many people use this one."),
    "password_entirely_numeric": pgettext_lazy("sign up", "Only digits: add a letter or a sign."),
    "password_too_similar": pgettext_lazy("sign up", "Too much like your name or address."),
}


def phones_are_offered() -> bool:
    return sms.provider() is not None


class AddressField(forms.CharField):
    """An e-mail address or, where the academy sends SMS, a phone: as it is kept, small letters or E.164."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(max_length=254, widget=forms.TextInput(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> str:
        typed = (super().to_python(value) or "").strip()
        return _email(typed) if "@" in typed or not typed else self._phone(typed)

    def _phone(self, typed: str) -> str:
        phone = tidy_phone(typed)
        if not phones_are_offered():
            raise ValidationError(
                pgettext("sign up", "Type an e-mail address, such as lin@example.com."), code="invalid"
            )
        if not phone:
            raise ValidationError(
                pgettext(
                    "sign up",
                    "Type a phone number such as 138 0013 8000, or an address such as lin@example.com.",
                ),
                code="invalid",
            )
        return phone


def _email(typed: str) -> str:
    if typed:
        try:
            validate_email(typed)
        except ValidationError as wrong:
            raise ValidationError(
                pgettext("sign up", "This address isn't complete. It looks like lin@example.com."),
                code="invalid",
            ) from wrong
    return typed.lower()


class RefusableForm(forms.Form):
    """A form that can show what a service refused."""

    def refuse(self, why: Refused, *, field: str | None = None) -> None:
        self.add_error(field, ValidationError(str(why.message), code=why.code))


class SignInForm(RefusableForm):
    username = forms.CharField(
        label=pgettext_lazy("sign in", "E-mail, phone or user name"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=pgettext_lazy("sign in", "Password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class AddressForm(RefusableForm):
    """Where a code is to be sent."""

    address = AddressField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _suit_address(self.fields["address"])


class ForgottenForm(RefusableForm):
    username = forms.CharField(
        label=pgettext_lazy("sign in", "E-mail, phone or user name"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )


class CodeForm(RefusableForm):
    digits = forms.CharField(
        label=pgettext_lazy("code", "The six digits"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )

    def clean_digits(self) -> str:
        digits = "".join(str(int(sign)) for sign in self.cleaned_data["digits"] if sign.isdecimal())
        if len(digits) != 6:
            raise ValidationError(pgettext("code", "The code has six digits."), code="invalid")
        return digits


class AcceptingForm(RefusableForm):
    """Asks for the agreements in force, in one box that nobody ticked beforehand; for none without a box.

    Which versions the page showed comes back with it: nobody accepts what they weren't shown.
    """

    def __init__(self, *args: Any, agreements: Sequence[Agreement] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agreements = agreements
        if agreements:
            self.fields["accepted"] = forms.BooleanField(
                label="",
                error_messages={
                    "required": pgettext_lazy("agreement", "Read them and tick the box to go on.")
                },
            )

    @property
    def agreement_ids(self) -> list[int]:
        return [agreement.pk for agreement in self.agreements]

    @property
    def shown(self) -> str:
        """For the page: the versions it shows."""
        return ",".join(str(pk) for pk in self.agreement_ids)

    def clean_accepted(self) -> bool:
        were_shown = set(str(self.data.get("shown", "")).split(","))
        if not {str(pk) for pk in self.agreement_ids} <= were_shown:
            raise ValidationError(
                pgettext(
                    "agreement",
                    "They changed while you were reading. Read them as they are now, and tick the box.",
                ),
                code="outdated",
            )
        return bool(self.cleaned_data["accepted"])


class NewPasswordForm(RefusableForm):
    password = forms.CharField(
        label=pgettext_lazy("sign up", "Password"),
        help_text=pgettext_lazy("sign up", "At least 8 characters, not digits alone, and not a common one."),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def judge_password(self, user: User) -> None:
        """Refuse one that is too weak for this person."""
        try:
            validate_password(self.cleaned_data["password"], user)
        except ValidationError as weak:
            self.add_error("password", [_in_our_words(error) for error in weak.error_list])


class SignUpForm(AcceptingForm, NewPasswordForm):
    display_name = NewNameField(
        label=pgettext_lazy("sign up", "Name"),
        help_text=pgettext_lazy("sign up", "What others call you here. You need not use your real name."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    address = AddressField(
        help_text=pgettext_lazy("sign up", "Only for signing in and what concerns your account.")
    )
    field_order = ("display_name", "address", "password", "accepted")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _suit_address(self.fields["address"])

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if "password" in found:
            to = found.get("address", "")
            named = User(display_name=found.get("display_name", ""), email=to if "@" in to else None)
            self.judge_password(named)
        return found


class FinishForm(AcceptingForm):
    """All that is missing once an address or a phone is proved."""

    display_name = NewNameField(
        label=pgettext_lazy("sign up", "Name"),
        help_text=pgettext_lazy("sign up", "What others call you here. You need not use your real name."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )


class EmailForm(RefusableForm):
    address = forms.CharField(
        label=pgettext_lazy("settings", "E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_address(self) -> str:
        if "@" not in self.cleaned_data["address"]:
            raise ValidationError(
                pgettext("sign up", "This address isn't complete. It looks like lin@example.com.")
            )
        return _email(self.cleaned_data["address"].strip())


class PhoneForm(RefusableForm):
    address = forms.CharField(
        label=pgettext_lazy("settings", "Phone"),
        help_text=pgettext_lazy("settings", "Of the mainland without a prefix; others with theirs: +852 …"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )

    def clean_address(self) -> str:
        phone = tidy_phone(self.cleaned_data["address"])
        if not phone:
            raise ValidationError(
                pgettext("settings", "That isn't a phone number. It looks like 138 0013 8000.")
            )
        return phone


def _suit_address(field: forms.Field) -> None:
    """Called, and on a phone typed, by what this academy takes."""
    if phones_are_offered():
        field.label = pgettext("sign up", "E-mail or phone")
    else:
        field.label = pgettext("sign up", "E-mail")
        field.widget.attrs |= {"autocomplete": "email", "inputmode": "email"}


def _in_our_words(error: ValidationError) -> ValidationError:
    return ValidationError(_PASSWORD_WORDS.get(error.code or "", error.message), error.code, error.params)
