"""The schema and the pages about the API."""

import json

import pytest
from django.conf import settings
from django.core.management import call_command

from zhiyue.experience.api import examples
from zhiyue.experience.api.shapes import (
    catalogue,
    coupons,
    events,
    interests,
    membership,
    offers,
    orders,
    people,
    privacy,
    refunds,
    sales,
)
from zhiyue.experience.api.urls import urlpatterns

pytestmark = pytest.mark.django_db


def operations(browser):
    schema = json.loads(browser.get("/api/schema/?format=json").content)
    return schema, [one for methods in schema["paths"].values() for one in methods.values()]


def test_the_schema_is_valid_and_complete(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_the_schema_names_every_address(browser):
    schema, _ = operations(browser)
    named = {str(one.name) for one in urlpatterns if getattr(one, "name", None)} - {
        "schema",
        "docs",
        "problems",
    }
    assert len(schema["paths"]) == len(named)


def test_each_operation_says_what_a_programmer_needs(browser):
    _, all_of_them = operations(browser)
    assert len({one["operationId"] for one in all_of_them}) == len(all_of_them)
    for one in all_of_them:
        assert one["summary"]
        assert len(one["tags"]) == 1
        assert "application/problem+json" in one["responses"]["400"]["content"]


def test_every_post_takes_an_idempotency_key(browser):
    schema, _ = operations(browser)
    posts = [methods["post"] for methods in schema["paths"].values() if "post" in methods]
    assert len(posts) == 19
    for post in posts:
        assert "Idempotency-Key" in {parameter["name"] for parameter in post["parameters"]}


def test_old_addresses_lead_to_the_new_ones(browser):
    assert browser.get("/api/v1/schema")["Location"] == "/api/schema/"
    assert browser.get("/api/v1/docs")["Location"] == "/api/docs/"


def test_only_the_page_about_the_api_may_style_itself(browser):
    policy = browser.get("/api/docs/")["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline';" in f"{policy};"
    assert "script-src 'self';" in f"{policy};"
    assert "unsafe-inline" not in browser.get("/")["Content-Security-Policy"]


def test_the_page_about_the_api_says_whose_it_is_and_leads_back(browser):
    page = browser.get("/api/docs/").content.decode()
    assert f"{settings.ZHIYUE_SITE_NAME} · API" in page and '<html lang="zh-hans">' in page
    assert 'href="/"' in page and 'href="/api/docs/problems/"' in page


def test_the_page_about_the_api_needs_no_other_host(browser):
    page = browser.get("/api/docs/").content.decode()
    assert "drf_spectacular_sidecar" in page
    assert "https://" not in page


@pytest.mark.parametrize(
    ("example", "shape"),
    [
        (examples.COURSE, catalogue.CourseShape),
        (examples.ME, people.MeShape),
        (examples.EVENTS, events.BatchShape),
        (examples.CHANGE[0].value, people.MeChangeShape),
        (examples.JOIN[0].value, people.EnrolShape),
        (examples.CONSENT[0].value, privacy.ConsentShape),
        (examples.CONSENT_CHOSEN[0].value, privacy.ChoiceShape),
        (examples.CORRECTION[0].value, interests.CorrectionShape),
        (examples.INTERESTS_CHANGE[0].value, interests.InterestsChangeShape),
        (examples.OFFERED[0].value, offers.OfferShape),
        (examples.PLACE[0].value, orders.PlaceShape),
        (examples.PAY[0].value, orders.PayShape),
        (examples.INVOICE[0].value, orders.InvoiceShape),
        (examples.ASK_INVOICE[0].value, orders.AskInvoiceShape),
        (examples.DECIDE[0].value, sales.DecideShape),
        (examples.MAKE_COUPON[0].value, sales.MakeCouponShape),
        (examples.ENTER_SETTLEMENT[0].value, sales.EnterSettlementShape),
        (examples.CODE[0].value, coupons.CodeShape),
        (examples.MEMBERSHIP[0].value, membership.MembershipShape),
        (examples.TRY[0].value, membership.StartTrialShape),
        (examples.GIVE[0].value, membership.MakeGiftShape),
        (examples.RECKONED[0].value, refunds.ReckoningShape),
        (examples.ASK_REFUND[0].value, refunds.AskRefundShape),
    ],
)
def test_examples_are_as_the_schema_says(example, shape):
    assert set(example) <= set(shape().fields)
    found = shape(data=example)
    assert found.is_valid(), found.errors


def test_the_examples_stand_in_the_schema(browser):
    schema, _ = operations(browser)
    assert json.dumps(schema, ensure_ascii=False).count('"examples"') == 25
