"""Writes about people. Whatever follows from a new member elsewhere is told by a fact, not called."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import EmailTaken
from zhiyue.core.accounts.models import RoleGrant, User
from zhiyue.core.kit import clock


@transaction.atomic
def create_member(
    *,
    email: str,
    password: str,
    display_name: str,
    joined_at: datetime | None = None,
    simulated: bool = False,
) -> User:
    """A new member. Raises EmailTaken; ValidationError where the password is too weak."""
    user = User(
        email=email.strip().lower(),
        display_name=display_name.strip(),
        joined_at=joined_at or clock.now(),
        is_simulated=simulated,
    )
    validate_password(password, user)
    user.set_password(password)
    try:
        # A savepoint: on PostgreSQL the unique violation would otherwise end the caller's transaction too.
        with transaction.atomic():
            user.save()
    except IntegrityError as clash:
        raise EmailTaken(
            pgettext_lazy("sign up", "This e-mail address already has an account. Sign in instead.")
        ) from clash
    return user


@transaction.atomic
def grant(*, user: User, role: str) -> None:
    """Give `user` a role; giving it twice changes nothing."""
    RoleGrant.objects.get_or_create(user=user, role=role)


@transaction.atomic
def import_members(*, people: Iterable[tuple[str, str, datetime]]) -> list[User]:
    """Add many simulated members at once: (e-mail, name, joined at). They can't sign in."""
    unusable = make_password(None)
    users = [
        User(email=email, display_name=name, joined_at=joined_at, is_simulated=True, password=unusable)
        for email, name, joined_at in people
    ]
    return User.objects.bulk_create(users, batch_size=500)
