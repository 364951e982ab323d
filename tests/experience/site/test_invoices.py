"""Asking for an invoice: what the learner sees, what is refused, and whose business it isn't."""

from html import unescape

import pytest
from django.urls import reverse

from tests.factories import make_course
from tests.product.commerce.invoice_makers import COMPANY, NUMBER, PERSON, asked_invoice, by_hand, later
from tests.product.commerce.test_refunds import bought
from zhiyue.product.commerce.models import Invoice, InvoiceTitle, Order, Refund

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_staff(settings):
    settings.ZHIYUE_INVOICES = "manual"


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


@pytest.fixture
def read(client):
    def page(address, **asked):
        return unescape(client.get(address, asked).content.decode())

    return page


@pytest.fixture
def order(learner, course):
    return bought(learner, course)


def test_from_the_order_one_asks_and_sees_how_far_it_is(
    read, client, operator, learner, order, django_assert_num_queries
):
    address = f"/orders/{order.number}/invoice/"
    assert f'href="{address}"' in read(f"/orders/{order.number}/")
    page = read(address)
    assert "¥99" in page and "Tax number, for companies alone" in page and "Used before" not in page
    assert 'value="learner@test.example"' in page
    with django_assert_num_queries(10):
        client.get(address)

    answer = client.post(address, COMPANY)

    assert answer["Location"] == f"/orders/{order.number}/"
    page = read(f"/orders/{order.number}/")
    for words in (
        "Asked for. Its state stands below.", COMPANY["title"], COMPANY["tax_number"],
        "It goes to books@company.example", "Withdraw it, to change it",
    ):  # fmt: skip
        assert words in page
    assert f'href="{address}"' not in page
    assert "was asked for already" in read(address)
    later(1)
    by_hand(operator, Invoice.objects.get(), file=b"%PDF-1.7 x")
    page = read(f"/orders/{order.number}/")
    assert f"No. {NUMBER}" in page and "Issued" in page and "Download (PDF)" in page
    assert "Withdraw it" not in page
    file = client.get(reverse("site:invoice_file", args=[Invoice.objects.get().number]))
    assert (file.content, file["Content-Type"]) == (b"%PDF-1.7 x", "application/pdf")
    assert file["Content-Disposition"] == f'attachment; filename="invoice-{NUMBER}.pdf"'
    assert (file["X-Content-Type-Options"], file["Cache-Control"]) == ("nosniff", "private, no-store")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"tax_number": "91350100M000100Y44"}, "has a slip in it"),
        ({"tax_number": "9135"}, "this one has 4"),
        ({"tax_number": "9135010OM000100Y43"}, "“O” stands in no tax number"),
        ({"tax_number": ""}, "this one has 0"),
        ({"title": ""}, "required"),
        ({"kind": "special"}, "not one of the available choices"),
        ({"email": "nowhere"}, "valid email"),
    ],
)
def test_what_does_not_fit_comes_back_with_words(client, order, changed, words):
    answer = client.post(f"/orders/{order.number}/invoice/", {**COMPANY, **changed})
    page = unescape(answer.content.decode())
    assert answer.status_code == 422 and words in page
    assert 'value="books@company.example"' in page or "email" in changed
    assert not Invoice.objects.exists() and not InvoiceTitle.objects.exists()


def test_a_title_is_there_the_next_time_and_can_be_deleted(read, client, learner, order):
    client.post(f"/orders/{order.number}/invoice/", COMPANY)
    other = bought(learner, make_course("b", price_fen=100))
    address = f"/orders/{other.number}/invoice/"
    page = read(address)
    assert "Used before" in page and f'value="{COMPANY["tax_number"]}"' in page
    assert f'value="{COMPANY["title"]}"' not in read(address, title="new")
    client.post(address, PERSON)
    third = bought(learner, make_course("c", price_fen=100))
    address = f"/orders/{third.number}/invoice/"
    kept = InvoiceTitle.objects.get(kind="company")
    assert f'value="{COMPANY["title"]}"' in read(address, title=kept.pk)

    answer = client.post(f"{address}titles/{kept.pk}/forget/")

    assert answer["Location"] == address
    page = read(address)
    assert "Deleted. Invoices that name it stay as they are." in page and COMPANY["title"] not in page
    assert Invoice.objects.filter(title=COMPANY["title"]).exists()


def test_it_is_withdrawn_and_asked_for_anew(read, client, order):
    address = f"/orders/{order.number}/invoice/"
    client.post(address, COMPANY)
    assert client.post(f"{address}withdraw/")["Location"] == f"/orders/{order.number}/"
    page = read(f"/orders/{order.number}/")
    assert "Withdrawn. You can ask for it anew." in page and f'href="{address}"' in page
    client.post(address, PERSON)
    assert [one.status for one in Invoice.objects.order_by("pk")] == ["withdrawn", "asked"]


def test_what_failed_says_why_and_leads_back_to_the_form(read, learner, order):
    invoice = asked_invoice(learner, order)
    Invoice.objects.filter(pk=invoice.pk).update(status="failed", fault="抬头与税号不符", due_at=None)
    page = read(f"/orders/{order.number}/")
    assert "Why: 抬头与税号不符" in page and f'href="/orders/{order.number}/invoice/"' in page


def test_what_went_back_is_said(read, operator, learner, order):
    invoice = asked_invoice(learner, order)
    later(1)
    by_hand(operator, invoice)
    Order.objects.update(refunded_fen=900)
    assert "Money went back: it is reversed" in read(f"/orders/{order.number}/")
    Invoice.objects.update(status="reversed", reversal_number="1" * 20)
    assert f"Taken back by red-letter invoice {'1' * 20}" in read(f"/orders/{order.number}/")
    page = read(f"/orders/{order.number}/invoice/")
    assert "¥90" in page and "less ¥9 that went back" in page


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"status": "created", "paid_at": None}, "wasn't paid"),
        ({"total_fen": 0}, "cost nothing"),
        ({"refunded_fen": 9_900, "status": "refunded"}, "nothing is left to invoice"),
        ({"outside_number": "WX-1"}, "its invoice is issued there"),
    ],
)
def test_where_none_can_be_had_the_page_says_why(read, client, order, changed, words):
    Order.objects.filter(pk=order.pk).update(**changed)
    address = f"/orders/{order.number}/invoice/"
    assert f'href="{address}"' not in read(f"/orders/{order.number}/")
    page = read(address)
    assert words in page and "<form" not in page.split("<main")[1].split("</main>")[0]
    answer = client.post(address, COMPANY)
    assert answer.status_code == 409 and not Invoice.objects.exists()


def test_while_money_is_on_its_way_back_one_waits(read, client, order):
    Refund.objects.create(number="R9", order=order, cause="staff", status="approved", amount_fen=1)
    assert "Ask for the invoice once it has gone back" in read(f"/orders/{order.number}/invoice/")
    assert client.post(f"/orders/{order.number}/invoice/", COMPANY).status_code == 409


def test_without_a_setting_nothing_is_offered(read, client, order, settings):
    settings.ZHIYUE_INVOICES = "off"
    assert f"/orders/{order.number}/invoice/" not in read(f"/orders/{order.number}/")
    assert client.post(f"/orders/{order.number}/invoice/", COMPANY).status_code == 409


def test_it_is_nobody_elses(signed_in, browser, stranger, owner, operator, learner, order):
    invoice = asked_invoice(learner, order)
    later(1)
    by_hand(operator, invoice, file=b"%PDF-1.7")
    title = InvoiceTitle.objects.get()
    gets = (f"/orders/{order.number}/invoice/", f"/invoices/{invoice.number}/file/")
    posts = (
        f"/orders/{order.number}/invoice/",
        f"/orders/{order.number}/invoice/withdraw/",
        f"/orders/{order.number}/invoice/titles/{title.pk}/forget/",
    )
    for other in (stranger, owner):
        client = signed_in(other)
        assert [client.get(one).status_code for one in gets] == [404, 404]
        assert [client.post(one, COMPANY).status_code for one in posts] == [404, 404, 404]
        # One's own order opens nobody else's title.
        own = bought(other, make_course(f"of-{other.pk}", price_fen=100))
        client.post(f"/orders/{own.number}/invoice/titles/{title.pk}/forget/")
    assert [browser.get(one).status_code for one in gets] == [302, 302]
    assert [browser.post(one).status_code for one in posts] == [302, 302, 302]
    invoice.refresh_from_db()
    assert invoice.status == "issued" and InvoiceTitle.objects.count() == 1


def test_who_withdraws_and_asks_anew_does_so_ten_times_an_hour_at_most(client, order):
    address = f"/orders/{order.number}/invoice/"
    for _ in range(10):
        assert client.post(address, COMPANY).status_code == 302
        assert client.post(f"{address}withdraw/").status_code == 302

    refused = client.post(address, COMPANY)

    assert refused.status_code == 429
    page = refused.content.decode()
    assert "Too many tries." in page and COMPANY["title"] in page
    assert Invoice.objects.count() == 10
    assert not Invoice.objects.exclude(status="withdrawn").exists()
