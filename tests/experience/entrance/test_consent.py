"""Agreements at the entrance: what was shown is what is accepted, and what waits until then."""

import re

import pytest

from tests.experience.entrance.conftest import ENTER, FORM, digits_sent, sign_up
from tests.factories import PASSWORD, make_course
from zhiyue.core.academy.models import AgreementAcceptance
from zhiyue.core.academy.services import accept_agreements, publish_agreement, publish_templates
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.product.commerce.models import Enrolment

pytestmark = pytest.mark.django_db


def shown(client, address):
    """What the form says of the versions it shows."""
    return re.findall(r'name="shown" value="([0-9,]+)"', client.get(address).content.decode())[0]


@pytest.fixture
def publish(owner):
    def one(body="正文", kind="terms"):
        viewer = Viewer(user=owner, visitor=None, roles=frozenset({"owner"}))
        return publish_agreement(viewer=viewer, kind=kind, title="用户协议", body=body)

    return one


def test_agreements_in_force_are_accepted_by_hand_and_kept_with_their_version(english):
    [terms] = publish_templates(texts=[("terms", "用户协议", "正文")])
    page = english.get("/sign-up/").content.decode()
    assert 'name="accepted"' in page
    assert "checked" not in page
    assert "tick the box" in english.post("/sign-up/", FORM).content.decode()
    assert not OneTimeCode.objects.exists()
    sign_up(english, FORM | {"accepted": "on", "shown": shown(english, "/sign-up/")})
    kept = AgreementAcceptance.objects.get()
    assert (kept.user.email, kept.agreement) == ("bei@test.example", terms)


def test_a_new_version_is_asked_for_at_the_next_sign_in(english, learner):
    publish_templates(texts=[("terms", "用户协议", "正文")])
    there = english.post("/sign-in/", {"username": learner.email, "password": PASSWORD})["Location"]
    assert there == "/sign-in/agreements/?next=%2F"
    assert "用户协议" in english.get(there).content.decode()
    assert english.get("/courses/").status_code == 200
    assert english.get("/settings/profile/")["Location"].startswith("/sign-in/agreements/")
    form = {"next": "/learning/", "shown": shown(english, there)}
    english.post(there, form)
    assert not AgreementAcceptance.objects.exists()
    assert english.post(there, form | {"accepted": "on"})["Location"] == "/learning/"
    assert AgreementAcceptance.objects.get().user == learner
    assert english.get("/settings/profile/").status_code == 200


@pytest.mark.parametrize("by_htmx", [False, True])
def test_a_course_is_joined_once_the_new_version_is_accepted(english, learner, by_htmx):
    make_course("gift")
    english.force_login(learner)
    [terms] = publish_templates(texts=[("terms", "用户协议", "正文")])
    course = "http://testserver/courses/gift/?from=home"
    headers = {"referer": course} | ({"hx-request": "true", "hx-current-url": course} if by_htmx else {})
    answer = english.post("/enrol/gift/", headers=headers)
    there = answer["HX-Redirect" if by_htmx else "Location"]
    assert there == "/sign-in/agreements/?next=%2Fcourses%2Fgift%2F%3Ffrom%3Dhome"
    assert not Enrolment.objects.exists()
    accept_agreements(user=learner, agreement_ids=[terms.pk])
    assert english.post("/enrol/gift/")["Location"] == "/courses/gift/"


def test_who_came_from_another_site_is_led_home_from_the_agreements(english, learner):
    make_course("gift")
    english.force_login(learner)
    publish_templates(texts=[("terms", "用户协议", "正文")])
    answer = english.post("/enrol/gift/", headers={"referer": "https://elsewhere.example/courses/"})
    assert answer["Location"] == "/sign-in/agreements/?next=%2F"


def asked_again(page, what_is_kept):
    """The form once more, with the new version, what was typed, and nothing ticked."""
    text = page.content.decode()
    return (
        page.status_code == 200
        and "changed while you were reading" in text
        and what_is_kept in text
        and "checked" not in text
    )


def test_nobody_signs_up_with_a_version_they_were_not_shown(english, publish):
    publish()
    form = FORM | {"accepted": "on", "shown": shown(english, "/sign-up/")}
    second = publish("新的正文")
    page = english.post("/sign-up/", form)
    assert asked_again(page, 'value="bei@test.example"')
    assert not OneTimeCode.objects.exists()
    assert f'name="shown" value="{second.pk}"' in page.content.decode()
    sign_up(english, form | {"shown": str(second.pk)})
    assert AgreementAcceptance.objects.get().agreement == second


def test_what_was_shown_counts_though_a_new_version_comes_before_the_code(english, publish):
    first = publish()
    english.post("/sign-up/", FORM | {"accepted": "on", "shown": str(first.pk)})
    publish("新的正文")
    there = english.post(ENTER, {"digits": digits_sent("bei@test.example")})["Location"]
    assert there.startswith("/sign-in/agreements/"), "the new version is asked for at once"
    assert AgreementAcceptance.objects.get().agreement == first


def test_nobody_finishes_with_a_version_they_were_not_shown(english, publish):
    publish()
    english.post("/sign-in/code/", {"address": "bei@test.example"})
    english.post(ENTER, {"digits": digits_sent("bei@test.example")})
    form = {"display_name": "小北", "accepted": "on", "shown": shown(english, "/sign-up/finish/")}
    publish("新的正文")
    assert asked_again(english.post("/sign-up/finish/", form), 'value="小北"')
    assert not User.objects.filter(display_name="小北").exists()


def test_a_member_accepts_only_what_they_were_shown(english, learner, publish):
    english.force_login(learner)
    publish(), publish(kind="privacy")
    form = {"accepted": "on", "shown": shown(english, "/sign-in/agreements/")}
    publish("新的正文")
    assert asked_again(english.post("/sign-in/agreements/", form), "用户协议")
    assert not AgreementAcceptance.objects.exists()


@pytest.mark.parametrize("sent", ["", "1", "x", "9" * 5000, ",,"])
def test_a_form_that_does_not_say_what_it_showed_accepts_nothing(english, publish, sent):
    publish(), publish(kind="privacy")
    page = english.post("/sign-up/", FORM | {"accepted": "on", "shown": sent})
    assert "changed while you were reading" in page.content.decode()
    assert not OneTimeCode.objects.exists()
