"""Records about people that travel between rooms."""

from dataclasses import dataclass
from uuid import UUID

from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission, permissions_of


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever is looking: a member with roles, or a visitor known only by a pseudonymous key.

    `withheld` are roles that count for nothing until the member has a second factor.
    """

    user: User | None
    visitor: UUID | None
    roles: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()

    def may(self, permission: Permission) -> bool:
        return self.is_member and permission in permissions_of(self.roles)

    def waits_for(self, permission: Permission) -> bool:
        """True where only the missing second factor stands between the member and `permission`."""
        return not self.may(permission) and permission in permissions_of(self.withheld)

    @property
    def is_member(self) -> bool:
        return self.user is not None

    @property
    def member_id(self) -> int | None:
        return self.user.pk if self.user else None
