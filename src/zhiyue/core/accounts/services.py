"""Writes about people. Whatever follows from a new member elsewhere is told by a fact, not called."""

from collections.abc import Iterable
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import EmailTaken, PhoneTaken, UsernameTaken
from zhiyue.core.accounts.models import RoleGrant, User
from zhiyue.core.accounts.names import fit_username, tidy_name, tidy_username
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import refuse_too_long
from zhiyue.core.kit.errors import Refused


@transaction.atomic
def create_member(
    *,
    display_name: str,
    password: str | None,
    email: str = "",
    phone: str = "",
    username: str = "",
    proved: bool = False,
    joined_at: datetime | None = None,
    simulated: bool = False,
) -> User:
    """A new member, known by one of address, phone (E.164) and user name at least; `proved` says that address and phone
    are theirs for sure. Raises EmailTaken, PhoneTaken, UsernameTaken, TooLong; ValidationError for a weak password
    or an unfit name or user name.
    """
    user = _named(email, phone, username, display_name)
    user.joined_at, user.is_simulated = joined_at or clock.now(), simulated
    if password is not None:
        validate_password(password, user)
    user.set_password(password)
    return _put(user, proved)


@transaction.atomic
def create_proved_member(
    *, display_name: str, password_hash: str = "", email: str = "", phone: str = "", username: str = ""
) -> User:
    """A new member whose address or phone a code has proved, or whom another site knows. A password was judged and
    hashed when it was typed. Raises EmailTaken, PhoneTaken, UsernameTaken, TooLong; ValidationError for an unfit name
    or user name."""
    user = _named(email, phone, username, display_name)
    user.password = password_hash or make_password(None)
    return _put(user, proved=True)


def _named(email: str, phone: str, username: str, display_name: str) -> User:
    if not (email or phone or username):
        raise ValueError("A member needs an e-mail address, a phone or a user name.")
    user = User(
        email=email.strip().lower() or None,
        phone=phone or None,
        username=tidy_username(username) or None,
        display_name=tidy_name(display_name),
    )
    refuse_too_long(user, ("display_name", "email", "phone", "username"))
    if user.username:
        fit_username(user.username)
    return user


def _put(user: User, proved: bool) -> User:
    if user.phone and proved:
        user.phone_verified_at = clock.now()
    try:
        # A savepoint: on PostgreSQL the unique violation would otherwise end the caller's transaction too.
        with transaction.atomic():
            user.save()
    except IntegrityError as clash:
        taken = _taken(user)
        if taken is None:
            raise
        raise taken from clash
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, verified=proved, primary=True)
    return user


def _taken(user: User) -> Refused | None:
    """Which of the names somebody else has; None where it wasn't for a name that the database refused."""
    if user.email and User.objects.filter(email=user.email).exists():
        return EmailTaken(
            pgettext_lazy("sign up", "This e-mail address already has an account. Sign in instead.")
        )
    if user.phone and User.objects.filter(phone=user.phone).exists():
        return PhoneTaken(pgettext_lazy("sign up", "This phone already has an account. Sign in instead."))
    if user.username and User.objects.filter(username=user.username).exists():
        return UsernameTaken(pgettext_lazy("settings", "Somebody has this user name. Choose another one."))
    return None


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
