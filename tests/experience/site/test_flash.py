"""A flash price on a course's pages: the true number, the true end."""

import json
import re
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_course
from tests.product.commerce.coupon_makers import flash
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import FlashSale, Order
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true"}


def test_the_course_says_what_it_costs_until_when_and_how_many_are_left(english, learner, operator, course):
    flash(operator, course, price_fen=4_900, stock=20)
    actor = Actor(member_id=learner.pk)
    place(user=learner, offer=f"course:{course.pk}", seen_fen=4_900, actor=actor)

    page = english.get(f"/courses/{course.slug}/").content.decode()
    closed = english.get(f"/courses/{course.slug}/two/").content.decode()
    free = english.get(f"/courses/{course.slug}/one/").content.decode()

    for shown in (page, closed, free):
        assert "Buy · ¥49" in shown
    assert page.count("19 of 20 left") == 3 and closed.count("19 of 20 left") == 1
    assert page.count("<s>¥99</s>") == 2 and "usual price" in page
    assert f'data-price-fen="4900" data-list-price-fen="{course.price_fen}"' in page
    assert "23" in page[page.index("Until ") :][:200] and "from now" in page


def test_without_a_bound_no_number_is_told(english, operator, course):
    flash(operator, course, price_fen=4_900)
    page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "Buy · ¥49" in page and "from now" in page
    assert " of " not in page[page.index("Until ") :][:200]


def test_while_somebody_looks_the_number_stays_true_and_the_end_is_told(english, operator, course):
    sale = flash(operator, course, price_fen=4_900, stock=2)
    part = english.get(f"/flash/{course.slug}/?short=1", headers=HTMX)
    assert "2 of 2 left" in part.content.decode() and "?short=1" in part.content.decode()

    FlashSale.objects.filter(pk=sale.pk).update(ended_at=clock.now())
    over = english.get(f"/flash/{course.slug}/", headers=HTMX)
    assert (over.status_code, over["HX-Refresh"]) == (204, "true")
    assert english.get(f"/flash/{course.slug}/")["Location"] == f"/courses/{course.slug}/"
    assert english.get("/flash/nothing-here/", headers=HTMX).status_code == 404


def test_the_checkout_takes_the_flash_price_and_says_when_it_is_gone(signed_in, learner, operator, course):
    sale = flash(operator, course, price_fen=4_900)
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    at = f"/checkout/?offer=course:{course.pk}"
    page = client.get(at).content.decode()
    assert "For a short time" in page and page.count("Pay ¥49") == 2

    FlashSale.objects.filter(pk=sale.pk).update(ended_at=clock.now())
    form = {"offer": f"course:{course.pk}", "seen_fen": "4900", "way": "sandbox:page"}
    answer = client.post("/checkout/", form)
    assert answer.status_code == 409 and "it is ¥99 now" in answer.content.decode()
    assert not Order.objects.exists()


def test_who_owns_the_course_sees_no_price(signed_in, learner, operator, course):
    flash(operator, course, price_fen=4_900)
    grant_course(user=learner, course=course)
    page = signed_in(learner).get(f"/courses/{course.slug}/").content.decode()
    assert "¥49" not in page and "/flash/" not in page


SHELVES = ["/", "/courses/", "/topics/data/", "/teachers/he-mu/", "/search/?q=intuition"]


def card_price(page: str, slug: str) -> str:
    """What a course's first card on a page says that it costs."""
    card = next(one for one in page.split("<article")[1:] if f'href="/courses/{slug}/"' in one)
    return " ".join(
        re.sub(r"<[^>]+>", " ", card.partition("course-card-foot")[2].partition("</p>")[0]).split()
    )


@pytest.mark.parametrize("address", SHELVES)
def test_cards_show_the_flash_price_and_the_usual_one_crossed_out(
    english, signed_in, learner, operator, course, address
):
    sale = flash(operator, course, price_fen=4_900, stock=1)
    assert "¥49 usual price ¥99" in card_price(english.get(address).content.decode(), course.slug)
    member = signed_in(learner)
    member.cookies["zy_language"] = "en"
    assert "¥49 usual price ¥99" in card_price(member.get(address).content.decode(), course.slug)

    place(user=learner, offer=f"course:{course.pk}", seen_fen=4_900, actor=Actor(member_id=learner.pk))
    sold_out = card_price(english.get(address).content.decode(), course.slug)
    assert "¥99" in sold_out and "¥49" not in sold_out and "usual" not in sold_out
    FlashSale.objects.filter(pk=sale.pk).update(ended_at=clock.now(), stock=None)
    assert "¥49" not in card_price(english.get(address).content.decode(), course.slug)


def test_a_flash_price_that_isnt_lower_stands_on_no_card(english, operator, course):
    flash(operator, course, price_fen=4_900)
    Course.objects.update(price_fen=4_900, list_price_fen=8_800)
    assert "¥49 list price ¥88" in card_price(english.get("/courses/").content.decode(), course.slug)


@pytest.mark.parametrize("address", SHELVES)
def test_the_flash_prices_of_a_page_are_one_query(english, operator, course, address):
    """Many cards on several shelves, and none where nothing can be bought."""
    for number in range(4):
        flash(operator, make_course(f"intuition-{number}", price_fen=9_900), price_fen=4_900, stock=5)
    english.get(address)

    with CaptureQueriesContext(connection) as asked:
        page = english.get(address).content.decode()
    assert page.count("¥49") >= 4
    assert sum("commerce_flashsale" in one["sql"] for one in asked) == 1


def test_where_nothing_can_be_bought_no_flash_price_is_asked_for(english, operator, course, settings):
    flash(operator, course, price_fen=4_900)
    settings.ZHIYUE_PAYMENT_PROVIDERS = []
    with CaptureQueriesContext(connection) as asked:
        page = english.get("/courses/").content.decode()
    assert "¥49" not in page
    assert not any("commerce_flashsale" in one["sql"] for one in asked)


def offer_told(page: str) -> dict[str, object]:
    """What search engines are told of the price."""
    return json.loads(re.search(r'<script type="application/ld\+json">(.+?)</script>', page)[1])["offers"]


def test_search_engines_are_told_the_flash_price_and_its_end(english, operator, course):
    assert offer_told(english.get(f"/courses/{course.slug}/").content.decode()) == {
        "@type": "Offer", "category": "Paid", "price": "99.00", "priceCurrency": "CNY",
    }  # fmt: skip
    sale = flash(operator, course, price_fen=4_905)
    told = offer_told(english.get(f"/courses/{course.slug}/").content.decode())
    assert told["price"] == "49.05"
    assert datetime.fromisoformat(told["priceValidUntil"]) == sale.ends_at
