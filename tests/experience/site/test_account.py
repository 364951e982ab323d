"""Signing up, in and out, and one's own pages."""

import pytest

from tests.factories import PASSWORD
from zhiyue.collect.models import Event
from zhiyue.core.accounts.models import User
from zhiyue.product.learning.models import SavedCourse

pytestmark = pytest.mark.django_db

FORM = {"display_name": "小北", "email": "bei@test.example", "password": PASSWORD}


def test_a_visitor_keeps_what_they_did_and_goes_on_where_they_were(english, course):
    english.post(f"/save/{course.slug}/", {"saved": "1"})
    there = f"/courses/{course.slug}/"
    assert english.post("/sign-up/", FORM | {"next": there})["Location"] == there
    member = User.objects.get(email="bei@test.example")
    assert SavedCourse.objects.get().user == member
    assert Event.objects.get(name="course.saved").member == member
    assert "小北" in english.get("/me/").content.decode()


def test_a_taken_address_is_told_beside_the_field_and_nothing_is_written(english, learner):
    page = english.post("/sign-up/", FORM | {"email": learner.email}).content.decode()
    assert 'id="id_email-error"' in page
    assert "already has an account" in page
    assert 'value="小北"' in page
    assert User.objects.count() == 1
    assert not Event.objects.exists()


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
    ],
)
def test_a_name_is_kept_without_needless_white_space(english, typed, kept):
    assert english.post("/sign-up/", FORM | {"display_name": typed}).status_code == 302
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
    assert "/desk/activity/" not in signed_in(learner).get("/me/").content.decode()
    assert "/desk/activity/" in signed_in(operator).get("/me/").content.decode()


def test_signing_out_is_never_done_by_a_link(signed_in, learner):
    client = signed_in(learner)
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert "小林" not in client.get("/me/").content.decode()


def test_my_pages_ask_a_constant_number_of_queries(signed_in, learner, course, django_assert_num_queries):
    client = signed_in(learner)
    client.post(f"/save/{course.slug}/", {"saved": "1"})
    client.get(f"/courses/{course.slug}/one/")
    with django_assert_num_queries(11):
        client.get("/learning/")
