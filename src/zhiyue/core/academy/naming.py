"""Who may bear a name that claims to be staff. What such names look like, `accounts` knows."""

from django.core.exceptions import ValidationError
from django.utils.translation import pgettext_lazy

from zhiyue.core.academy.selectors import academy
from zhiyue.core.accounts.claims import claims_staff
from zhiyue.core.accounts.models import Role, User
from zhiyue.core.accounts.permissions import STAFF_ROLES
from zhiyue.core.accounts.selectors import roles_of

# Creators teach under their own names: they don't answer for the academy.
SPEAKERS = STAFF_ROLES - {Role.CREATOR.value}


def refuse_claim(name: str, *, member: User | None) -> None:
    """Raises ValidationError where a name claims to be staff and `member` (None: somebody new) isn't, or is a
    creator only. The name they
    bear already, as an import may have given it to them, stays theirs."""
    if member is not None and name == member.display_name:
        return
    if not claims_staff(name, academy=academy().name):
        return
    if member is None or not roles_of(member) & SPEAKERS:
        raise ValidationError(
            pgettext_lazy(
                "sign up", "This name speaks for the academy: only staff bear it. Choose another one."
            ),
            code="claim",
        )
