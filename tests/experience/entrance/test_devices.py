"""The list of devices, and ending what is on it."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from tests.conftest import BROWSER
from tests.factories import PASSWORD
from zhiyue.experience.entrance.safety.devices import describe
from zhiyue.facilities.notices.models import OutgoingMessage

pytestmark = pytest.mark.django_db

_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) {}Chrome/140.0 Safari/537.36{}"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) {}"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (_CHROME.format("Windows NT 10.0; Win64; x64", "", ""), "Windows 上的 Chrome"),
        (_CHROME.format("Windows NT 10.0; Win64; x64", "", " Edg/140.0"), "Windows 上的 Edge"),
        (_CHROME.format("Macintosh; Intel Mac OS X 10_15_7", "", " OPR/110"), "Mac 上的 Opera"),
        (_CHROME.format("Linux; Android 14; Pixel 8", "", ""), "Android 上的 Chrome"),
        (_CHROME.format("Linux; HarmonyOS; NOH", "HuaweiBrowser/15 ", ""), "HarmonyOS 上的 华为浏览器"),
        (_CHROME.format("X11; CrOS x86_64", "", ""), "ChromeOS 上的 Chrome"),
        (_IPHONE.format("Version/18.0 Mobile/15E148 Safari/604.1"), "iPhone 上的 Safari"),
        (_IPHONE.format("Mobile/15E148 MicroMessenger/8.0.50"), "iPhone 上的 微信"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Linux 上的 Firefox"),
        ("curl/8.0", "未知浏览器"),
        ("", "未知浏览器"),
    ],
)  # fmt: skip
def test_a_browser_is_named_as_people_know_it(user_agent, words):
    assert describe(user_agent) == words


@pytest.fixture
def session_of(signed_in):
    def start(user, agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"):
        client = signed_in(user)
        client.cookies["zy_language"] = "en"
        row = UserSession.objects.create(
            user=user, session_key=client.session.session_key, ip="127.0.0.1", user_agent=agent
        )
        return client, row

    return start


def is_signed_in(client):
    return "_auth_user_id" in client.session


def test_the_list_marks_this_device_and_names_the_others(session_of, learner, django_assert_num_queries):
    mine, _ = session_of(learner)
    _, other = session_of(learner, _CHROME.format("Windows NT 10.0; Win64; x64", "", ""))
    page = mine.get("/settings/devices/").content.decode()
    assert page.count("This device") == 1
    assert page.index("Firefox on Linux") < page.index("Chrome on Windows")
    assert f"/settings/devices/{other.pk}/end/" in page
    with django_assert_num_queries(8):
        mine.get("/settings/devices/")


def test_one_device_is_signed_out(session_of, learner):
    (mine, _), (other, row) = session_of(learner), session_of(learner)
    assert mine.post(f"/settings/devices/{row.pk}/end/")["Location"] == "/settings/devices/"
    assert (is_signed_in(mine), is_signed_in(other)) == (True, False)


def test_a_strangers_device_is_as_if_it_were_not_there(session_of, learner, stranger):
    (mine, _), (theirs, row) = session_of(learner), session_of(stranger)
    assert mine.post(f"/settings/devices/{row.pk}/end/").status_code == 404
    assert mine.post("/settings/devices/end-others/").status_code == 302
    assert is_signed_in(theirs)
    assert UserSession.objects.filter(pk=row.pk).exists()


def test_all_others_are_signed_out(session_of, learner):
    mine, _ = session_of(learner)
    others = [session_of(learner)[0] for _ in range(2)]
    answer = mine.post("/settings/devices/end-others/", follow=True)
    assert "Signed out of 2 other devices." in answer.content.decode()
    assert [is_signed_in(client) for client in (mine, *others)] == [True, False, False]


def test_a_link_ends_nothing(session_of, learner):
    (mine, _), (other, row) = session_of(learner), session_of(learner)
    assert mine.get(f"/settings/devices/{row.pk}/end/").status_code == 405
    assert mine.get("/settings/devices/end-others/").status_code == 405
    assert is_signed_in(other)


def test_when_a_device_was_last_used_is_noted_once_in_a_while(settings, session_of, learner):
    settings.USERSESSIONS_TRACK_ACTIVITY = True
    client, row = session_of(learner)
    long_ago = timezone.now() - timedelta(days=3)
    UserSession.objects.update(last_seen_at=long_ago)
    client.get("/settings/")
    row.refresh_from_db()
    assert timezone.now() - row.last_seen_at < timedelta(minutes=1)
    UserSession.objects.update(last_seen_at=long_ago)
    client.get("/settings/")
    row.refresh_from_db()
    assert row.last_seen_at == long_ago


def test_a_visitor_leaves_no_session(settings, browser):
    settings.USERSESSIONS_TRACK_ACTIVITY = True
    browser.get("/courses/")
    assert not UserSession.objects.exists()


def test_what_programs_ask_notes_nobody_it_does_not_know(settings, browser, learner, session_of):
    settings.USERSESSIONS_TRACK_ACTIVITY = True
    assert browser.post("/api/v1/events", "{}", content_type="application/json").status_code < 500
    client, _ = session_of(learner)
    UserSession.objects.all().delete()
    client.post("/sign-out/")
    assert client.post("/api/v1/events", "{}", content_type="application/json").status_code < 500
    assert not UserSession.objects.exists()


def test_a_new_device_is_told_by_mail_once(learner, django_capture_on_commit_callbacks):
    def enter(client):
        client.cookies["zy_language"] = "en"
        with django_capture_on_commit_callbacks(execute=True):
            client.post("/sign-in/", {"username": learner.email, "password": PASSWORD})

    first, second = (Client(headers={"user-agent": BROWSER}) for _ in range(2))
    enter(first)
    assert not OutgoingMessage.objects.exists()
    enter(second)
    message = OutgoingMessage.objects.get()
    assert (message.to, message.subject) == (learner.email, "A new device signed in to your account")
    second.post("/sign-out/")
    enter(second)
    assert OutgoingMessage.objects.count() == 1
