"""Staff invited by a link: single use, expiring, withdrawable, its secret kept nowhere."""

import threading
from datetime import timedelta

import pytest
from django.core import serializers
from django.db import connection

from tests.core.accounts.test_staff import as_viewer
from tests.factories import make_member
from zhiyue.core.accounts import staff
from zhiyue.core.accounts.errors import InvitationOver, NotAllowed, Unfit
from zhiyue.core.accounts.invitations import (
    accept_invitation,
    digest_of,
    invitations,
    invite_staff,
    open_invitation,
    withdraw_invitation,
)
from zhiyue.core.accounts.models import RoleGrant, StaffInvitation, User
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def test_only_owners_invite_list_and_withdraw(owner, operator, agent, creator, stranger):
    made, _, _ = invite_staff(viewer=as_viewer(owner), role="agent")
    for user in (operator, agent, creator, stranger):
        with pytest.raises(NotAllowed):
            invite_staff(viewer=as_viewer(user), role="agent")
        with pytest.raises(NotAllowed):
            invitations(as_viewer(user))
        with pytest.raises(NotAllowed):
            withdraw_invitation(viewer=as_viewer(user), invitation_id=made.pk)
    assert [one.pk for one in invitations(as_viewer(owner))] == [made.pk]
    assert open_invitation(made.secret_sha256) is not None


def test_the_secret_is_kept_nowhere(owner):
    made, secret, _ = invite_staff(viewer=as_viewer(owner), role="operator", remark=" 王  老师 ")
    assert (made.note, made.role, made.expires_at - made.invited_at) == (
        "王 老师",
        "operator",
        timedelta(days=7),
    )
    assert made.secret_sha256 == digest_of(secret)
    kept = serializers.serialize("json", [*StaffInvitation.objects.all(), *AuditEntry.objects.all()])
    assert len(secret) == 43 and secret not in kept
    noted = AuditEntry.objects.get()
    assert (noted.act, noted.subject_name, noted.after) == ("staff.invited", "王 老师", {"role": "operator"})


@pytest.mark.parametrize("role", ["learner", "", "king"])
def test_only_roles_of_staff_are_invited_to(owner, role):
    with pytest.raises(Unfit):
        invite_staff(viewer=as_viewer(owner), role=role)
    assert not StaffInvitation.objects.exists()


def test_it_makes_staff_once(owner, learner, stranger):
    made, secret, _ = invite_staff(viewer=as_viewer(owner), role="agent")
    accept_invitation(user=learner, digest=digest_of(secret))
    assert roles_of(learner) == {"agent"}
    made.refresh_from_db()
    assert made.accepted_by == learner and made.accepted_at is not None
    for user in (stranger, learner):
        with pytest.raises(InvitationOver):
            accept_invitation(user=user, digest=digest_of(secret))
    assert roles_of(stranger) == frozenset()
    noted = AuditEntry.objects.get(act="staff.invitation_accepted")
    assert (noted.by_id, noted.before, noted.after) == (learner.pk, {"roles": []}, {"roles": ["agent"]})


def test_expired_withdrawn_and_invented_links_open_nothing(owner, learner):
    by = as_viewer(owner)
    expired, secret, _ = invite_staff(viewer=by, role="owner")
    StaffInvitation.objects.filter(pk=expired.pk).update(expires_at=clock.now())
    withdrawn, other, _ = invite_staff(viewer=by, role="owner")
    withdraw_invitation(viewer=by, invitation_id=withdrawn.pk)
    with pytest.raises(InvitationOver):
        withdraw_invitation(viewer=by, invitation_id=withdrawn.pk)
    for one in (secret, other, "invented", expired.secret_sha256):
        assert open_invitation(digest_of(one)) is None
        with pytest.raises(InvitationOver):
            accept_invitation(user=learner, digest=digest_of(one))
    assert roles_of(learner) == frozenset()
    assert AuditEntry.objects.filter(act="staff.invitation_withdrawn").count() == 1


def test_an_accepted_invitation_is_not_withdrawn(owner, learner):
    made, secret, _ = invite_staff(viewer=as_viewer(owner), role="agent")
    accept_invitation(user=learner, digest=digest_of(secret))
    with pytest.raises(InvitationOver):
        withdraw_invitation(viewer=as_viewer(owner), invitation_id=made.pk)


def _second_owner():
    user = make_member("second@test.example", "二号")
    grant(user=user, role="owner")
    return user


@pytest.mark.parametrize("end", ["revoke", "ban"])
def test_who_is_owner_no_more_leaves_no_link_open(owner, learner, end):
    gone = _second_owner()
    links = [invite_staff(viewer=as_viewer(gone), role=role) for role in ("owner", "agent")]
    mine, _, _ = invite_staff(viewer=as_viewer(owner), role="agent")
    if end == "revoke":
        staff.revoke_role(viewer=as_viewer(owner), member_id=gone.pk, role="owner", why="离职")
    else:
        staff.ban_member(viewer=as_viewer(owner), member_id=gone.pk, why="离职")
    for made, secret, _ in links:
        made.refresh_from_db()
        assert made.withdrawn_at is not None
        with pytest.raises(InvitationOver):
            accept_invitation(user=learner, digest=digest_of(secret))
    assert roles_of(learner) == frozenset()
    assert open_invitation(mine.secret_sha256) is not None, "another owner's links stay open"
    noted = AuditEntry.objects.filter(act="staff.invitation_withdrawn").order_by("pk")
    assert [(entry.by_id, entry.before, entry.why) for entry in noted] == [
        (owner.pk, {"role": "owner"}, "离职"),
        (owner.pk, {"role": "agent"}, "离职"),
    ]


def test_another_role_taken_from_an_owner_leaves_their_links_open(owner):
    other = _second_owner()
    grant(user=other, role="creator")
    made, _, _ = invite_staff(viewer=as_viewer(other), role="agent")
    staff.revoke_role(viewer=as_viewer(owner), member_id=other.pk, role="creator", why="不写了")
    assert open_invitation(made.secret_sha256) is not None


@pytest.mark.parametrize("lost", ["role", "account", "factor", "inviter"])
def test_a_link_is_worth_what_its_sender_may_do_now(owner, learner, settings, lost):
    """However the right went: at the database, by a backup, with the second factor."""
    made, secret, _ = invite_staff(viewer=as_viewer(owner), role="owner")
    assert open_invitation(made.secret_sha256) is not None
    if lost == "role":
        RoleGrant.objects.filter(user=owner).delete()
    elif lost == "account":
        User.objects.filter(pk=owner.pk).update(is_active=False)
    elif lost == "factor":
        settings.ZHIYUE_STAFF_SECOND_FACTOR = "required"
    else:
        StaffInvitation.objects.filter(pk=made.pk).update(invited_by=None)
    noted = AuditEntry.objects.count()
    assert open_invitation(made.secret_sha256) is None
    with pytest.raises(InvitationOver):
        accept_invitation(user=learner, digest=digest_of(secret))
    made.refresh_from_db()
    assert (made.accepted_at, made.accepted_by_id) == (None, None)
    assert roles_of(learner) == frozenset()
    assert AuditEntry.objects.count() == noted


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_wins():
    owner = make_member("o@test.example")
    grant(user=owner, role="owner")
    people = [make_member(f"{n}@test.example") for n in range(2)]
    _, secret, _ = invite_staff(viewer=as_viewer(owner), role="agent")
    lost: list[Exception] = []

    def accept(user):
        try:
            accept_invitation(user=user, digest=digest_of(secret))
        except InvitationOver as why:
            lost.append(why)
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lost) == 1
    assert RoleGrant.objects.filter(role="agent").count() == 1
