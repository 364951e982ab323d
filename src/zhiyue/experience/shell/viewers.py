"""Who is looking at a page: the viewer of a request, and the pseudonymous key that visitors carry."""

from typing import cast
from uuid import UUID, uuid4

from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject
from django_htmx.middleware import HtmxDetails

from zhiyue.collect.cleaning import is_robot
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.second_factor import held_roles

VISITOR_COOKIE = "zy_visitor"
_YEAR_SECONDS = 365 * 24 * 3600


class PageRequest(HttpRequest):
    """A request as views get it, after the middleware. `visitor_key` is None for known robots."""

    viewer: Viewer
    htmx: HtmxDetails
    visitor_key: UUID | None
    visitor_is_new: bool
    visitor_acted: bool
    was_shown_to_member: bool


def attach_viewer(request: PageRequest) -> None:
    """Give the request its viewer. Nobody is looked up in the database before a page asks."""
    known = _known_visitor(request)
    robot = is_robot(request.headers.get("User-Agent", ""))
    request.visitor_key = None if robot else known or uuid4()
    request.visitor_is_new = not robot and known is None
    request.visitor_acted = False
    request.was_shown_to_member = False
    request.viewer = cast(Viewer, SimpleLazyObject(lambda: _viewer(request)))


def actor_of(request: PageRequest) -> Actor:
    """The request's viewer as `collect` knows people. Asking means an act is about to be recorded or read."""
    request.visitor_acted = True
    return Actor(member_id=request.viewer.member_id, visitor=request.viewer.visitor)


def remember_visitor(request: PageRequest, response: HttpResponseBase) -> None:
    """Hand a new visitor their key with the first page, or with the first answer to something they did."""
    if not request.visitor_is_new or VISITOR_COOKIE in response.cookies:
        return
    is_page = response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html")
    if (is_page or request.visitor_acted) and request.visitor_key:
        response.set_cookie(
            VISITOR_COOKIE,
            str(request.visitor_key),
            max_age=_YEAR_SECONDS,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )


def keep_private(request: PageRequest, response: HttpResponseBase) -> None:
    """Whatever was made knowing which member looks is kept by no cache, the browser's after signing out included."""
    if request.was_shown_to_member:
        patch_cache_control(response, private=True, no_store=True)


def forget_visitor(request: PageRequest, response: HttpResponseBase) -> None:
    """Whoever uses this browser next is somebody else."""
    request.visitor_is_new = False
    response.delete_cookie(VISITOR_COOKIE, samesite="Lax")


def _known_visitor(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.COOKIES[VISITOR_COOKIE], version=4)
    except (KeyError, ValueError):
        return None


def _viewer(request: PageRequest) -> Viewer:
    found = get_user(request)
    user = found if isinstance(found, User) else None
    request.was_shown_to_member = user is not None
    if user is None:
        return Viewer(user=None, visitor=request.visitor_key)
    held = held_roles(user)
    return Viewer(user=user, visitor=request.visitor_key, roles=held.in_force, withheld=held.withheld)
