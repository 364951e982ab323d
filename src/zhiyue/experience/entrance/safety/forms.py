"""Forms of second factors: django-allauth's checks, our words, and an answer to whatever a stranger's program sends."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.forms import ReauthenticateForm as ReauthenticateByPassword
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature
from django import forms
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.second_factor import use_step

# What reading a credential raises that no browser made.
_UNREADABLE = (TypeError, ValueError, KeyError, AttributeError, IndexError, struct.error, InvalidSignature)

_CODE = forms.TextInput(
    attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "maxlength": 16}
)


class CodeField(forms.CharField):
    """A code as it is read aloud or copied: in groups, with spaces or hyphens between them."""

    def to_python(self, value: Any) -> str:
        typed = str(super().to_python(value) or "")
        return "".join(sign for sign in typed if not sign.isspace() and sign != "-")


def _app_code() -> forms.CharField:
    return CodeField(
        label=pgettext_lazy("second factor", "Code from the app"),
        max_length=16,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": 16}
        ),
    )


def _any_code() -> forms.CharField:
    return CodeField(
        label=pgettext_lazy("second factor", "Code"),
        help_text=pgettext_lazy(
            "second factor", "Six digits from your authenticator app, or a recovery code."
        ),
        max_length=16,
        widget=_CODE,
    )


def _passkey_name() -> forms.CharField:
    return forms.CharField(
        label=pgettext_lazy("second factor", "Name"),
        help_text=pgettext_lazy("second factor", "So that you know it again in the list."),
        max_length=40,
    )


@contextmanager
def _told_apart() -> Iterator[None]:
    """A credential that can't be read is a wrong one, not a fault of ours."""
    try:
        yield
    except _UNREADABLE as unreadable:
        raise get_adapter().validation_error("incorrect_code") from unreadable


def _step_of(authenticator: Authenticator, code: str) -> int | None:
    """The time step whose code this is: clocks may differ by one each way."""
    secret = decrypt(authenticator.data["secret"])
    for step in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return int(step)
    return None


class _OneTime:
    """A code from the app counts once, however many processes there are."""

    authenticator: Authenticator
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code = str(super().clean_code())  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP:
            step = _step_of(self.authenticator, code)
            if step is None or not use_step(authenticator=self.authenticator, step=step):
                raise get_adapter().validation_error("incorrect_code")
        return code


class ConfirmByPasswordForm(ReauthenticateByPassword):  # type: ignore[misc]
    password = forms.CharField(
        label=pgettext_lazy("confirm", "Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class SecondStepForm(_OneTime, AuthenticateForm):  # type: ignore[misc]
    code = _any_code()


class ConfirmForm(_OneTime, ReauthenticateForm):  # type: ignore[misc]
    code = _any_code()


class AddAppForm(ActivateTOTPForm):  # type: ignore[misc]
    code = _app_code()


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    name = _passkey_name()
    passwordless = None

    def clean(self) -> dict[str, Any]:
        with _told_apart():
            return dict(super().clean() or {})


class NamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    name = _passkey_name()


class _Told:
    def clean_credential(self) -> Authenticator:
        with _told_apart():
            return super().clean_credential()  # type: ignore[misc]


class SignInByPasskeyForm(_Told, LoginWebAuthnForm):  # type: ignore[misc]
    pass


class SecondStepByPasskeyForm(_Told, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class ConfirmByPasskeyForm(_Told, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass
