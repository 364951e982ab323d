"""Asking for an invoice by a program, and following it."""

import pytest

from tests.product.commerce.invoice_makers import COMPANY, later
from tests.product.commerce.test_refunds import bought
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Invoice, Order, SandboxInvoice

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(learner, course):
    return bought(learner, course)


@pytest.fixture
def asking(program, learner):
    return program(learner)


def send(client, order, body=COMPANY, **headers):
    address = f"/api/v1/me/orders/{order.number}/invoice"
    return client.post(address, body, content_type="application/json", headers=headers)


def test_an_invoice_is_asked_for_and_followed(asking, order):
    address = f"/api/v1/me/orders/{order.number}/invoice"
    none = asking.get(address)
    assert (none.status_code, none.json()["code"]) == (404, "no_such_invoice")

    answer = send(asking, order)

    told = answer.json()
    assert answer.status_code == 201
    assert {name: told[name] for name in COMPANY} == COMPANY
    assert (told["status"], told["amount_fen"], told["file"]) == ("asked", 9_900, None)
    assert send(asking, order).json()["number"] == told["number"]
    later(1)
    SandboxInvoice.objects.update(through_at=clock.now())
    later(60)
    told = asking.get(address).json()
    assert (told["status"], len(told["invoice_number"]), told["must_be_reversed"]) == ("issued", 20, False)
    assert told["file"] == f"http://testserver/invoices/{told['number']}/file/"
    Order.objects.update(refunded_fen=1)
    assert asking.get(address).json()["must_be_reversed"] is True


def test_a_key_sent_again_asks_once(asking, order):
    first, again = (send(asking, order, **{"idempotency-key": "a"}) for _ in range(2))
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({**COMPANY, "kind": "special"}, 400, "invalid"),
        ({**COMPANY, "title": " "}, 400, "invalid"),
        ({**COMPANY, "tax_number": "91350100M000100Y44"}, 422, "title_refused"),
        ({**COMPANY, "email": "nowhere"}, 422, "title_refused"),
    ],
)
def test_what_does_not_fit_is_told(asking, order, body, status, code):
    answer = send(asking, order, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Invoice.objects.exists()


def test_somebody_elses_order_is_as_if_it_were_not_there(program, stranger, order):
    for body in (COMPANY, {}):
        answer = send(program(stranger), order, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_order")
    assert program(stranger).get(f"/api/v1/me/orders/{order.number}/invoice").status_code == 404


def test_where_none_can_be_had_it_says_why(asking, order, settings):
    settings.ZHIYUE_INVOICES = "off"
    answer = send(asking, order)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_invoice")
