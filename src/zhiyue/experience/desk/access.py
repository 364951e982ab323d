"""The one door of the desk. Who may pass is decided by `accounts`; every view of the desk wears this."""

from collections.abc import Callable

from zhiyue.core.accounts.permissions import OF_THE_DESK, Permission
from zhiyue.experience.shell.doors import P, View, for_holders


def for_the_desk(permission: Permission | None = None) -> Callable[[View[P]], View[P]]:
    """A view of the desk, for holders of `permission` (None: of any that opens a page of the desk)."""
    return for_holders(OF_THE_DESK if permission is None else {permission}, home="desk:desk")
