"""What a proved code opens: each is used up in the transaction of what it was for. Codes themselves are in `codes`."""

from django.db import transaction

from zhiyue.core.accounts import codes, ways
from zhiyue.core.accounts.models import OneTimeCode, User


@transaction.atomic
def enter(*, code: OneTimeCode, user: User) -> bool:
    """Let a member in by their own address or phone. True where a password of theirs ended by it. Raises CodeOver."""
    codes.spend(code=code)
    had_password = user.has_usable_password()
    ways.prove(user=user, to=code.to)
    return had_password and not user.has_usable_password()


@transaction.atomic
def set_password(*, code: OneTimeCode, user: User, password: str) -> None:
    """A new password for who forgot theirs; every session ends. Raises CodeOver, ValidationError."""
    codes.spend(code=code)
    ways.prove(user=user, to=code.to)
    ways.change_password(user=user, password=password)


@transaction.atomic
def change_way(*, code: OneTimeCode, user: User) -> None:
    """Give the member the address or phone that was proved. Raises CodeOver, EmailTaken, PhoneTaken."""
    codes.spend(code=code)
    if "@" in code.to:
        ways.change_address(user=user, email=code.to)
    else:
        ways.change_phone(user=user, phone=code.to)
