"""What a member says about themselves."""

from collections.abc import Callable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import UsernameTaken
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.names import fit_username, tidy_name, tidy_username
from zhiyue.core.kit.columns import refuse_too_long


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
    older state from undoing another one. Raises UsernameTaken, TooLong, ValidationError for an unfit name or user name,
    and what `check` raises, and then changes nothing.
    """
    member = User.objects.select_for_update().get(pk=user.pk)
    if check is not None:
        check(member)
    wanted = {
        "display_name": None if display_name is None else _name(member, display_name),
        "username": None if username is None else _username(member, username),
        "bio": None if bio is None else " ".join(bio.split()),
    }
    changed = [name for name, value in wanted.items() if value is not None]
    for name in changed:
        # No user name is NULL: the empty one could be only one member's.
        setattr(member, name, wanted[name] or (None if name == "username" else ""))
    refuse_too_long(member, changed)
    try:
        # A savepoint: on PostgreSQL the unique violation would otherwise end the caller's transaction too.
        with transaction.atomic():
            member.save(update_fields=changed)
    except IntegrityError as clash:
        raise _taken() from clash
    return member


def keep_language(*, user: User, language: str) -> None:
    """What they chose to read in, so that others see what they would see. A language there isn't changes nothing."""
    if language in dict(settings.LANGUAGES):
        User.objects.filter(pk=user.pk).exclude(language=language).update(language=language)


def _name(member: User, typed: str) -> str:
    """One that is older than the rule stays."""
    return typed if typed == member.display_name else tidy_name(typed)


def _username(member: User, typed: str) -> str:
    """One that is older than the rule stays. Raises UsernameTaken."""
    username = tidy_username(typed)
    if username and username != member.username:
        fit_username(username)
    if username and User.objects.filter(username=username).exclude(pk=member.pk).exists():
        raise _taken()
    return username


def _taken() -> UsernameTaken:
    return UsernameTaken(pgettext_lazy("settings", "Somebody has this user name. Choose another one."))
