"""Reads about people, and who may see which surface."""

from django.conf import settings
from django.db.models import Q, QuerySet

from zhiyue.core.accounts.errors import NotAllowed, SecondFactorRequired
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import RoleGrant, User
from zhiyue.core.accounts.permissions import OF_THE_DESK, Permission


def roles_of(user: User) -> frozenset[str]:
    return frozenset(RoleGrant.objects.filter(user=user).values_list("role", flat=True))


def may_see_desk(viewer: Viewer) -> bool:
    """Does any page of the desk open? Each asks for a permission of its own besides."""
    return any(viewer.may(permission) for permission in OF_THE_DESK)


def leads_to_desk(viewer: Viewer) -> bool:
    """Is the way to the desk shown? Also to staff who must first set up a second factor: the desk says how."""
    return may_see_desk(viewer) or any(viewer.waits_for(permission) for permission in OF_THE_DESK)


def require(viewer: Viewer, permission: Permission) -> User:
    """The member who looks, where they hold `permission`. Raises NotAllowed, SecondFactorRequired."""
    if viewer.user is None or not viewer.may(permission):
        raise SecondFactorRequired if viewer.waits_for(permission) else NotAllowed
    return viewer.user


def member_count() -> int:
    """The N of every measure."""
    return joined().count()


def joined() -> QuerySet[User]:
    """Everyone who joined and was not erased. Staff count: who teaches here learns here. Closed accounts stay,
    so that a past day measured again has the members it had."""
    return User.objects.all()


def simulated_members() -> frozenset[int]:
    """Whose lives are invented, where this is a demo; nobody in any other academy and in production, however members
    are marked there."""
    if not settings.ZHIYUE_DEMO or settings.ZHIYUE_ENVIRONMENT == "production":
        return frozenset()
    return frozenset(User.objects.filter(is_simulated=True).values_list("pk", flat=True))


def members() -> QuerySet[User]:
    """Everyone who may sign in."""
    return User.objects.filter(is_active=True)


def language_of(member_id: int | None) -> str:
    """The language that a member's account keeps, of those there are; else the academy's."""
    kept = User.objects.filter(pk=member_id).values_list("language", flat=True).first() if member_id else ""
    return kept if kept in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def search_members(words: str, *, limit: int = 8) -> list[User]:
    """Active people whose name or address contains `words`, newest first."""
    found = members()
    if words.strip():
        found = found.filter(Q(display_name__icontains=words.strip()) | Q(email__icontains=words.strip()))
    return list(found.order_by("-joined_at", "-pk")[:limit])
