"""Whoever signed in or proved themselves a moment ago isn't asked again; whoever can't be asked signs in anew."""

from time import time

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest


def is_fresh(request: HttpRequest) -> bool:
    """Did this browser prove within the last minutes who sits before it?"""
    moments = [record["at"] for record in get_authentication_records(request, request.user)]
    return bool(moments) and time() - max(moments) < app_settings.REAUTHENTICATION_TIMEOUT


def can_be_asked(request: HttpRequest) -> bool:
    """Has the member a password or a second factor to prove themselves with?"""
    return bool(get_adapter().get_reauthentication_methods(request.user))
