"""Whoever signed in or proved themselves a moment ago isn't asked again; whoever can't be asked signs in anew."""

from time import time
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import pgettext


def is_fresh(request: HttpRequest) -> bool:
    """Did this browser prove within the last minutes who sits before it?"""
    moments = [record["at"] for record in get_authentication_records(request, request.user)]
    return bool(moments) and time() - max(moments) < app_settings.REAUTHENTICATION_TIMEOUT


def can_be_asked(request: HttpRequest) -> bool:
    """Has the member a password or a second factor to prove themselves with?"""
    return bool(get_adapter().get_reauthentication_methods(request.user))


def must_confirm(request: HttpRequest) -> bool:
    """Does what protects the account wait until the member proved themselves?"""
    return not is_fresh(request) and can_be_asked(request)


def confirm_first(request: HttpRequest, *, back: str) -> HttpResponseRedirect:
    """To the proof, and from there `back` to the page one came from.

    A form sent too late is filled in once more: what was typed isn't kept, for it may be the new password.
    """
    if request.method == "POST":
        messages.info(request, pgettext("toast", "First show that it's you, then do it once more."))
    methods = get_adapter().get_reauthentication_methods(request.user)
    there = methods[0]["url"] if methods else reverse("entrance:sign_in")
    return HttpResponseRedirect(f"{there}?{urlencode({'next': back})}")
