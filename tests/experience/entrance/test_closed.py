"""A banned member at the door."""

from html import unescape

import pytest
from django.core.cache import cache

from tests.core.accounts.test_staff import as_viewer
from tests.factories import PASSWORD
from zhiyue.core.academy.models import Academy
from zhiyue.core.accounts.staff import ban_member, unban_member

pytestmark = pytest.mark.django_db


def sign_in(client, member):
    return client.post("/sign-in/", {"username": member.email, "password": PASSWORD}, follow=True)


def test_a_banned_member_is_signed_out_at_once_and_told_whom_to_write_to(browser, operator, learner):
    browser.cookies["zy_language"] = "en"
    Academy.objects.update_or_create(
        pk=1, defaults={"name": "知跃", "support_contact": "help@academy.example"}
    )
    cache.clear()
    sign_in(browser, learner)
    assert browser.get("/settings/").status_code == 200
    ban_member(viewer=as_viewer(operator), member_id=learner.pk, why="刷屏")
    assert browser.get("/settings/").status_code == 302
    answer = sign_in(browser, learner)
    page = unescape(answer.content.decode())
    assert answer.status_code == 403
    assert "This account is closed" in page and "help@academy.example" in page and "刷屏" not in page
    assert "_auth_user_id" not in browser.session


def test_unbanned_they_come_in_again(browser, operator, learner):
    ban_member(viewer=as_viewer(operator), member_id=learner.pk, why="刷屏")
    unban_member(viewer=as_viewer(operator), member_id=learner.pk, why="误会")
    sign_in(browser, learner)
    assert browser.get("/settings/").status_code == 200
