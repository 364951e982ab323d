"""What a member says about themselves, changed by several at once."""

from functools import partial
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from zhiyue.core.accounts.errors import UsernameTaken
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.profiles import change_profile
from zhiyue.core.accounts.services import create_member, create_proved_member
from zhiyue.core.kit.columns import TooLong

pytestmark = pytest.mark.django_db


class Outdated(Exception):
    """What the change was decided by is no more."""


def said(user):
    kept = User.objects.get(pk=user.pk)
    return kept.display_name, kept.username, kept.bio


def test_what_is_left_out_of_a_profile_stays(learner):
    change_profile(user=learner, display_name="小林", username="xiaolin", bio="读书的人")
    changed = change_profile(user=learner, bio="")
    assert said(learner) == ("小林", "xiaolin", "")
    assert (changed.username, changed.bio) == ("xiaolin", "")
    change_profile(user=learner, username="")
    assert said(learner) == ("小林", None, "")
    change_profile(user=learner)
    assert said(learner) == ("小林", None, "")


def test_a_taken_user_name_changes_nothing_else(learner, stranger):
    change_profile(user=stranger, username="xiaolin")
    with pytest.raises(UsernameTaken):
        change_profile(user=learner, username="XiaoLin", bio="新的")
    assert said(learner) == ("小林", None, "")


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"display_name": "小\u202e林"}, ValidationError),
        ({"display_name": "\u3164"}, ValidationError),
        ({"display_name": "长" * 41}, TooLong),
        ({"username": "a@b.example"}, ValidationError),
        ({"username": "小林"}, ValidationError),
        ({"bio": "长" * 121}, TooLong),
    ],
)
def test_the_rules_hold_for_whoever_changes_a_profile_without_a_form(learner, wanted, refusal):
    with pytest.raises(refusal):
        change_profile(user=learner, **{"bio": "新的"} | wanted)
    assert said(learner) == ("小林", None, "")


def test_names_are_tidied_and_those_older_than_the_rules_stay(learner):
    change_profile(user=learner, display_name=" 林  安 ", bio="一\r\n二 ")
    assert said(learner) == ("林 安", None, "一 二")
    User.objects.filter(pk=learner.pk).update(display_name="林\u202e安", username="林安")
    change_profile(user=learner, display_name="林\u202e安", username="林安", bio="三")
    assert said(learner) == ("林\u202e安", "林安", "三")


@pytest.mark.parametrize("make", [create_proved_member, partial(create_member, password=None)])
def test_nobody_is_made_under_a_name_with_invisible_signs(make):
    with pytest.raises(ValidationError):
        make(display_name="小\u202e林", email="new@test.example")
    assert not User.objects.exists()
    assert make(display_name=" 林  安 ", email="new@test.example").display_name == "林 安"


def test_a_check_sees_the_member_as_they_stand_and_its_refusal_changes_nothing(learner):
    User.objects.filter(pk=learner.pk).update(bio="别处改的")
    seen = []

    def check(now: User) -> None:
        seen.append(now.bio)
        raise Outdated

    with pytest.raises(Outdated):
        change_profile(user=learner, bio="新的", check=check)
    assert seen == ["别处改的"]
    assert said(learner) == ("小林", None, "别处改的")


@pytest.mark.django_db(transaction=True)
def test_of_changes_at_once_by_one_state_one_is_made(learner):
    barrier, outdated = Barrier(4), []

    def check(now: User) -> None:
        if now.bio:
            raise Outdated

    def change(bio: str) -> None:
        barrier.wait(timeout=20)
        try:
            change_profile(user=learner, bio=bio, check=check)
        except Outdated:
            outdated.append(bio)
        finally:
            connection.close()

    threads = [Thread(target=change, args=(bio,)) for bio in "甲乙丙丁"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outdated) == 3
    assert said(learner)[2] in {*"甲乙丙丁"} - {*outdated}
