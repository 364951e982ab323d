"""The settings: one list, its pages, and what may be typed there."""

import pytest
from django.urls import reverse

from zhiyue.core.accounts.models import User

pytestmark = pytest.mark.django_db

PAGES = (
    "/settings/", "/settings/profile/", "/settings/safety/", "/settings/devices/", "/settings/appearance/",
    "/settings/notifications/", "/settings/privacy/", "/settings/safety/passkeys/", "/settings/safety/connected/",
    "/settings/safety/second-factor/",
)  # fmt: skip


@pytest.fixture
def english(signed_in, learner):
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    return client


@pytest.mark.parametrize("page", PAGES)
def test_a_visitor_signs_in_first_and_comes_back(browser, page):
    assert browser.get(page)["Location"] == f"/sign-in/?next={page.replace('/', '%2F')}"


@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_and_is_kept_by_no_cache(english, page):
    answer = english.get(page)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert "style=" not in answer.content.decode()


def test_the_list_leads_to_each_page(english, django_assert_num_queries):
    page = english.get("/settings/").content.decode()
    for name in ("profile", "safety", "devices", "appearance", "notifications", "privacy"):
        assert f'href="/settings/{name}/"' in page
    with django_assert_num_queries(5):
        english.get("/settings/")


def test_safety_says_how_things_stand(english, learner):
    page = english.get("/settings/safety/").content.decode()
    assert "Authenticator app" in page
    assert "Recovery codes" not in page
    assert "Connected accounts" not in page


def test_a_profile_is_changed(english, learner):
    answer = english.post(
        "/settings/profile/", {"display_name": " 小 林 ", "username": "XiaoLin", "bio": "看\n报表"}
    )
    assert answer["Location"] == "/settings/profile/"
    learner.refresh_from_db()
    assert (learner.display_name, learner.username, learner.bio) == ("小 林", "xiaolin", "看 报表")


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("display_name", "", "This field is required"),
        ("display_name", "\u3164", "Nothing of it can be seen"),
        ("display_name", "北" * 41, "at most 40"),
        ("display_name", "客服 01", "only staff bear it"),
        ("username", "a", "Use 2 to 30 letters"),
        ("username", "1abc", "Use 2 to 30 letters"),
        ("username", "小林林", "Use 2 to 30 letters"),
        ("username", "a@b.example", "Use 2 to 30 letters"),
        ("bio", "x" * 121, "at most 120"),
    ],
)
def test_what_can_not_be_kept_is_said_beside_the_field(english, learner, field, typed, words):
    form = {"display_name": "新名", "username": "newname", "bio": "新的"} | {field: typed}
    page = english.post("/settings/profile/", form).content.decode()
    assert words in page
    assert f'id="id_{field}-error"' in page
    kept = User.objects.get(pk=learner.pk)
    assert (kept.display_name, kept.username, kept.bio) == ("小林", None, "")


@pytest.mark.parametrize(("had", "typed"), [(None, "lin.an"), ("lin.an", "Lin.An"), ("小林", "小林")])
def test_a_profile_keeps_the_user_name_that_an_import_gave(english, learner, had, typed):
    User.objects.filter(pk=learner.pk).update(username=had)
    answer = english.post("/settings/profile/", {"display_name": "新名", "username": typed, "bio": ""})
    assert answer.status_code == 302
    learner.refresh_from_db()
    assert (learner.display_name, learner.username) == ("新名", typed.lower())


def test_a_taken_user_name_is_refused_whatever_its_capitals(english, learner, stranger):
    User.objects.filter(pk=stranger.pk).update(username="xiaolin")
    page = english.post("/settings/profile/", {"display_name": "新名", "username": "XIAOLIN", "bio": ""})
    assert "Somebody has this user name" in page.content.decode()
    assert 'value="新名"' in page.content.decode()
    learner.refresh_from_db()
    assert (learner.display_name, learner.username) == ("小林", None)


def test_the_only_name_to_sign_in_with_stays(english, learner):
    User.objects.filter(pk=learner.pk).update(username="xiaolin", email=None)
    page = english.post("/settings/profile/", {"display_name": "小林", "username": "", "bio": ""})
    assert "It is the only name you sign in with" in page.content.decode()
    learner.refresh_from_db()
    assert learner.username == "xiaolin"


def test_beside_each_page_stands_the_list_with_this_page_marked(english):
    for page in PAGES[1:]:
        nav = english.get(page).content.decode().partition('class="settings-nav"')[2].partition("</nav>")[0]
        section = "/settings/safety/" if page.startswith("/settings/safety/") else page
        assert nav.count("aria-current") == 1
        assert f'href="{section}" aria-current="page"' in nav
    assert "settings-nav" not in english.get("/settings/").content.decode()


def test_the_way_back_from_the_second_factor_stands_only_where_there_is_one(english):
    assert "Go on to where you were" not in english.get("/settings/safety/second-factor/").content.decode()
    page = english.get("/settings/safety/second-factor/?next=/learning/").content.decode()
    assert 'href="/learning/">Done? Go on to where you were' in page
    page = english.get("/settings/safety/second-factor/?next=//elsewhere.example/").content.decode()
    assert "elsewhere.example" not in page


def test_who_has_no_address_is_led_to_add_one(english, learner):
    assert "Add an address" not in english.get("/settings/notifications/").content.decode()
    User.objects.filter(pk=learner.pk).update(email=None, username="lin")
    page = english.get("/settings/notifications/").content.decode()
    assert f'href="{reverse("entrance:change_email")}">Add an address' in page


def test_interests_are_a_row_of_the_settings(english):
    page = english.get("/settings/").content.decode()
    assert 'href="/me/interests/"' in page


def test_the_name_has_one_word_everywhere(signed_in, learner, browser):
    assert '<label for="id_display_name">名字</label>' in browser.get("/sign-up/").content.decode()
    page = signed_in(learner).get("/settings/profile/").content.decode()
    assert '<label for="id_display_name">名字</label>' in page
    assert "昵称" not in page
