"""Reads about people, and who may see which surface."""

from django.db.models import Q, QuerySet

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import Role, RoleGrant, User

DESK_ROLES = frozenset({Role.OPERATOR.value, Role.OWNER.value})
STAFF_ROLES = frozenset({Role.CREATOR.value, Role.OPERATOR.value, Role.AGENT.value, Role.OWNER.value})


def roles_of(user: User) -> frozenset[str]:
    return frozenset(RoleGrant.objects.filter(user=user).values_list("role", flat=True))


def may_see_desk(viewer: Viewer) -> bool:
    """The desk shows what members did, so it opens to operators and owners only."""
    return viewer.is_member and bool(viewer.roles & DESK_ROLES)


def member_count() -> int:
    """Members who hold no staff role and may sign in: the N of every measure."""
    return members().count()


def members() -> QuerySet[User]:
    """Active learners, staff left out: their work on the academy is not its activity."""
    return User.objects.filter(is_active=True).exclude(grants__role__in=STAFF_ROLES)


def search_members(words: str, *, limit: int = 8) -> list[User]:
    """Active people whose name or address contains `words`, newest first."""
    found = User.objects.filter(is_active=True)
    if words.strip():
        found = found.filter(Q(display_name__icontains=words.strip()) | Q(email__icontains=words.strip()))
    return list(found.order_by("-joined_at", "-pk")[:limit])
