"""Who is looking at a page: the viewer of a request, the pseudonymous key that visitors carry, and what the viewer
consents to."""

from functools import cached_property
from typing import cast
from uuid import UUID, uuid4

from django.contrib.auth import get_user
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject
from django_htmx.middleware import HtmxDetails

from zhiyue.collect.cleaning import is_robot
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.second_factor import held_roles
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import NOTHING, VISITOR_HOLDS_DAYS, Purpose
from zhiyue.core.consent.selectors import choice_of

VISITOR_COOKIE = "zy_visitor"
_SALT = "zhiyue.shell.visitor"
_HOLDS_SECONDS = VISITOR_HOLDS_DAYS * 24 * 3600


class PageRequest(HttpRequest):
    """A request as views get it, after the middleware. `visitor_key` is None for known robots; one that
    `visitor_is_new` was made up for this request, and is handed out only where something is kept under it."""

    viewer: Viewer
    htmx: HtmxDetails
    consent: "ViewersConsent"
    visitor_key: UUID | None
    visitor_is_new: bool
    visitor_is_kept: bool
    was_shown_to_member: bool


class ViewersConsent:
    """What the viewer of a request consents to. Asked of the database once, where a page needs it, and of whom a choice
    can be known."""

    def __init__(self, request: PageRequest) -> None:
        self._request = request

    @cached_property
    def choice(self) -> Choice | None:
        """The choice that holds; None where the viewer has to be asked."""
        actor = _known_actor(self._request)
        return None if actor.is_nobody else choice_of(member_id=actor.member_id, visitor=actor.visitor)

    @property
    def granted(self) -> Purpose:
        return Purpose(self.choice.granted) if self.choice else NOTHING

    @property
    def is_asked_for(self) -> bool:
        """Has this viewer to choose yet? Robots never have."""
        is_somebody = self._request.viewer.is_member or self._request.visitor_key is not None
        return is_somebody and self.choice is None


def attach_viewer(request: PageRequest) -> None:
    """Give the request its viewer. Nobody is looked up in the database before a page asks."""
    known = _known_visitor(request)
    robot = is_robot(request.headers.get("User-Agent", ""))
    request.visitor_key = None if robot else known or uuid4()
    request.visitor_is_new = not robot and known is None
    request.visitor_is_kept = False
    request.was_shown_to_member = False
    request.viewer = cast(Viewer, SimpleLazyObject(lambda: _viewer(request)))
    request.consent = ViewersConsent(request)


def actor_of(request: PageRequest) -> Actor:
    """The request's viewer as `collect` knows people, with what they consent to. A visitor without a key is one person
    for this request: what they do can be counted, and after it nobody is them."""
    actor = _known_actor(request)
    visitor = actor.visitor if request.viewer.is_member else request.visitor_key
    consent = request.consent
    return Actor(
        member_id=actor.member_id,
        visitor=visitor,
        granted=consent.granted,
        granted_since=consent.choice.made_at if consent.choice else None,
    )


def keep_visitor(request: PageRequest) -> None:
    """Something was kept under the visitor's key: their browser is to bring it again."""
    request.visitor_is_kept = True


def remember_visitor(request: PageRequest, response: HttpResponseBase) -> None:
    """Hand a new visitor their key, where something was kept under it. Members need none."""
    if not (request.visitor_is_new and request.visitor_is_kept and request.visitor_key):
        return
    if VISITOR_COOKIE in response.cookies or request.viewer.is_member:
        return
    response.set_cookie(
        VISITOR_COOKIE,
        signed_key(request.visitor_key),
        max_age=_HOLDS_SECONDS,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def signed_key(key: UUID) -> str:
    """A visitor's key as the cookie holds it: nobody can make one up, or take another's by guessing."""
    return signing.TimestampSigner(salt=_SALT).sign(str(key))


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
        signed = request.COOKIES[VISITOR_COOKIE]
        return UUID(signing.TimestampSigner(salt=_SALT).unsign(signed, max_age=_HOLDS_SECONDS))
    except (KeyError, ValueError, signing.BadSignature):
        return None


def _known_actor(request: PageRequest) -> Actor:
    """Whom something may be known of: a member, or a visitor whose browser brought a key."""
    return Actor(member_id=request.viewer.member_id, visitor=request.viewer.visitor)


def _viewer(request: PageRequest) -> Viewer:
    found = get_user(request)
    user = found if isinstance(found, User) else None
    request.was_shown_to_member = user is not None
    visitor = None if request.visitor_is_new else request.visitor_key
    if user is None:
        return Viewer(user=None, visitor=visitor)
    held = held_roles(user)
    return Viewer(user=user, visitor=visitor, roles=held.in_force, withheld=held.withheld)
