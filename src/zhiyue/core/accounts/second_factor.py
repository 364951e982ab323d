"""Who proves twice who they are, and which roles wait for that. What an authenticator is, django-allauth keeps."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import STAFF_ROLES
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.accounts.sessions import end_sessions
from zhiyue.core.audit.services import note

# Recovery codes open the door when one of these is lost; they are no factor of their own.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, slots=True)
class HeldRoles:
    """Roles of a member: those that count now, and those that wait until a second factor is set up."""

    in_force: frozenset[str]
    withheld: frozenset[str] = frozenset()


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def held_roles(user: User) -> HeldRoles:
    """The one place that decides what staff without a second factor may do: nothing, where it is required."""
    held = roles_of(user)
    staff = held & STAFF_ROLES
    if not staff or settings.ZHIYUE_STAFF_SECOND_FACTOR != "required" or has_second_factor(user):
        return HeldRoles(held)
    return HeldRoles(held - staff, staff)


def viewer_of(user: User) -> Viewer:
    """Somebody whom no page brings, with what they may do now; whose account is closed may nothing."""
    if not user.is_active:
        return Viewer(user=user, visitor=None)
    held = held_roles(user)
    return Viewer(user=user, visitor=None, roles=held.in_force, withheld=held.withheld)


@transaction.atomic
def use_step(*, authenticator: Authenticator, step: int) -> bool:
    """Use up an app's code, named by its time step, in whichever process. False where it or a later one was used."""
    kept = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    if step <= kept.data.get("last_step", -1):
        return False
    kept.data["last_step"] = step
    kept.save(update_fields=["data"])
    return True


@transaction.atomic
def remove_second_factors(*, user: User, by: User | None, why: str) -> int:
    """For somebody who lost device and codes: every authenticator goes, and every session. How many went."""
    names = sorted(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if not names:
        return 0
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user=user)
    note(
        by=by,
        act="member.second_factors_removed",
        subject=("member", user.pk, user.display_name),
        before={"factors": names},
        after={"factors": []},
        why=why,
    )
    return len(names)
