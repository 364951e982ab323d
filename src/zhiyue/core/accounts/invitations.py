"""Staff invited by a link. The link's secret is shown once and kept nowhere: the table holds its SHA-256."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import InvitationOver, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import RoleGrant, StaffInvitation, User
from zhiyue.core.accounts.once import SAME_FORM_WITHIN, new_secret
from zhiyue.core.accounts.permissions import STAFF_ROLES, Permission
from zhiyue.core.accounts.second_factor import viewer_of
from zhiyue.core.accounts.selectors import require, roles_of
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock

VALID_DAYS = 7
LISTED = 50


def invitations(viewer: Viewer) -> list[StaffInvitation]:
    """The latest invitations, newest first. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_STAFF)
    found = StaffInvitation.objects.select_related("invited_by", "accepted_by")
    return list(found.order_by("-invited_at", "-pk")[:LISTED])


def open_invitation(digest: str) -> StaffInvitation | None:
    """The invitation of this digest, where it can still be accepted."""
    made = (
        StaffInvitation.objects.still_open().select_related("invited_by").filter(secret_sha256=digest).first()
    )
    return made if made and _stands(made) else None


def digest_of(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


class Invited(NamedTuple):
    """An invitation and its secret. `is_repeated`: it was made a moment ago, by the same form."""

    invitation: StaffInvitation
    secret: str
    is_repeated: bool = False


@transaction.atomic
def invite_staff(*, viewer: Viewer, role: str, remark: str = "", form: str = "") -> Invited:
    """Make an invitation; the same one where `form` is sent twice. Raises NotAllowed, Unfit."""
    by = User.objects.select_for_update().get(pk=require(viewer, Permission.CHANGE_STAFF).pk)
    if role not in STAFF_ROLES:
        raise Unfit(pgettext_lazy("member", "Choose one of the roles that are given: see the list."))
    now = clock.now()
    secret = new_secret("invitation", by.pk, role, remark, form=form)
    there = StaffInvitation.objects.filter(secret_sha256=digest_of(secret)).first()
    if there is not None and _is_open(there) and there.invited_at > now - SAME_FORM_WITHIN:
        return Invited(there, secret, is_repeated=True)
    if there is not None:
        secret = secrets.token_urlsafe(32)
    made = StaffInvitation.objects.create(
        role=role,
        note=" ".join(remark.split())[:120],
        secret_sha256=digest_of(secret),
        invited_by=by,
        invited_at=now,
        expires_at=now + timedelta(days=VALID_DAYS),
    )
    note(by=by, act="staff.invited", subject=_subject(made), after={"role": role})
    return Invited(made, secret)


@transaction.atomic
def withdraw_invitation(*, viewer: Viewer, invitation_id: int) -> None:
    """Close an invitation nobody accepted. Raises NotAllowed, InvitationOver."""
    by = require(viewer, Permission.CHANGE_STAFF)
    if not _withdraw([invitation_id], by=by):
        raise InvitationOver(
            pgettext_lazy(
                "invitation", "This invitation was accepted or withdrawn before; nothing was changed."
            )
        )


@transaction.atomic
def withdraw_invitations_of(*, member: User, by: User, why: str) -> int:
    """Close every open link of somebody who makes nobody staff any more: else they would come back by one."""
    ids = StaffInvitation.objects.still_open().filter(invited_by=member).values_list("pk", flat=True)
    return _withdraw(list(ids), by=by, why=why)


@transaction.atomic
def accept_invitation(*, user: User, digest: str) -> StaffInvitation:
    """`user` becomes staff, and nobody else by this link. Raises InvitationOver."""
    # One UPDATE decides: of two who accept at once, the second finds no row that is still open.
    taken = (
        StaffInvitation.objects.still_open()
        .filter(secret_sha256=digest)
        .update(accepted_at=clock.now(), accepted_by=user)
    )
    made = StaffInvitation.objects.select_related("invited_by").filter(secret_sha256=digest).first()
    if not taken or made is None or not _stands(made):
        raise InvitationOver(
            pgettext_lazy(
                "invitation", "This invitation is no longer open. Ask whoever sent it for a new one."
            )
        )
    before = roles_of(user)
    RoleGrant.objects.get_or_create(user=user, role=made.role)
    note(
        by=user,
        act="staff.invitation_accepted",
        subject=_subject(made),
        before={"roles": sorted(before)},
        after={"roles": sorted(before | {made.role})},
    )
    return made


def _stands(made: StaffInvitation) -> bool:
    """May whoever sent it make people staff even now?"""
    return made.invited_by is not None and viewer_of(made.invited_by).may(Permission.CHANGE_STAFF)


def _withdraw(ids: Iterable[int], *, by: User, why: str = "") -> int:
    """One after the other, each noted. How many weren't accepted or withdrawn before."""
    withdrawn = 0
    for pk in ids:
        live = StaffInvitation.objects.filter(pk=pk, accepted_at=None, withdrawn_at=None)
        if live.update(withdrawn_at=clock.now()):
            made = StaffInvitation.objects.get(pk=pk)
            before = {"role": made.role}
            note(by=by, act="staff.invitation_withdrawn", subject=_subject(made), before=before, why=why)
            withdrawn += 1
    return withdrawn


def _is_open(made: StaffInvitation) -> bool:
    return made.accepted_at is None and made.withdrawn_at is None and made.expires_at > clock.now()


def _subject(made: StaffInvitation) -> tuple[str, object, str]:
    return ("invitation", made.pk, made.note or made.role)
