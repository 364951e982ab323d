"""Where a code that opens a course is entered."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.product.commerce.coupon_makers import batch
from zhiyue.product.commerce.models import Order
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
        ("", 409, "Write the code."),
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
