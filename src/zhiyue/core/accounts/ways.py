"""By what a member is known and let in: address, phone, user name, password. `User` holds what they are; the one
EmailAddress row of django-allauth holds whether the address is proved, and is written only here and in `services`."""

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import EmailTaken, PhoneTaken
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.names import tidy_username
from zhiyue.core.accounts.phones import tidy_phone
from zhiyue.core.accounts.sessions import end_sessions
from zhiyue.core.kit import clock


def tidy_mark(typed: str) -> str:
    """An address, phone or user name as it is kept: however it is written, whoever has it is found by the same."""
    return tidy_phone(typed) or tidy_username(typed)


def member_named(typed: str) -> User | None:
    """Whoever has this address, phone or user name, however it is written; closed accounts too."""
    mark = tidy_mark(typed)
    if "@" in mark:
        return User.objects.filter(email=mark).first()
    by_phone = User.objects.filter(phone=mark).first() if tidy_phone(typed) else None
    if by_phone is not None or not mark:
        return by_phone
    return User.objects.filter(username=tidy_username(typed)).first()


def member_by_password(typed: str, password: str) -> User | None:
    """The member of that name and password. Takes as long whether or not there is such a member."""
    user = member_named(typed)
    if user is None or not user.has_usable_password():
        User().set_password(password)
        return None
    return user if user.check_password(password) else None


@transaction.atomic
def prove(*, user: User, to: str) -> bool:
    """A code sent to the member's own address or phone came back. True where that was never proved before.

    Then somebody else may have made the account with it, and may know the password: it and all sessions end.
    """
    if "@" in to:
        row, _ = EmailAddress.objects.get_or_create(user=user, email=to, defaults={"primary": True})
        fresh = not row.verified
        row.verified = True
        row.save(update_fields=["verified"])
    else:
        fresh = user.phone_verified_at is None
        User.objects.filter(pk=user.pk, phone=to).update(phone_verified_at=clock.now())
    if fresh and user.has_usable_password():
        user.set_unusable_password()
        user.save(update_fields=["password"])
        end_sessions(user=user)
    return fresh


@transaction.atomic
def change_address(*, user: User, email: str) -> None:
    """Give the member another address, which a code has proved. Raises EmailTaken."""
    before, user.email = user.email, email
    try:
        # A savepoint: on PostgreSQL the unique violation would otherwise end the caller's transaction too.
        with transaction.atomic():
            user.save(update_fields=["email"])
    except IntegrityError as clash:
        user.email = before
        raise EmailTaken(
            pgettext_lazy(
                "settings",
                "Another account has this address. Sign in to that one, or choose another address.",
            )
        ) from clash
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)


@transaction.atomic
def change_phone(*, user: User, phone: str) -> None:
    """Give the member another phone, which a code has proved. Raises PhoneTaken."""
    before = user.phone, user.phone_verified_at
    user.phone, user.phone_verified_at = phone, clock.now()
    try:
        with transaction.atomic():
            user.save(update_fields=["phone", "phone_verified_at"])
    except IntegrityError as clash:
        user.phone, user.phone_verified_at = before
        raise PhoneTaken(
            pgettext_lazy(
                "settings", "Another account has this phone. Sign in to that one, or choose another number."
            )
        ) from clash


@transaction.atomic
def change_password(*, user: User, password: str, but: str | None = None) -> None:
    """Set a new password and end every session except the one with the key `but`. Raises ValidationError."""
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    end_sessions(user=user, but=but)
