"""Members and roles."""

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError

from tests.factories import PASSWORD, make_member
from zhiyue.core.accounts.errors import EmailTaken
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import RoleGrant, User
from zhiyue.core.accounts.selectors import may_see_desk, roles_of, search_members
from zhiyue.core.accounts.services import create_member, grant

pytestmark = pytest.mark.django_db


def test_an_address_has_one_account_whatever_its_capitals(learner):
    with pytest.raises(EmailTaken):
        create_member(email=" LEARNER@test.example", password=PASSWORD, display_name="二号")
    assert User.objects.count() == 1


def test_sign_in_ignores_the_capitals_of_the_address(learner):
    assert authenticate(username="Learner@Test.example", password=PASSWORD) == learner


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
