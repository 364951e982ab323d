"""The desk's page of flash prices."""

from datetime import timedelta
from html import unescape

import pytest

from tests.product.commerce.coupon_makers import flash
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import FlashSale

pytestmark = pytest.mark.django_db


def typed(days):
    return f"{(clock.now() + timedelta(days=days)).astimezone(clock.business_zone()):%Y-%m-%dT%H:%M}"


def form(course, **changed):
    return {
        "offer": f"course:{course.pk}",
        "price_fen": "49.90",
        "stock": "20",
        "ends_at": typed(2),
        **changed,
    }


def test_a_flash_price_is_made_listed_and_ended(desk, read, course):
    assert "Everything has its usual price." in read("/desk/flash/")

    assert desk.post("/desk/flash/make/", form(course))["Location"] == "/desk/flash/"
    row = FlashSale.objects.get()
    page = read("/desk/flash/")
    assert (row.offer, row.price_fen, row.stock) == (f"course:{course.pk}", 4_990, 20)
    assert "¥49.90" in page and "20 of 20 left" in page and "0 paid at it" in page

    assert desk.post(f"/desk/flash/{row.pk}/end/")["Location"] == "/desk/flash/"
    assert "ended early" in read("/desk/flash/")
    assert desk.post("/desk/flash/999/end/").status_code == 404


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"offer": "course:0"}, "Choose one of the courses that are sold."),
        ({"price_fen": "99"}, "Give a price above 0 and below the usual one."),
        ({"price_fen": "0"}, "Give 0.01 or more."),
        ({"price_fen": ""}, "Fill this in."),
        ({"stock": "0"}, "Give 1 or more."),
        ({"ends_at": ""}, "Fill this in."),
        ({"ends_at": "soon"}, "Write day and time as in 2026-12-01 09:00."),
        ({"ends_at": typed(-1)}, "The end must lie after the beginning, and after now."),
    ],
)
def test_what_a_flash_price_cant_be_is_said_beside_its_field(desk, course, changed, said):
    answer = desk.post("/desk/flash/make/", form(course, **changed))

    assert answer.status_code == 422
    assert said in unescape(answer.content.decode())
    assert not FlashSale.objects.exists()


def test_a_second_one_at_the_same_time_is_refused(desk, operator, course):
    flash(operator, course, price_fen=4_000)
    answer = desk.post("/desk/flash/make/", form(course))
    assert "It has a flash price in that time already." in answer.content.decode()
    assert FlashSale.objects.count() == 1
