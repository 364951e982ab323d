"""Somebody arrived from another site for the first time: kept in their session until they said who they are here.

Nothing is written before. An address the site vouches for may point to an account; it never opens one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from time import time
from typing import Literal
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialLogin
from django import forms
from django.http import HttpRequest
from django.utils.crypto import get_random_string

from zhiyue.core.accounts.models import User
from zhiyue.experience.entrance.names import NewNameField
from zhiyue.experience.entrance.safety.providers import name_of
from zhiyue.product.learning.services import sign_up_from_elsewhere

_KEY = "arrival"
_KEPT_SECONDS = 30 * 60
_NAMES = ("nickname", "name", "display_name", "given_name", "login", "preferred_username")


class WelcomeForm(forms.Form):
    display_name = NewNameField(max_length=40)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came from where. `email` is the address the site vouches for, `known` who has it here."""

    login: SocialLogin
    provider: str
    name: str
    email: str
    known: Literal["", "verified", "unverified"]

    @property
    def next_url(self) -> str:
        return str(self.login.state.get("next") or "")


def keep_arrival(request: HttpRequest, login: SocialLogin) -> None:
    request.session[_KEY] = {"at": time(), "login": login.serialize()}


def forget_arrival(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)


def arrival_of(request: HttpRequest) -> Arrival | None:
    """Who arrived in this browser in the last half hour."""
    kept = request.session.get(_KEY)
    if not isinstance(kept, dict) or time() - kept["at"] > _KEPT_SECONDS:
        return None
    try:
        login = SocialLogin.deserialize(kept["login"])
    except ValueError:
        return None
    email = next((one.email.strip().lower() for one in login.email_addresses if one.verified), "")
    return Arrival(
        login=login,
        provider=name_of(login.account.provider),
        name=_name_there(login),
        email=email,
        known=_known(email),
    )


def _name_there(login: SocialLogin) -> str:
    """What the person goes by there: never an address, as others read it here."""
    told = login.account.get_provider_account().get_user_data() or {}
    found = (told.get(key) for key in _NAMES)
    return next((name.strip()[:40] for name in found if isinstance(name, str) and name.strip()), "")


def _known(email: str) -> Literal["", "verified", "unverified"]:
    if not email:
        return ""
    if EmailAddress.objects.filter(email__iexact=email, verified=True).exists():
        return "verified"
    taken = User.objects.filter(email__iexact=email).exists()
    return "unverified" if taken or EmailAddress.objects.filter(email__iexact=email).exists() else ""


def sign_up(
    *, arrival: Arrival, display_name: str, agreement_ids: Iterable[int], visitor: UUID | None
) -> User:
    """Make a member of whoever arrived, with what they did as a visitor. Raises ConnectedElsewhere, EmailTaken,
    UsernameTaken."""
    return sign_up_from_elsewhere(
        account=arrival.login.account,
        site=arrival.provider,
        email=free_email(arrival),
        username=free_username(arrival),
        display_name=display_name,
        visitor=visitor,
        agreement_ids=agreement_ids,
    )


def free_username(arrival: Arrival) -> str:
    """A user name for somebody who brings neither address nor phone. They may change it."""
    return f"{arrival.login.account.provider}_{get_random_string(10, 'abcdefghjkmnpqrstuvwxyz23456789')}"


def free_email(arrival: Arrival) -> str:
    """The address a new account gets: one the site vouches for and nobody here has."""
    return "" if arrival.known else arrival.email
