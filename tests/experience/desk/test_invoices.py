"""Invoices on the desk: what waits first, what can be done about each, and who may."""

from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import make_course
from tests.product.commerce.invoice_makers import NUMBER, PERSON, asked_invoice, by_hand, later
from tests.product.commerce.test_refunds import bought
from zhiyue.core.audit.models import AuditEntry
from zhiyue.product.commerce.models import Invoice, Order

pytestmark = pytest.mark.django_db
RED = "25332000000087654321"


@pytest.fixture(autouse=True)
def by_staff(settings):
    settings.ZHIYUE_INVOICES = "manual"


@pytest.fixture
def order(learner, course):
    return bought(learner, course)


@pytest.fixture
def invoice(learner, order):
    asked_invoice(learner, order)
    later(1)
    return Invoice.objects.get()


def act(desk, invoice, name, **told):
    return desk.post(f"/desk/invoices/{invoice.number}/{name}/", told)


def test_what_waits_stands_first_and_is_found(
    read, desk, operator, learner, stranger, invoice, django_assert_num_queries
):
    done = asked_invoice(stranger, bought(stranger, make_course("b", price_fen=100)), **PERSON)
    later(1)
    by_hand(operator, done)
    page = read("/desk/invoices/")
    assert "1 waits for you. It stands first." in page
    assert page.index(invoice.number) < page.index(done.number)
    for asked_for, shown in (
        ({"status": "issued"}, done),
        ({"q": "示例科技"}, invoice),
        ({"q": NUMBER}, done),
        ({"q": "learner@test"}, invoice),
    ):
        page = read("/desk/invoices/", **asked_for)
        assert [one.number in page for one in (invoice, done)] == [one == shown for one in (invoice, done)]
    assert "No invoice fits" in read("/desk/invoices/", q="nothing like it")
    with django_assert_num_queries(6):
        desk.get("/desk/invoices/")


def test_an_empty_desk_says_so(read):
    page = read("/desk/invoices/")
    assert "Nobody asked for an invoice yet" in page and "None waits for you." in page


def test_one_is_entered_with_its_number_and_file(read, desk, learner, order, invoice):
    page = read(f"/desk/invoices/{invoice.number}/")
    for words in ("示例科技有限公司", "91350100M000100Y43", "¥99", "books@company.example", order.number):
        assert words in page
    assert 'name="seen_fen" value="9900"' in page
    file = SimpleUploadedFile("发票.pdf", b"%PDF-1.7 x")

    answer = act(desk, invoice, "issue", seen_fen=9_900, invoice_number=NUMBER, file=file)

    assert answer["Location"] == f"/desk/invoices/{invoice.number}/"
    page = read(f"/desk/invoices/{invoice.number}/")
    assert "Entered. The member is told." in page and NUMBER in page and "Download its file" in page
    assert "staff, by hand" in page and 'id="issue"' not in page and 'id="reversed"' in page
    found = desk.get(f"/desk/invoices/{invoice.number}/file/")
    assert (found.content, found["X-Content-Type-Options"]) == (b"%PDF-1.7 x", "nosniff")
    page = read(f"/desk/orders/{order.number}/")
    assert invoice.number in page and "Its invoice was issued" in page
    assert "entered as issued the invoice" in read("/desk/audit/")
    assert NUMBER in read("/desk/audit/")


@pytest.mark.parametrize(
    ("told", "status", "words"),
    [
        ({"invoice_number": "123"}, 400, "has 20 digits"),
        ({"invoice_number": ""}, 422, "required"),
        ({"seen_fen": "9899"}, 409, "is for ¥99 now"),
        ({"seen_fen": "x"}, 422, ""),
        ({"file": b"<script>"}, 400, "no PDF and no OFD"),
        ({"file": b"%PDF-" + b"x" * 5_000_000}, 400, "larger than 5 MB"),
    ],
)
def test_what_does_not_fit_enters_nothing(desk, invoice, told, status, words):
    if "file" in told:
        told = {"file": SimpleUploadedFile("a.pdf", told["file"])}
    answer = act(desk, invoice, "issue", **{"seen_fen": "9900", "invoice_number": NUMBER, **told})
    assert answer.status_code == status
    assert words in unescape(answer.content.decode())
    invoice.refresh_from_db()
    assert (invoice.status, invoice.file) == ("asked", "")


