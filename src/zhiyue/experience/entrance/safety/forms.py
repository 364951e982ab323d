"""Forms of second factors: django-allauth's checks, our words, and an answer to whatever a stranger's program sends."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.forms import ReauthenticateForm as ReauthenticateByPassword
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.cache import cache
from django.utils.translation import pgettext_lazy

# What reading a credential raises that no browser made.
_UNREADABLE = (TypeError, ValueError, KeyError, AttributeError, IndexError, struct.error, InvalidSignature)

_CODE = forms.TextInput(
    attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "maxlength": 16}
)


def _app_code() -> forms.CharField:
    return forms.CharField(
        label=pgettext_lazy("second factor", "Code from the app"),
        max_length=16,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": 16}
        ),
    )


def _any_code() -> forms.CharField:
    return forms.CharField(
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


class _OneTime:
    """A code from the app counts once, for as long as it would be taken: clocks may differ by one step each way."""

    authenticator: Authenticator
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code = str(super().clean_code())  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP:
            seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
            digits = "".join(sign for sign in code if sign.isdigit())
            if not cache.add(f"totp-used:{self.authenticator.pk}:{digits}", 1, timeout=seconds):
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
