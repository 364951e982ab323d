"""Signing up, in and out, and one's own pages."""

import pytest

from tests.experience.entrance.conftest import ENTER, FORM, digits_sent, sign_up
from tests.factories import PASSWORD
from zhiyue.collect.models import Event
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.core.accounts.services import create_member
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.learning.models import SavedCourse

pytestmark = pytest.mark.django_db


def test_a_visitor_keeps_what_they_did_and_goes_on_where_they_were(english, course):
    english.post(f"/save/{course.slug}/", {"saved": "1"})
    there = f"/courses/{course.slug}/"
    assert sign_up(english, FORM | {"next": there})["Location"] == there
    member = User.objects.get(email="bei@test.example")
    assert SavedCourse.objects.get().user == member
    assert Event.objects.get(name="course.saved").member == member
    assert "小北" in english.get("/me/").content.decode()


def test_who_signs_up_on_the_way_to_nowhere_is_asked_what_they_care_about(english, course):
    there = sign_up(english, FORM | {"next": "/"})["Location"]
    assert there == "/welcome/?next=%2F"
    page = english.get(there).content.decode()
    assert '<a class="btn btn-ghost" href="/">' in page
    assert english.post(there, {"topic": ["data"], "next": "/"})["Location"] == "/"


def test_who_said_before_what_they_care_about_is_not_asked_again(english, course):
    english.get("/")
    english.post("/welcome/", {"topic": ["data"]})
    assert sign_up(english, FORM)["Location"] == "/"


def test_nobody_is_asked_to_choose_from_nothing(english):
    assert sign_up(english, FORM)["Location"] == "/"


def test_who_has_an_account_is_not_greeted_as_new(english, learner, course):
    assert sign_up(english, FORM | {"address": learner.email})["Location"] == "/"


def test_a_taken_address_looks_like_any_other_and_its_owner_is_signed_in_by_the_code(english, learner):
    learner.emailaddress_set.update(verified=True)
    assert english.post("/sign-up/", FORM | {"address": learner.email})["Location"] == ENTER
    assert "already" not in english.get(ENTER).content.decode()
    assert User.objects.count() == 1
    assert "your account “小林”" in OutgoingMessage.objects.get().content["text"]
    english.post(ENTER, {"digits": digits_sent(learner.email)})
    assert english.session["_auth_user_id"] == str(learner.pk)
    learner.refresh_from_db()
    assert learner.check_password(PASSWORD)
    assert User.objects.count() == 1


def test_without_the_code_there_is_no_account(english):
    english.post("/sign-up/", FORM)
    assert not User.objects.exists()
    assert PASSWORD not in str(OneTimeCode.objects.get().__dict__)


def test_where_codes_are_off_a_taken_address_is_told_beside_the_field(english, learner, settings):
    settings.ZHIYUE_CODE_AT_SIGN_UP = False
    page = english.post("/sign-up/", FORM | {"address": learner.email}).content.decode()
    assert 'id="id_address-error"' in page
    assert "already has an account" in page
    assert 'value="小北"' in page
    assert User.objects.count() == 1
    assert not Event.objects.exists()
    assert english.post("/sign-up/", FORM)["Location"] == "/"
    assert not User.objects.get(email="bei@test.example").emailaddress_set.get().verified


def test_a_phone_signs_up_like_an_address(english):
    english.post("/sign-up/", FORM | {"address": "138 0013 8000"})
    english.post(ENTER, {"digits": digits_sent("+8613800138000")})
    made = User.objects.get()
    assert (made.phone, made.email, made.check_password(PASSWORD)) == ("+8613800138000", None, True)
    assert made.phone_verified_at is not None


def test_without_sms_phones_are_not_offered(english, settings):
    settings.ZHIYUE_SMS_PROVIDER = "none"
    page = english.post("/sign-up/", FORM | {"address": "13800138000"}).content.decode()
    assert "Type an e-mail address" in page
    assert not OneTimeCode.objects.exists()


