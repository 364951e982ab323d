"""What a member says about themselves."""

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import UsernameTaken
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.names import tidy_username


@transaction.atomic
def change_profile(
    *,
    user: User,
    display_name: str | None = None,
    username: str | None = None,
    bio: str | None = None,
    check: Callable[[User], None] | None = None,
) -> User:
    """Change name, user name (empty for none) and bio; what is None stays. The member as they are then.

    `check` is shown the member as they stand before it, locked: by raising it keeps a change that was decided by an
    older state from undoing another one. Raises UsernameTaken and what `check` raises, and then changes nothing.
    """
    member = User.objects.select_for_update().get(pk=user.pk)
    if check is not None:
        check(member)
    taken = UsernameTaken(pgettext_lazy("settings", "Somebody has this user name. Choose another one."))
    username = username if username is None else tidy_username(username)
    if username and User.objects.filter(username=username).exclude(pk=member.pk).exists():
        raise taken
    wanted = {"display_name": display_name, "username": username, "bio": bio}
    changed = [name for name, value in wanted.items() if value is not None]
    for name in changed:
        # No user name is NULL: the empty one could be only one member's.
        setattr(member, name, wanted[name] or (None if name == "username" else ""))
    try:
        # A savepoint: on PostgreSQL the unique violation would otherwise end the caller's transaction too.
        with transaction.atomic():
            member.save(update_fields=changed)
    except IntegrityError as clash:
        raise taken from clash
    return member
