"""A bundle's page, and the way from a course to it."""

import pytest

from tests.factories import make_bundle, make_course
from zhiyue.product.commerce.models import Bundle, Order
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(course):
    return make_course("pictures", price_fen=20_100)


@pytest.fixture
def bundle(course, other):
    return make_bundle([course, other], price_fen=20_000)


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


def test_a_bundle_says_what_is_in_it_and_what_it_saves(english, course, other, bundle):
    page = english.get("/bundles/both/").content.decode()

    assert course.title in page and other.title in page
    assert "¥300 one by one: you save ¥100" in page
    assert "Buy · ¥200" in page
    assert f"offer=bundle%3A{bundle.pk}" in page


def test_who_owns_a_part_sees_what_comes_off(client, learner, course, bundle):
    grant_course(user=learner, course=course)

    page = client.get("/bundles/both/").content.decode()
    checkout = client.get(f"/checkout/?offer=bundle:{bundle.pk}").content.decode()

    assert "¥66 of the price of ¥200 come off for that" in page
    assert "Buy · ¥134" in page
    assert "¥201 one by one: you save ¥67" in page
    assert "两门一起学" in checkout
    assert "¥134" in checkout
    form = {"offer": f"bundle:{bundle.pk}", "seen_fen": "13400", "way": "sandbox:page", "next": ""}
    assert client.post("/checkout/", form).status_code == 302
    assert Order.objects.get().total_fen == 13_400


def test_who_owns_all_of_it_is_asked_for_nothing(client, learner, course, other, bundle):
    for one in (course, other):
        grant_course(user=learner, course=one)

    page = client.get("/bundles/both/").content.decode()

    assert "All of it is yours." in page
    assert "/checkout/" not in page
    assert client.get(f"/checkout/?offer=bundle:{bundle.pk}").status_code == 302


def test_a_course_leads_to_its_bundle(english, course, bundle):
    page = english.get(f"/courses/{course.slug}/").content.decode()

    assert "Also in the bundle “两门一起学” for ¥200." in page
    assert 'href="/bundles/both/"' in page


def test_a_bundle_that_isnt_for_sale_is_no_page(english, bundle):
    Bundle.objects.update(status="withdrawn")

    assert english.get("/bundles/both/").status_code == 404


def test_a_bundle_with_a_course_that_isnt_out_isnt_sold(english, other, bundle):
    other.status = "withdrawn"
    other.save()

    page = english.get("/bundles/both/").content.decode()

    assert "so the bundle isn&#x27;t sold" in page or "so the bundle isn't sold" in page
    assert "/checkout/" not in page


def test_nothing_is_sold_where_nobody_takes_the_money(english, course, bundle, settings):
    settings.ZHIYUE_PAYMENT_PROVIDERS = []

    assert "/checkout/" not in english.get("/bundles/both/").content.decode()
    assert "Also in the bundle" not in english.get(f"/courses/{course.slug}/").content.decode()
