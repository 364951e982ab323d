"""What accounts may refuse."""

from typing import ClassVar

from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.errors import Refused


class EmailTaken(Refused):
    """An account with this address exists."""

    code = "email_taken"


class PhoneTaken(Refused):
    """An account with this phone exists."""

    code = "phone_taken"


class UsernameTaken(Refused):
    """Somebody else has this user name."""

    code = "username_taken"


class NotAllowed(Refused):
    """The viewer's roles don't hold the permission."""

    code = "not_allowed"
    status: ClassVar[int] = 403

    def __init__(self) -> None:
        super().__init__(pgettext_lazy("error", "Your role doesn't allow this. Ask an owner of the academy."))


class SecondFactorRequired(Refused):
    """The viewer's role holds the permission, but waits for a second factor."""

    code = "second_factor_required"
    status: ClassVar[int] = 403

    def __init__(self) -> None:
        super().__init__(
            pgettext_lazy(
                "error",
                "Your role needs a second step at sign-in. Set up a passkey or an authenticator app in your settings.",
            )
        )


class NoSuchMember(Refused):
    code = "no_such_member"
    status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__(pgettext_lazy("error", "There is no such member; perhaps the account was erased."))


class Unfit(Refused):
    """What was typed doesn't fit; the message says what would."""

    code = "unfit"
    status: ClassVar[int] = 400


class NotOneself(Refused):
    """An act that nobody may do to their own account."""

    code = "not_oneself"


class LastOwner(Refused):
    """Without an owner nobody could set the academy up, or make an owner."""

    code = "last_owner"


class OwnersOnly(Refused):
    """An owner's account is changed by owners."""

    code = "owners_only"
    status: ClassVar[int] = 403


class InvitationOver(Refused):
    """Used, withdrawn, expired, or never made."""

    code = "invitation_over"


class WrongCode(Refused):
    """Other digits than those that were sent."""

    code = "wrong_code"
    status: ClassVar[int] = 400


class CodeOver(Refused):
    """Used, expired, or tried too often: only a new code helps."""

    code = "code_over"
    status: ClassVar[int] = 410


class WrongPassword(Refused):
    """Name and password don't belong together, whichever of them is wrong."""

    code = "wrong_password"
    status: ClassVar[int] = 400


class NoSuchSheet(Refused):
    code = "no_such_sheet"
    status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__(
            pgettext_lazy("error", "This upload is gone: they are kept for a day. Choose the file again.")
        )


class ConnectedElsewhere(Refused):
    """The account at the other site opens somebody else's account here."""

    code = "connected_elsewhere"

    def __init__(self, site: str) -> None:
        words = pgettext_lazy(
            "error", "This %s account is connected to another account here. Sign in with it."
        )
        super().__init__(words % site)


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
