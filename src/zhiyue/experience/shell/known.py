"""Browsers in which a member signed in before: strangers who guess elsewhere take nothing from what they may try, and
whoever comes back is asked to sign in, not to sign up."""

from uuid import uuid4

from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from zhiyue.core.accounts.models import User

COOKIE = "zy_known"
_SALT = "zhiyue.entrance.known"
_YEAR_SECONDS = 365 * 24 * 3600
_MEMBERS = 5


def browser_known_to(request: HttpRequest, user: User | None) -> str:
    """The key of this browser, where `user` has signed in with it before; else ""."""
    browser, members = _read(request)
    return browser if user is not None and user.pk in members else ""


def is_known(request: HttpRequest) -> bool:
    """Has any member signed in with this browser before?"""
    return bool(_read(request)[1])


def remember_browser(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """From now on this browser is one of the member's own."""
    browser, members = _read(request)
    newest = [user.pk, *(pk for pk in members if pk != user.pk)][:_MEMBERS]
    response.set_cookie(
        COOKIE,
        signing.dumps({"browser": browser or uuid4().hex, "members": newest}, salt=_SALT),
        max_age=_YEAR_SECONDS,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[int]]:
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=_YEAR_SECONDS)
        return str(kept["browser"]), list(kept["members"])
    except (signing.BadSignature, KeyError, TypeError):
        return "", []
