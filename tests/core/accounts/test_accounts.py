"""Members and roles."""

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from tests.factories import PASSWORD, make_member
from zhiyue.core.accounts.errors import EmailTaken, PhoneTaken, UsernameTaken
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import RoleGrant, User
from zhiyue.core.accounts.profiles import change_profile
from zhiyue.core.accounts.selectors import may_see_desk, roles_of, search_members
from zhiyue.core.accounts.services import create_member, create_proved_member, grant
from zhiyue.core.accounts.ways import member_by_password, member_named
from zhiyue.core.kit.columns import TooLong

pytestmark = pytest.mark.django_db


def test_an_address_has_one_account_whatever_its_capitals(learner):
    with pytest.raises(EmailTaken):
        create_member(email=" LEARNER@test.example", password=PASSWORD, display_name="二号")
    assert User.objects.count() == 1


def test_sign_in_ignores_the_capitals_of_the_address(learner):
    assert authenticate(username="Learner@Test.example", password=PASSWORD) == learner


def test_a_user_name_has_one_account_whatever_its_capitals(learner):
    lin = create_member(username=" Lin ", password=PASSWORD, display_name="小林")
    assert lin.username == "lin"
    for make in (
        lambda: create_member(username="LIN", password=PASSWORD, display_name="二号"),
        lambda: create_proved_member(username="lIn", display_name="二号"),
        lambda: change_profile(user=learner, display_name="小林", username="LiN", bio=""),
    ):
        with pytest.raises(UsernameTaken):
            make()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=learner.pk).update(username="LIN")
    assert list(User.objects.exclude(username=None)) == [lin]
    assert member_named("LIN") == member_by_password(" lIN", PASSWORD) == lin


@pytest.mark.parametrize(
    "names",
    [
        {"display_name": "长" * 41},
        {"email": f"{'a' * 250}@a.cn"},
        {"username": "a" * 31},
        {"phone": "+" + "1" * 16},
    ],
)
def test_a_name_that_its_column_does_not_hold_makes_no_account(names):
    with pytest.raises(TooLong, match=r"at most|最多"):
        create_member(**({"email": "a@test.example", "display_name": "长" * 40, "password": None} | names))
    assert not User.objects.exists()


def test_djangos_own_command_makes_no_owner_behind_the_audit_log():
    with pytest.raises(CommandError, match="zhiyue init"):
        call_command("createsuperuser", email="a@test.example", display_name="周", interactive=False)
    assert not User.objects.exists()


def test_each_name_that_is_taken_is_said(learner):
    create_member(phone="+8613800138000", username="lin", password=None, display_name="小林", proved=True)
    free = {"email": "new@test.example", "phone": "+8613900139000", "username": "neu"}
    for taken, refusal in (
        ({"email": learner.email}, EmailTaken),
        ({"phone": "+8613800138000"}, PhoneTaken),
        ({"username": "Lin"}, UsernameTaken),
    ):
        with pytest.raises(refusal):
            create_member(password=None, display_name="新", **(free | taken))
    assert User.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_user_names_of_old_that_differ_by_capitals_are_told_apart():
    """The oldest keeps the name: nobody else could sign in by it."""
    names = ["Lin", "lin", "LIN", "lin-2", "小林", "B" * 30, "b" * 30]
    try:
        MigrationExecutor(connection).migrate([("accounts", "0005_uploaded_sheets")])
        User.objects.bulk_create([User(username=name, display_name=name) for name in names])
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("accounts"))
    kept = dict(User.objects.order_by("pk").values_list("display_name", "username"))
    assert list(kept.items()) == [
        ("Lin", "lin"),
        ("lin", "lin-3"),
        ("LIN", "lin-4"),
        ("lin-2", "lin-2"),
        ("小林", "小林"),
        ("B" * 30, "b" * 30),
        ("b" * 30, "b" * 28 + "-2"),
    ]


def test_a_weak_password_makes_no_account():
    with pytest.raises(ValidationError):
        create_member(email="a@test.example", password="12345678", display_name="弱")
    assert User.objects.count() == 0


def test_a_role_given_twice_is_held_once(learner):
    grant(user=learner, role="operator")
    grant(user=learner, role="operator")
    assert RoleGrant.objects.count() == 1
    assert roles_of(learner) == {"operator"}


@pytest.mark.parametrize(
    ("role", "opens"),
    [("owner", True), ("operator", True), ("agent", True), ("creator", False), (None, False)],
)
def test_the_desk_opens_to_staff_but_not_to_creators(learner, role, opens):
    if role:
        grant(user=learner, role=role)
    assert may_see_desk(Viewer(user=learner, visitor=None, roles=roles_of(learner))) is opens


def test_a_visitor_never_sees_the_desk(visitor):
    assert may_see_desk(Viewer(user=None, visitor=visitor, roles=frozenset({"owner"}))) is False


def test_people_are_found_by_part_of_name_or_address():
    lin, zhou = make_member("lin@test.example", "林小满"), make_member("zhou@test.example", "周舟")
    assert search_members("小满") == [lin]
    assert search_members("ZHOU@") == [zhou]
    assert search_members("%") == []
