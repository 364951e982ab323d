"""The ways in that a member has. The last one can't be taken away."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.models import User
from zhiyue.core.kit.errors import Refused


class LastWayIn(Refused):
    """Without this the member could not come in any more."""

    code = "last_way_in"

    def __init__(self) -> None:
        super().__init__(
            pgettext_lazy(
                "error",
                "This is your last way in. First set a password, verify an address or phone, or add a passkey.",
            )
        )


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
    """Called before a way in goes. Raises LastWayIn."""
    if ways_in(user).count <= 1:
        raise LastWayIn
