"""The demo's accounts: one of each role, and an owner who has begun to set the academy up."""

import pytest
from django.urls import reverse

from zhiyue.collect.models import Event
from zhiyue.core.academy.models import Academy, Agreement, AgreementKind
from zhiyue.core.academy.texts import templates
from zhiyue.core.accounts.models import Role, User
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING
from zhiyue.demo import services
from zhiyue.demo.accounts import ACCOUNTS, PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(settings):
    settings.ZHIYUE_DEMO = True
    services.seed(members=2, history_days=1)


def test_there_is_an_account_of_each_role():
    assert {account.role for account in ACCOUNTS} == set(Role.values)


@pytest.mark.parametrize("page", ["desk:setup", "desk:staff", "desk:setup_looks"])
def test_the_owner_signs_in_by_the_printed_password_and_opens_what_owners_open(client, filled, page):
    client.post("/sign-in/", {"username": "owner@example.com", "password": PASSWORD})
    assert client.get(reverse(page)).status_code == 200


def test_the_sign_in_page_offers_every_account(client, filled):
    page = client.get("/sign-in/").content.decode()
    for account in ACCOUNTS:
        assert f'value="{account.email}"' in page
        assert account.name in page


def test_the_demo_says_whom_to_write_to_and_its_agreements_are_finished(filled):
    shown = Academy.objects.get()
    assert shown.support_contact == "help@example.com"
    assert shown.footer_text
    assert shown.icp_number
    assert {one.kind for one in Agreement.objects.all()} == set(AgreementKind.values)
    assert not any(one.is_template for one in Agreement.objects.all())


def test_each_account_chose_in_the_bar_and_the_log_knows_it(filled):
    accounts = User.objects.filter(email__in=[account.email for account in ACCOUNTS])
    choices = Choice.objects.filter(member__in=accounts)
    assert sorted(choices.values_list("member", "way", "granted")) == sorted(
        (account.pk, "bar", int(EVERYTHING)) for account in accounts
    )
    told = Event.objects.filter(name="consent.chosen", member__in=accounts, origin="server")
    assert sorted(told.values_list("member", "properties__way")) == sorted(
        (account.pk, "bar") for account in accounts
    )


def test_every_text_that_ships_is_noted_as_a_template_and_differs_in_nothing_else():
    for (kind, title, noted), (_, same_title, finished) in zip(
        templates(), templates(noted=False), strict=True
    ):
        assert title == same_title
        note, body = noted.split("\n\n", 1)
        assert note.startswith("> **这是一份模板。**"), kind
        assert body == finished


def test_a_demo_filled_before_there_was_an_owner_gets_one_once(filled):
    User.objects.get(email="owner@example.com").delete()
    services.seed(members=2, history_days=1)
    assert User.objects.get(email="owner@example.com").grants.get().role == "owner"
    Academy.objects.update(name="改过的名字", support_contact="")
    services.seed(members=2, history_days=1)
    assert Academy.objects.get().name == "改过的名字"
    assert Academy.objects.get().support_contact == ""
