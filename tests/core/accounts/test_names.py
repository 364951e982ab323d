"""Names that claim to be staff, and those that only look a little like it."""

import pytest

from zhiyue.core.accounts.claims import claims_staff


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