def test_a_weak_password_is_told_in_plain_words_and_never_sent_back(english):
    page = english.post("/sign-up/", FORM | {"password": "1234567"}).content.decode()
    assert "Too short: at least 8 characters, please." in page
    assert "Only digits" in page
    assert "1234567" not in page
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  小\u3000 北\t", "小 北"),
        ("Ana\nLuz", "Ana Luz"),
        ("👩‍🚀 小北", "👩‍🚀 小北"),
        ("👩🏽‍❤️‍👩🏻", "👩🏽‍❤️‍👩🏻"),
        ("é", "é"),
        ("北" * 40 + "   ", "北" * 40),
        ("Đặng Thế Vỹ", "Đặng Thế Vỹ"),
        ("སྒྲོལ་མ", "སྒྲོལ་མ"),
        ("မြို့တို့", "မြို့တို့"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("น้ำผึ้ง", "น้ำผึ้ง"),
        ("官方同人社", "官方同人社"),
    ],
)
def test_a_name_is_kept_without_needless_white_space(english, typed, kept):
    sign_up(english, FORM | {"display_name": typed})
    assert User.objects.get().display_name == kept


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("小\u202e北", "invisible signs"),
        ("小\u2066北\u2069", "invisible signs"),
        ("小\u200b北", "invisible signs"),
        ("小\u200d北", "invisible signs"),
        ("👩\u200d", "invisible signs"),
        ("\u200d👩", "invisible signs"),
        ("\u200d", "invisible signs"),
        ("小\x07北", "invisible signs"),
        ("\u3164", "Nothing of it can be seen"),
        ("\u2800\u115f", "Nothing of it can be seen"),
        ("\u0301", "Nothing of it can be seen"),
        ("\ufe0f", "Nothing of it can be seen"),
        ("\u3000 \u00a0", "This field is required"),
        ("a" + "\u0301" * 39, "too many marks on one letter"),
        ("ก" + "\u0e47" * 5, "too many marks on one letter"),
        ("管理员", "only staff bear it"),
    ],
)
def test_a_name_that_cannot_be_seen_for_what_it_is_is_refused(english, typed, words):
    page = english.post("/sign-up/", FORM | {"display_name": typed}).content.decode()
    assert 'id="id_display_name-error"' in page
    assert words in page
    assert not User.objects.exists()


def test_signing_in_goes_on_but_never_to_another_host(english, learner):
    form = {"username": learner.email.upper(), "password": PASSWORD}
    assert english.post("/sign-in/", form | {"next": "/learning/"})["Location"] == "/learning/"
    english.post("/sign-out/")
    assert english.post("/sign-in/", form | {"next": "//elsewhere.example/"})["Location"] == "/"


@pytest.mark.parametrize("name", ["LIN", "138 0013 8000", "Lin@test.example"])
def test_every_name_of_a_member_signs_in(english, name):
    create_member(
        email="lin@test.example",
        phone="+8613800138000",
        username="lin",
        password=PASSWORD,
        display_name="小林",
    )
    assert english.post("/sign-in/", {"username": name, "password": PASSWORD})["Location"] == "/"


def test_a_closed_account_is_told_so_to_its_owner_only(english, learner):
    User.objects.update(is_active=False)
    assert (
        "belong together"
        in english.post("/sign-in/", {"username": learner.email, "password": "x"}).content.decode()
    )
    answer = english.post("/sign-in/", {"username": learner.email, "password": PASSWORD})
    assert answer["Location"] == "/account/closed/"
    assert "_auth_user_id" not in english.session


def test_an_unknown_name_costs_a_hashed_password_too(english, monkeypatch):
    hashed = []
    monkeypatch.setattr(User, "set_password", lambda self, raw: hashed.append(raw))
    english.post("/sign-in/", {"username": "nobody@test.example", "password": "a wrong one"})
    assert hashed == ["a wrong one"]


def test_a_wrong_password_is_told_without_saying_which_part_was_wrong(english, learner):
    page = english.post("/sign-in/", {"username": learner.email, "password": "wrong"}).content.decode()
    assert "belong together" in page
    assert learner.email in page


def test_a_visitor_learns_what_an_account_is_good_for(english):
    assert "You are here as a visitor" in english.get("/me/").content.decode()
    page = english.get("/learning/").content.decode()
    assert "Nothing begun yet" in page
    assert "No course saved yet" in page


def test_only_staff_of_the_desk_see_the_way_there(signed_in, learner, operator):
    assert "/desk/" not in signed_in(learner).get("/me/").content.decode()
    assert 'href="/desk/"' in signed_in(operator).get("/me/").content.decode()


def test_signing_out_is_never_done_by_a_link(signed_in, learner):
    client = signed_in(learner)
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert "小林" not in client.get("/me/").content.decode()


def test_my_pages_ask_a_constant_number_of_queries(signed_in, learner, course, django_assert_num_queries):
    client = signed_in(learner)
    client.post(f"/save/{course.slug}/", {"saved": "1"})
    client.get(f"/courses/{course.slug}/one/")
    with django_assert_num_queries(14):
        client.get("/learning/")
