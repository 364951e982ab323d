"""Accounts at other sites by which members come in, and that nobody loses their last way in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction

from zhiyue.core.accounts.errors import ConnectedElsewhere, LastWayIn
from zhiyue.core.accounts.models import User


@transaction.atomic
def connect(*, account: SocialAccount, user: User, site: str) -> None:
    """Join an account at another site, called `site`, to `user`. Raises ConnectedElsewhere."""
    held = SocialAccount.objects.filter(provider=account.provider, uid=account.uid).first()
    if held is not None:
        if held.user_id != user.pk:
            raise ConnectedElsewhere(site)
        return
    account.user = user
    try:
        # A savepoint: on PostgreSQL the unique violation would otherwise end the caller's transaction too.
        with transaction.atomic():
            account.save()
    except IntegrityError as clash:
        raise ConnectedElsewhere(site) from clash


def disconnect(*, user: User, account_id: int) -> None:
    """Take one way in away. Raises LastWayIn."""
    with losing_a_way_in(user):
        SocialAccount.objects.filter(user_id=user.pk, pk=account_id).delete()


@contextmanager
def losing_a_way_in(user: User) -> Iterator[None]:
    """Whatever takes a way in away does it within. Raises LastWayIn."""
    with transaction.atomic():
        # Locked, so that two ways in can't go at once, each as the one before the last.
        User.objects.select_for_update().get(pk=user.pk)
        refuse_last(user)
        yield


@dataclass(frozen=True, slots=True)
class WaysIn:
    password: bool
    email: bool
    phone: bool
    passkeys: int
    connected: int

    @property
    def count(self) -> int:
        return self.password + self.email + self.phone + self.passkeys + self.connected


def ways_in(user: User) -> WaysIn:
    """An address counts once verified, as a code can be sent to it; so does a phone."""
    return WaysIn(
        password=user.has_usable_password(),
        email=EmailAddress.objects.filter(user_id=user.pk, verified=True).exists(),
        phone=user.phone_verified_at is not None,
        passkeys=Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN).count(),
        connected=SocialAccount.objects.filter(user_id=user.pk).count(),
    )


def refuse_last(user: User) -> None:
    """Said before anything is asked of them; what counts is `losing_a_way_in`. Raises LastWayIn."""
    if ways_in(user).count <= 1:
        raise LastWayIn
