"""Tags, roles and bans: who may, what is written, what is noted."""

import threading
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_member
from zhiyue.core.accounts import staff
from zhiyue.core.accounts.errors import LastOwner, NoSuchMember, NotAllowed, NotOneself, OwnersOnly, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import MemberTag, PersonalToken, RoleGrant, User
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def as_viewer(user):
    return Viewer(user=user, visitor=None, roles=roles_of(user))


ACTS = {
    "tag": lambda by, of: staff.tag_members(viewer=by, member_ids=[of.pk], tag="老学员"),
    "untag": lambda by, of: staff.untag_member(viewer=by, member_id=of.pk, tag="旧"),
    "grant": lambda by, of: staff.grant_role(viewer=by, member_id=of.pk, role="creator", why="会写"),
    "revoke": lambda by, of: staff.revoke_role(viewer=by, member_id=of.pk, role="agent", why="离职"),
    "ban": lambda by, of: staff.ban_member(viewer=by, member_id=of.pk, why="刷屏"),
    "unban": lambda by, of: staff.unban_member(viewer=by, member_id=of.pk, why="误会"),
}
OF_OPERATORS = {"tag", "untag", "ban", "unban"}


@pytest.fixture
def target(learner):
    """A member with a tag and a role, so that every act would change something."""
    MemberTag.objects.create(user=learner, name="旧")
    grant(user=learner, role="agent")
    return learner


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["learner", "creator", "agent", "operator", "visitor"])
def test_whoever_may_not_changes_nothing(request, target, stranger, act, role):
    if role == "operator" and act in OF_OPERATORS:
        pytest.skip("operators may")
    who = stranger if role == "learner" else None if role == "visitor" else request.getfixturevalue(role)
    viewer = as_viewer(who) if who else Viewer(user=None, visitor=None)
    before = User.objects.values().get(pk=target.pk)
    with pytest.raises(NotAllowed):
        ACTS[act](viewer, target)
    assert User.objects.values().get(pk=target.pk) == before
    assert roles_of(target) == {"agent"}
    assert list(MemberTag.objects.values_list("name", flat=True)) == ["旧"]
    assert not AuditEntry.objects.exists()


def test_a_tag_is_put_once_on_each_and_noted_for_whom_it_is_new(operator, learner, stranger):
    by = as_viewer(operator)
    assert staff.tag_members(viewer=by, member_ids=[learner.pk], tag=" 老  学员 ") == 1
    assert staff.tag_members(viewer=by, member_ids=[learner.pk, stranger.pk, 0], tag="老 学员") == 1
    assert set(MemberTag.objects.values_list("user_id", "name")) == {
        (learner.pk, "老 学员"),
        (stranger.pk, "老 学员"),
    }
    noted = AuditEntry.objects.order_by("pk").values_list("act", "subject_id", "after")
    assert list(noted) == [
        ("member.tagged", str(learner.pk), {"tag": "老 学员"}),
        ("member.tagged", str(stranger.pk), {"tag": "老 学员"}),
    ]
    assert staff.untag_member(viewer=by, member_id=learner.pk, tag="老 学员") is True
    assert staff.untag_member(viewer=by, member_id=learner.pk, tag="老 学员") is False
    assert AuditEntry.objects.filter(act="member.untagged").count() == 1


@pytest.mark.parametrize("tag", ["", "   ", "甲,乙", "甲，乙", "甲；乙", "x" * 21])
def test_a_tag_that_a_table_could_not_hold_is_refused(operator, learner, tag):
    with pytest.raises(Unfit):
        staff.tag_members(viewer=as_viewer(operator), member_ids=[learner.pk], tag=tag)
    assert not MemberTag.objects.exists()


def test_a_role_is_given_and_taken_with_its_reason(owner, learner):
    by = as_viewer(owner)
    assert staff.grant_role(viewer=by, member_id=learner.pk, role="agent", why=" 新 客服 ") is True
    assert staff.grant_role(viewer=by, member_id=learner.pk, role="agent", why="again") is False
    assert staff.revoke_role(viewer=by, member_id=learner.pk, role="agent", why="离职") is True
    assert staff.revoke_role(viewer=by, member_id=learner.pk, role="agent", why="离职") is False
    assert roles_of(learner) == frozenset()
    noted = AuditEntry.objects.order_by("pk").values_list("act", "before", "after", "why")
    assert list(noted) == [
        ("member.role_granted", {"roles": []}, {"roles": ["agent"]}, "新 客服"),
        ("member.role_revoked", {"roles": ["agent"]}, {"roles": []}, "离职"),
    ]


@pytest.mark.parametrize(
    ("role", "why"), [("learner", "x"), ("king", "x"), ("agent", " "), ("agent", "x" * 201)]
)
def test_no_role_without_a_reason_nor_one_that_does_not_exist(owner, learner, role, why):
    with pytest.raises(Unfit):
        staff.grant_role(viewer=as_viewer(owner), member_id=learner.pk, role=role, why=why)
    assert roles_of(learner) == frozenset()


def test_the_first_owner_is_noted_as_the_consoles_doing(learner):
    staff.make_first_owner(member=learner)
    staff.make_first_owner(member=learner)
    assert roles_of(learner) == {"owner"}
    noted = AuditEntry.objects.get()
    assert (noted.by_id, noted.by_name, noted.act, noted.after) == (
        None,
        "console",
        "member.role_granted",
        {"roles": ["owner"]},
    )


