"""Members found and shown, and what a role doesn't see of them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.core.accounts.test_staff import as_viewer
from tests.factories import make_member
from zhiyue.core.accounts import directory
from zhiyue.core.accounts.directory import Wanted, found, masked, rows, staff, tags_in_use
from zhiyue.core.accounts.errors import NoSuchMember, NotAllowed
from zhiyue.core.accounts.models import MemberTag, User
from zhiyue.core.accounts.services import grant
from zhiyue.core.accounts.staff import ban_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(operator):
    lin = make_member("lin@test.example", "林一")
    mei = make_member("mei@other.example", "梅二")
    User.objects.filter(pk=lin.pk).update(
        phone="+8613800138000",
        username="lin01",
        joined_at=datetime(2026, 3, 1, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai")),
    )
    User.objects.filter(pk=mei.pk).update(
        joined_at=datetime(2026, 3, 2, 0, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    )
    grant(user=mei, role="creator")
    MemberTag.objects.create(user=mei, name="种子")
    MemberTag.objects.create(user=lin, name="种子")
    MemberTag.objects.create(user=lin, name="老")
    ban_member(viewer=as_viewer(operator), member_id=lin.pk, why="刷屏")
    return {"林一": lin, "梅二": mei}


def names(viewer, **wanted):
    return sorted(found(viewer, Wanted(**wanted)).values_list("display_name", flat=True))


@pytest.mark.parametrize(
    ("wanted", "found_names"),
    [
        ({"words": "梅"}, ["梅二"]),
        ({"words": " OTHER.example "}, ["梅二"]),
        ({"words": "LIN01"}, ["林一"]),
        ({"words": "138 0013 8000"}, ["林一"]),
        ({"words": "0013"}, ["林一"]),
        ({"words": "001"}, []),
        ({"role": "creator"}, ["梅二"]),
        ({"role": "operator"}, ["苏运"]),
        ({"role": "learner"}, ["林一"]),
        ({"tag": "种子"}, ["林一", "梅二"]),
        ({"tag": "老"}, ["林一"]),
        ({"tag": "没有"}, []),
        ({"state": "banned"}, ["林一"]),
        ({"state": "active"}, ["梅二", "苏运"]),
        ({"joined_from": date(2026, 3, 1), "joined_to": date(2026, 3, 1)}, ["林一"]),
        ({"joined_from": date(2026, 3, 2), "joined_to": date(2026, 3, 2)}, ["梅二"]),
        ({"tag": "种子", "role": "creator", "words": "林"}, []),
        ({}, ["林一", "梅二", "苏运"]),
    ],
)
def test_members_are_found_by_each_of_their_marks(people, operator, wanted, found_names):
    assert names(as_viewer(operator), **wanted) == found_names


def test_an_agent_sees_a_phone_masked_and_finds_it_only_whole(people, agent, operator):
    lin = people["林一"]
    lin.refresh_from_db()
    assert rows(as_viewer(operator), [lin])[0].phone == "+8613800138000"
    assert rows(as_viewer(agent), [lin])[0].phone == "+86138****8000"
    assert names(as_viewer(agent), words="0013") == []
    assert names(as_viewer(agent), words="138-0013-8000") == ["林一"]
    assert names(as_viewer(agent), words="+86 13800138000") == ["林一"]


def test_rows_hold_roles_and_tags_in_two_queries(people, operator, django_assert_num_queries):
    viewer, members = as_viewer(operator), list(User.objects.order_by("display_name"))
    with django_assert_num_queries(2):
        shown = rows(viewer, members)
    assert [(row.name, row.roles, row.tags) for row in shown] == [
        ("林一", (), ("种子", "老")),
        ("梅二", ("creator",), ("种子",)),
        ("苏运", ("operator",), ()),
    ]
    assert tags_in_use(viewer) == [("种子", 2), ("老", 1)]


@pytest.mark.parametrize("role", ["stranger", "creator"])
def test_who_may_not_see_members_gets_none(request, people, role):
    viewer = as_viewer(request.getfixturevalue(role))
    for ask in (
        lambda: found(viewer, Wanted()),
        lambda: rows(viewer, [people["林一"]]),
        lambda: directory.one(viewer, people["林一"].pk),
        lambda: tags_in_use(viewer),
        lambda: staff(viewer),
    ):
        with pytest.raises(NotAllowed):
            ask()


def test_staff_are_listed_for_owners_only(people, owner, operator):
    assert [row.name for row in staff(as_viewer(owner))] == ["周全", "梅二", "苏运"]
    with pytest.raises(NotAllowed):
        staff(as_viewer(operator))


def test_there_is_nobody_behind_an_unknown_number(operator):
    with pytest.raises(NoSuchMember):
        directory.one(as_viewer(operator), 0)


@pytest.mark.parametrize(
    ("phone", "shown"), [("+8613800138000", "+86138****8000"), ("", ""), ("+1234567", "+1234567")]
)
def test_masks(phone, shown):
    assert masked(phone) == shown
