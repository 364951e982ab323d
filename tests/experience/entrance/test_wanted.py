"""Who signs up or in on the way to the checkout sees what they are about to buy."""

from urllib.parse import urlencode

import pytest

from tests.experience.entrance.conftest import ENTER, digits_sent
from tests.factories import make_bundle, make_course, make_plan
from tests.product.commerce.coupon_makers import flash

pytestmark = pytest.mark.django_db
LEAD = "What you have read and saved so far comes with you."
CARD = "Once it is paid, you go on from here."


def at(page: str, onward: str) -> str:
    return f"{page}?{urlencode({'next': onward})}"


@pytest.mark.parametrize("page", ["/sign-up/", "/sign-in/", "/sign-in/code/"])
def test_the_course_stands_on_the_way_in(english, operator, course, page):
    onward = f"/checkout/?{urlencode({'offer': f'course:{course.pk}', 'next': '/courses/'})}"
    shown = english.get(at(page, onward)).content.decode()
    assert CARD in shown and course.title in shown and 'class="cover' in shown
    assert '<span class="price">¥99</span>' in shown and "<s>" not in shown
    assert LEAD not in shown

    flash(operator, course, 4_900)
    shown = english.get(at(page, onward)).content.decode()
    assert '<span class="price">¥49</span>' in shown and "<s>¥99</s>" in shown


def test_a_membership_and_a_bundle_stand_there_without_a_cover(english, course):
    plan = make_plan("绘画会员", topics=["art"])
    bundle = make_bundle([course, make_course("pictures", price_fen=20_100)], price_fen=20_000)
    for ref, title in ((f"plan:{plan.pk}", plan.name), (f"bundle:{bundle.pk}", bundle.title)):
        shown = english.get(at("/sign-up/", f"/checkout/?offer={ref}")).content.decode()
        assert CARD in shown and title in shown and "continue-cover-s" not in shown


def test_it_stays_in_sight_until_the_code_is_entered(english, course):
    onward = f"/checkout/?offer=course:{course.pk}"
    english.post("/sign-in/code/", {"address": "new@test.example", "next": onward})
    assert CARD in english.get(ENTER).content.decode()
    english.post(ENTER, {"digits": digits_sent("new@test.example")})
    assert CARD in english.get("/sign-up/finish/").content.decode()
    assert english.post("/sign-up/finish/", {"display_name": "小新"})["Location"] == onward


@pytest.mark.parametrize(
    "onward",
    [
        "/checkout/",
        "/checkout/?offer=",
        "/checkout/?offer=course:999999",
        "/checkout/?offer=course:" + "9" * 400,
        "/checkout/?offer=<b>:1",
        "/checkout/?offer=%00",
        "/checkout/?offer=%ff",
        "https://elsewhere.example/checkout/?offer=course:{pk}",
        "//elsewhere.example/checkout/?offer=course:{pk}",
        "/elsewhere/checkout/?offer=course:{pk}",
        "/orders/?offer=course:{pk}",
        "/orders/?next=/checkout/?offer=course:{pk}",
    ],
)
def test_an_address_that_buys_nothing_of_ours_shows_nothing(english, course, onward):
    answer = english.get(at("/sign-up/", onward.format(pk=course.pk)))
    assert answer.status_code == 200
    assert CARD not in answer.content.decode() and LEAD in answer.content.decode()


def test_what_is_withdrawn_free_or_sold_by_nobody_shows_nothing(english, course, settings):
    onward = f"/checkout/?offer=course:{course.pk}"
    assert CARD in english.get(at("/sign-in/", onward)).content.decode()
    settings.ZHIYUE_PAYMENT_PROVIDERS = []
    assert CARD not in english.get(at("/sign-in/", onward)).content.decode()
    settings.ZHIYUE_PAYMENT_PROVIDERS = ["sandbox"]
    course.status = "withdrawn"
    course.save()
    assert CARD not in english.get(at("/sign-in/", onward)).content.decode()


def test_elsewhere_it_asks_nothing_more_of_the_database(english, course, django_assert_num_queries):
    english.get("/sign-in/")
    with django_assert_num_queries(2):
        english.get("/sign-in/?next=/learning/")
    with django_assert_num_queries(5):
        english.get(at("/sign-in/", f"/checkout/?offer=course:{course.pk}"))
