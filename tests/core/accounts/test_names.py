"""Names that claim to be staff, and those that only look a little like it; user names that are ones."""

import pytest
from django.core.exceptions import ValidationError

from zhiyue.core.accounts.claims import claims_staff
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.names import fit_username
from zhiyue.core.accounts.services import create_member, create_proved_member


@pytest.mark.parametrize(
    "name",
    [
        "管理员", "管理員", "客服", "官方", "工作人员", "知跃", "知躍", "知 跃 官 方", "知跃学院", "平台官方客服",
        "系统通知", "admin", "ADMIN", "Official Support Team", "Customer Service", "the Academy Staff",
    ],
)  # fmt: skip
def test_a_name_that_says_nothing_but_staff_claims_it(name):
    assert claims_staff(name, academy="知跃")


@pytest.mark.parametrize(
    "name",
    [
        "★官方★", "客服001", "[客·服]", "admin_7", "Adm1n", "0fficial", "offlcial", "Ａｄｍｉｎ", "𝐚𝐝𝐦𝐢𝐧", "ádmin",
        "\u0430dmin", "\u0410D\u041c\u0406N", "\u0391dmin", "ᴀᴅᴍɪɴ", "\u0455uppor\u0442",
    ],
)  # fmt: skip
def test_decoration_and_letters_drawn_alike_hide_no_claim(name):
    assert claims_staff(name, academy="知跃")


@pytest.mark.parametrize(
    "name",
    [
        "官方同人社",
        "客服小王",
        "系统论爱好者",
        "知跃粉丝",
        "学院",
        "团队",
        "小助手",
        "王老师",
        "Supportive",
        "Админ",
        "7",
        "🙂",
    ],
)
def test_a_name_that_only_contains_such_a_word_claims_nothing(name):
    assert not claims_staff(name, academy="知跃")
    assert not claims_staff(name, academy="🙂")


def test_an_academy_is_called_by_all_of_its_name():
    assert claims_staff("51 学院", academy="51学院")
    assert not claims_staff("学院", academy="51学院")
    assert not claims_staff("51", academy="51学院")


@pytest.mark.parametrize("typed", ["ab", " Lin.An ", "a-b_c.9", "a" * 30])
def test_a_user_name_is_kept_in_small_letters(typed):
    assert fit_username(typed) == typed.strip().lower()


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["a", "1ab", ".ab", "小林", "a b", "a@b", "ab\n!", "13800138000"])
def test_what_is_no_user_name_makes_no_member(typed):
    for make in (create_member, create_proved_member):
        more = {"password": None} if make is create_member else {}
        with pytest.raises(ValidationError):
            make(username=typed, display_name="小林", **more)
    assert not User.objects.exists()