def test_it_fails_is_tried_again_and_of_two_tabs_one_counts(read, desk, invoice):
    act(desk, invoice, "fail", why="抬头不完整")
    page = read(f"/desk/invoices/{invoice.number}/")
    assert "Noted. The member reads why." in page and "抬头不完整" in page
    second = act(desk, invoice, "fail", why="x")
    assert second.status_code == 409
    assert "isn't in the state for this any more" in unescape(second.content.decode())
    act(desk, invoice, "again", why="已补全")
    invoice.refresh_from_db()
    assert invoice.status == "asked"
    assert act(desk, invoice, "burn", why="x").status_code == 404
    assert act(desk, invoice, "fail", why=" ").status_code == 422


def test_money_went_back_so_it_is_reversed_and_the_rest_issued(read, desk, operator, order, invoice):
    by_hand(operator, invoice)
    Order.objects.filter(pk=order.pk).update(refunded_fen=900)
    assert "must be reversed" in read("/desk/invoices/")
    page = read(f"/desk/invoices/{invoice.number}/")
    assert "so it must be reversed: the order keeps ¥90 now" in page

    act(desk, invoice, "reversed", reversal_number=RED, why="退款")

    again = Invoice.objects.get(again_of=invoice)
    page = read(f"/desk/invoices/{invoice.number}/")
    assert RED in page and again.number in page and "What was left is invoiced anew" in page
    page = read(f"/desk/invoices/{again.number}/")
    assert "¥90" in page and invoice.number in page


def test_a_reversal_is_asked_for_and_a_file_follows(read, desk, operator, invoice, settings):
    by_hand(operator, invoice)
    # Staff reverse themselves what they issued themselves.
    assert 'id="reverse"' not in read(f"/desk/invoices/{invoice.number}/")
    settings.ZHIYUE_INVOICES = "sandbox"
    Invoice.objects.update(provider="sandbox")
    assert 'id="reverse"' in read(f"/desk/invoices/{invoice.number}/")
    act(desk, invoice, "reverse", why="抬头写错")
    later(1)
    page = read(f"/desk/invoices/{invoice.number}/")
    assert "It is to be reversed: 抬头写错" in page and 'id="reverse"' not in page
    # The sandbox knows of no such invoice, and says so.
    assert "There is no such invoice to reverse" in page or "没有可以红冲的发票" in page
    act(desk, invoice, "attach", file=SimpleUploadedFile("a.pdf", b"%PDF-2"))
    assert desk.get(f"/desk/invoices/{invoice.number}/file/").content == b"%PDF-2"


def test_the_list_is_taken_away_and_noted(desk, learner, operator, invoice, order):
    Invoice.objects.update(title="=HYPERLINK(1)")
    other = asked_invoice(learner, bought(learner, make_course("b", price_fen=100)), **PERSON)
    answer = desk.post("/desk/invoices/export/", {"asked": "status=asked"})
    text = b"".join(answer.streaming_content).decode()
    assert invoice.number in text and other.number in text and "99.00" in text and order.number in text
    assert "'=HYPERLINK(1)" in text
    assert AuditEntry.objects.get(act="invoices.exported").after == {"invoices": 2}
    empty = desk.post("/desk/invoices/export/", {"asked": "status=issued"})
    assert len(b"".join(empty.streaming_content).splitlines()) == 1


def test_who_sees_invoices_and_who_decides(signed_in, agent, operator, learner, creator, invoice):
    by_hand(operator, invoice, file=b"%PDF-1")
    page = signed_in(agent).get(f"/desk/invoices/{invoice.number}/")
    assert page.status_code == 200 and "/reversed/" not in page.content.decode()
    assert "/export/" not in signed_in(agent).get("/desk/invoices/").content.decode()
    for one in (agent, learner, creator):
        for name in ("issue", "fail", "again", "reverse", "reversed", "attach"):
            assert act(signed_in(one), invoice, name, why="x").status_code == 403
        assert signed_in(one).post("/desk/invoices/export/").status_code == 403
    for one in (learner, creator):
        for address in ("", f"{invoice.number}/", f"{invoice.number}/file/"):
            assert signed_in(one).get(f"/desk/invoices/{address}").status_code == 403
    invoice.refresh_from_db()
    assert invoice.status == "issued"


def test_nobody_decides_about_their_own_on_the_desk_either(desk, operator, course):
    asked_invoice(operator, bought(operator, course))
    later(1)
    own = Invoice.objects.get()

    answer = act(desk, own, "issue", seen_fen=19_900, invoice_number=NUMBER)

    assert answer.status_code == 409
    assert "Nobody decides about an invoice of their own" in answer.content.decode()
    own.refresh_from_db()
    assert (own.status, own.invoice_number) == ("asked", "")