def test_an_owner_stays_whatever_owners_do(owner, learner):
    by = as_viewer(owner)
    with pytest.raises(NotOneself):
        staff.revoke_role(viewer=by, member_id=owner.pk, role="owner", why="x")
    with pytest.raises(NotOneself):
        staff.ban_member(viewer=by, member_id=owner.pk, why="x")
    grant(user=learner, role="owner")
    # The viewer's role was taken a moment ago, elsewhere: the last owner stays all the same.
    RoleGrant.objects.filter(user=owner).delete()
    with pytest.raises(LastOwner):
        staff.revoke_role(viewer=by, member_id=learner.pk, role="owner", why="x")
    with pytest.raises(LastOwner):
        staff.ban_member(viewer=by, member_id=learner.pk, why="x")
    assert roles_of(learner) == {"owner"}


def test_a_banned_owner_does_not_count_as_the_one_who_stays(owner, learner, stranger):
    for user in (learner, stranger):
        grant(user=user, role="owner")
    staff.ban_member(viewer=as_viewer(owner), member_id=stranger.pk, why="x")
    RoleGrant.objects.filter(user=owner).delete()
    viewer = Viewer(user=owner, visitor=None, roles=frozenset({"owner"}))
    with pytest.raises(LastOwner):
        staff.revoke_role(viewer=viewer, member_id=learner.pk, role="owner", why="x")


def test_only_an_owner_bans_and_unbans_an_owner(operator, owner, learner):
    grant(user=learner, role="owner")
    with pytest.raises(OwnersOnly):
        staff.ban_member(viewer=as_viewer(operator), member_id=learner.pk, why="x")
    assert staff.ban_member(viewer=as_viewer(owner), member_id=learner.pk, why="x") is True
    with pytest.raises(OwnersOnly):
        staff.unban_member(viewer=as_viewer(operator), member_id=learner.pk, why="x")
    learner.refresh_from_db()
    assert learner.is_active is False


def test_a_ban_ends_sessions_and_keys_for_good(operator, learner):
    client = Client()
    client.force_login(learner)
    UserSession.objects.create(
        user=learner, session_key=client.session.session_key, ip="127.0.0.1", user_agent="Firefox"
    )
    PersonalToken.objects.create(user=learner, name="脚本", prefix="zy_ab", secret_sha256="0" * 64)
    assert staff.ban_member(viewer=as_viewer(operator), member_id=learner.pk, why="刷屏") is True
    assert staff.ban_member(viewer=as_viewer(operator), member_id=learner.pk, why="again") is False
    learner.refresh_from_db()
    assert (learner.is_active, learner.banned_why) == (False, "刷屏")
    assert learner.banned_at is not None and clock.now() - learner.banned_at < timedelta(minutes=1)
    assert PersonalToken.objects.get().ended_at == learner.banned_at
    noted = AuditEntry.objects.get()
    assert (noted.act, noted.after, noted.why) == (
        "member.banned",
        {"banned": True, "sessions_ended": 1, "keys_ended": 1},
        "刷屏",
    )
    assert staff.unban_member(viewer=as_viewer(operator), member_id=learner.pk, why="误会") is True
    learner.refresh_from_db()
    assert (learner.is_active, learner.banned_at, learner.banned_why) == (True, None, "")
    assert "_auth_user_id" not in client.session, "a session from before the ban would be alive again"
    assert AuditEntry.objects.first().before == {"banned": True, "banned_why": "刷屏"}


def test_nobody_is_told_apart_from_somebody_by_a_number(owner):
    for act in ("untag", "grant", "revoke", "ban", "unban"):
        with pytest.raises(NoSuchMember):
            ACTS[act](as_viewer(owner), User(pk=0))


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_at_once_leave_one():
    first, second = make_member("1@test.example"), make_member("2@test.example")
    for user in (first, second):
        grant(user=user, role="owner")
    viewers = {first.pk: as_viewer(first), second.pk: as_viewer(second)}
    refused: list[Exception] = []

    def remove(by, of):
        try:
            staff.revoke_role(viewer=viewers[by.pk], member_id=of.pk, role="owner", why="x")
        except LastOwner as why:
            refused.append(why)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert RoleGrant.objects.filter(role="owner").count() == 1


def test_a_whole_academy_is_tagged_in_pieces_of_what_a_database_takes_at_once(operator, monkeypatch):
    monkeypatch.setattr(staff, "AT_ONCE", 2)
    members = [make_member(f"m{n}@test.example") for n in range(5)]
    ids = [member.pk for member in members] * 2
    assert staff.tag_members(viewer=as_viewer(operator), member_ids=ids, tag="老学员") == 5
    assert MemberTag.objects.filter(name="老学员").count() == 5
    noted = AuditEntry.objects.filter(act="member.tagged")
    assert sorted(noted.values_list("subject_id", "by_name")) == sorted(
        (str(member.pk), "苏运") for member in members
    )


def test_more_members_to_tag_do_not_mean_more_queries(operator):
    ids = [make_member(f"m{n}@test.example").pk for n in range(9)]

    def queries(tag, chosen):
        with CaptureQueriesContext(connection) as asked:
            staff.tag_members(viewer=as_viewer(operator), member_ids=chosen, tag=tag)
        return len(asked)

    assert queries("一", ids[:1]) == queries("九", ids)
