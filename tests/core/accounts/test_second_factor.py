"""Staff without a second factor hold their roles in name only, where the academy requires one."""

import threading

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from tests.factories import make_member
from zhiyue.core.accounts.errors import NotAllowed, SecondFactorRequired
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.second_factor import HeldRoles, held_roles, remove_second_factors, use_step
from zhiyue.core.accounts.selectors import leads_to_desk, require
from zhiyue.core.accounts.services import grant
from zhiyue.core.accounts.sessions import sessions_of
from zhiyue.core.audit.models import AuditEntry

pytestmark = pytest.mark.django_db

STAFF = ("creator", "agent", "operator", "owner")


@pytest.fixture
def required(settings):
    settings.ZHIYUE_STAFF_SECOND_FACTOR = "required"


def add(user, kind):
    return Authenticator.objects.create(user=user, type=kind, data={})


def viewer_of(user):
    held = held_roles(user)
    return Viewer(user=user, visitor=None, roles=held.in_force, withheld=held.withheld)


@pytest.mark.parametrize("role", STAFF)
def test_a_staff_role_waits_for_a_second_factor(required, learner, role):
    grant(user=learner, role=role)
    assert held_roles(learner) == HeldRoles(frozenset(), frozenset({role}))


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("kind", ["totp", "webauthn"])
def test_either_factor_brings_the_role_into_force(required, learner, role, kind):
    grant(user=learner, role=role)
    add(learner, kind)
    assert held_roles(learner) == HeldRoles(frozenset({role}))


def test_recovery_codes_alone_are_no_factor(required, operator):
    add(operator, "recovery_codes")
    assert held_roles(operator).in_force == frozenset()


def test_somebody_elses_factor_is_no_factor(required, operator, stranger):
    add(stranger, "totp")
    assert held_roles(operator).in_force == frozenset()


@pytest.mark.parametrize("role", STAFF)
def test_where_it_is_offered_only_every_role_counts(learner, role):
    grant(user=learner, role=role)
    assert held_roles(learner) == HeldRoles(frozenset({role}))


def test_learners_need_none_and_are_asked_nothing_more(required, learner, django_assert_num_queries):
    grant(user=learner, role="learner")
    with django_assert_num_queries(1):
        assert held_roles(learner) == HeldRoles(frozenset({"learner"}))


def test_what_stands_in_the_way_is_said_exactly(required, operator, stranger):
    with pytest.raises(SecondFactorRequired):
        require(viewer_of(operator), Permission.SEE_MEMBERS)
    with pytest.raises(NotAllowed):
        require(viewer_of(operator), Permission.SET_UP_ACADEMY)
    with pytest.raises(NotAllowed):
        require(viewer_of(stranger), Permission.SEE_MEMBERS)
    add(operator, "totp")
    assert require(viewer_of(operator), Permission.SEE_MEMBERS) == operator


def test_the_way_to_the_desk_is_shown_to_staff_only(required, agent, creator, learner):
    assert [leads_to_desk(viewer_of(user)) for user in (agent, creator, learner)] == [True, False, False]


def test_removing_the_factors_is_noted_and_ends_every_session(operator, owner, signed_in):
    add(operator, "totp"), add(operator, "recovery_codes"), add(owner, "totp")
    assert remove_second_factors(user=operator, by=owner, why="Lost the phone") == 2
    assert list(Authenticator.objects.values_list("user_id", flat=True)) == [owner.pk]
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.by_id, entry.subject_id) == (
        "member.second_factors_removed", owner.pk, str(operator.pk),
    )  # fmt: skip
    assert entry.before == {"factors": ["recovery_codes", "totp"]}
    assert entry.why == "Lost the phone"
    assert sessions_of(operator) == []


def test_where_there_is_nothing_to_remove_nothing_is_noted(operator, owner):
    assert remove_second_factors(user=operator, by=owner, why="") == 0
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("role", ["agent", "operator", "owner"])
def test_the_desk_leads_to_the_set_up_and_back(required, signed_in, stranger, role):
    grant(user=stranger, role=role)
    answer = signed_in(stranger).get("/desk/")
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('entrance:second_factor')}?next=%2Fdesk%2F"


def test_a_part_of_the_desk_moves_the_whole_page(required, signed_in, operator):
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/desk/follow/"}
    answer = signed_in(operator).get("/desk/follow/stream/", headers=here)
    assert (answer.status_code, answer["HX-Redirect"]) == (
        204, f"{reverse('entrance:second_factor')}?next=%2Fdesk%2Ffollow%2F",
    )  # fmt: skip


def test_the_console_removes_them_for_whoever_lost_them(operator, capsys):
    add(operator, "totp")
    call_command("remove_second_factors", "OPERATOR@test.example", why="Came with passport")
    assert not Authenticator.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.by_id, entry.by_name, entry.why) == (None, "console", "Came with passport")
    with pytest.raises(CommandError, match="No member is called"):
        call_command("remove_second_factors", "nobody@test.example", why="?")


@pytest.mark.django_db(transaction=True)
def test_of_two_processes_that_take_a_code_at_once_one_lets_in():
    user = make_member("two@test.example")
    kept = Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "sealed"})
    answers: list[bool] = []

    def use():
        try:
            answers.append(use_step(authenticator=kept, step=7))
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False, False, False, True]
    kept.refresh_from_db()
    assert kept.data == {"secret": "sealed", "last_step": 7}
