"""Staff invited by a link. The link's secret is shown once and kept nowhere: the table holds its SHA-256."""

import secrets
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import InvitationOver, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import RoleGrant, StaffInvitation, User
from zhiyue.core.accounts.permissions import STAFF_ROLES, Permission
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
    return (
        StaffInvitation.objects.select_related("invited_by")
        .filter(secret_sha256=digest, accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())
        .first()
    )


def digest_of(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


@transaction.atomic
def invite_staff(*, viewer: Viewer, role: str, remark: str = "") -> tuple[StaffInvitation, str]:
    """Make an invitation; the second part of the answer is its secret. Raises NotAllowed, Unfit."""
    by = require(viewer, Permission.CHANGE_STAFF)
    if role not in STAFF_ROLES:
        raise Unfit(pgettext_lazy("member", "Choose one of the roles that are given: see the list."))
    secret = secrets.token_urlsafe(32)
    now = clock.now()
    made = StaffInvitation.objects.create(
        role=role,
        note=" ".join(remark.split())[:120],
        secret_sha256=digest_of(secret),
        invited_by=by,
        invited_at=now,
        expires_at=now + timedelta(days=VALID_DAYS),
    )
    note(by=by, act="staff.invited", subject=_subject(made), after={"role": role})
    return made, secret


@transaction.atomic
def withdraw_invitation(*, viewer: Viewer, invitation_id: int) -> None:
    """Close an invitation nobody accepted. Raises NotAllowed, InvitationOver."""
    by = require(viewer, Permission.CHANGE_STAFF)
    withdrawn = StaffInvitation.objects.filter(pk=invitation_id, accepted_at=None, withdrawn_at=None).update(
        withdrawn_at=clock.now()
    )
    if not withdrawn:
        raise InvitationOver(
            pgettext_lazy(
                "invitation", "This invitation was accepted or withdrawn before; nothing was changed."
            )
        )
    made = StaffInvitation.objects.get(pk=invitation_id)
    note(by=by, act="staff.invitation_withdrawn", subject=_subject(made), before={"role": made.role})


@transaction.atomic
def accept_invitation(*, user: User, digest: str) -> StaffInvitation:
    """`user` becomes staff, and nobody else by this link. Raises InvitationOver."""
    now = clock.now()
    # One UPDATE decides: of two who accept at once, the second finds no row that is still open.
    taken = StaffInvitation.objects.filter(
        secret_sha256=digest, accepted_at=None, withdrawn_at=None, expires_at__gt=now
    ).update(accepted_at=now, accepted_by=user)
    if not taken:
        raise InvitationOver(
            pgettext_lazy(
                "invitation", "This invitation is no longer open. Ask whoever sent it for a new one."
            )
        )
    made = StaffInvitation.objects.get(secret_sha256=digest)
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


def _subject(made: StaffInvitation) -> tuple[str, object, str]:
    return ("invitation", made.pk, made.note or made.role)
