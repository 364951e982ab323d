"""Where a code that opens a course is entered."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.product.commerce.coupon_makers import batch, codes, make
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import CouponCode, Order, RedeemCode
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


def code_of(operator, course):
    return batch(operator, course).codes.order_by("pk")[0].text


def test_a_code_turns_into_the_course(client, operator, course):
    code = code_of(operator, course)
    assert f'value="{code}"' in client.get(f"/redeem/?code={code}").content.decode()
    assert not Order.objects.exists()

    answer = client.post("/redeem/", {"code": code})

    order = Order.objects.get()
    assert answer["Location"] == f"/orders/{order.number}/"
    page = client.get(answer["Location"]).content.decode()
    assert "By a redeem code" in page and "-¥99" in page and "Go on learning" in page
    assert "Yours" in client.get(f"/courses/{course.slug}/").content.decode()


def test_what_opens_nothing_says_so(client, learner, stranger, operator, course):
    code = code_of(operator, course)
    for typed, status, said in (
        ("", 409, "Write the redeem code."),
        ("NOTACODE22", 404, "There is no such code."),
        ("\0", 404, "There is no such code."),
    ):
        answer = client.post("/redeem/", {"code": typed})
        assert answer.status_code == status and said in answer.content.decode()
    grant_course(user=learner, course=course)
    answer = client.post("/redeem/", {"code": code})
    assert answer.status_code == 409
    assert "the code is still there for somebody else" in answer.content.decode()
    assert not Order.objects.exists()


def test_a_coupons_code_leads_to_the_coupons(client, operator):
    [code] = codes(operator, make(operator, "Twenty", audience="code"))

    answer = client.post("/redeem/", {"code": code.lower()})

    page = answer.content.decode()
    assert answer.status_code == 404 and "This is a coupon&#x27;s code" in page
    assert f'href="/coupons/?code={code.lower()}"' in page
    assert f'value="{code}"' in client.get(f"/coupons/?code={code}").content.decode()
    CouponCode.objects.update(revoked_at=clock.now())
    assert "There is no such code." in client.post("/redeem/", {"code": code}).content.decode()


def test_a_redeem_code_leads_from_coupons_and_checkout_to_where_it_is_redeemed(client, operator, course):
    code = code_of(operator, course)
    ordering = {"offer": f"course:{course.pk}", "act": "price", "code": code}

    for answer in (client.post("/coupons/", {"code": code}), client.post("/checkout/", ordering)):
        page = answer.content.decode()
        assert answer.status_code == 404 and "This is a redeem code" in page
        assert f'href="/redeem/?code={code}"' in page
    RedeemCode.objects.update(revoked_at=clock.now())
    assert "There is no such code." in client.post("/coupons/", {"code": code}).content.decode()


def test_codes_of_the_other_kind_count_as_guesses(client, operator, course):
    code = code_of(operator, course)
    for _ in range(10):
        assert client.post("/coupons/", {"code": code}).status_code == 404

    assert client.post("/coupons/", {"code": code}).status_code == 429
    assert client.post("/redeem/", {"code": code}).status_code == 429


def test_guesses_here_and_among_the_coupons_are_one_tally(client, operator, course):
    code = code_of(operator, course)
    for n in range(5):
        assert client.post("/redeem/", {"code": f"NOTACODE{n}"}).status_code == 404
        assert client.post("/coupons/", {"code": f"NOTACODE{n}"}).status_code == 404

    assert client.post("/redeem/", {"code": code}).status_code == 429
    assert not Order.objects.exists()


def test_a_visitor_signs_up_and_comes_back_with_the_code(english):
    for answer in (english.get("/redeem/?code=ABC"), english.post("/redeem/", {"code": "ABC"})):
        at = urlsplit(answer["Location"])
        assert at.path == "/sign-up/"
        assert parse_qs(at.query)["next"] == ["/redeem/?code=ABC"]


def test_me_leads_there(client):
    assert 'href="/redeem/"' in client.get("/me/").content.decode()
