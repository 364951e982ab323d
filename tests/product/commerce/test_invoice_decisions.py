"""What staff do about invoices: who may, what is noted, what is refused."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from tests.factories import make_course
from tests.product.commerce.coupon_makers import staff
from tests.product.commerce.invoice_makers import NUMBER, asked_invoice, by_hand, later
from tests.product.commerce.test_refunds import bought, why
from zhiyue.core.accounts.errors import NotAllowed, NotOneself, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.commerce.errors import AmountChanged, InvoiceDecided, NoInvoice, NoSuchInvoice
from zhiyue.product.commerce.invoices import deciding, files
from zhiyue.product.commerce.invoices.book import (
    SoughtInvoices,
    all_invoices,
    export_invoices,
    file_for_staff,
    waiting_invoices,
    whole_invoice,
)
from zhiyue.product.commerce.models import Invoice, Order, SandboxInvoice

pytestmark = pytest.mark.django_db
RED = "25332000000087654321"


@pytest.fixture(autouse=True)
def by_staff(settings):
    settings.ZHIYUE_INVOICES = "manual"


@pytest.fixture
def order(learner):
    return bought(learner, make_course("stats", price_fen=19_900))


@pytest.fixture
def invoice(learner, order):
    """One that waits for staff."""
    made = asked_invoice(learner, order)
    later(1)
    return Invoice.objects.select_related("order").get(pk=made.pk)


def ofd():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("OFD.xml", "<ofd/>")
    return file.getvalue()


def kept_files():
    return default_storage.listdir("invoices")[1] if default_storage.exists("invoices") else []


def test_it_waits_for_staff_who_enter_its_number_and_file(operator, learner, order, invoice):
    viewer = staff(operator)
    assert (invoice.status, invoice.due_at, waiting_invoices(viewer)) == ("asked", None, 1)

    by_hand(operator, invoice, f" {NUMBER[:10]} {NUMBER[10:]} ", file=b"%PDF-1.7 x")

    invoice.refresh_from_db()
    assert (invoice.status, invoice.invoice_number, invoice.provider) == ("issued", NUMBER, "manual")
    assert waiting_invoices(viewer) == 0
    file = file_for_staff(viewer, invoice.number)
    assert (file.content, file.name, file.content_type) == (
        b"%PDF-1.7 x", f"invoice-{NUMBER}.pdf", "application/pdf",
    )  # fmt: skip
    noted = AuditEntry.objects.get(act="invoice.issued")
    assert noted.after == {
        "order": order.number, "amount_fen": 19_900, "status": "issued", "invoice_number": NUMBER,
    }  # fmt: skip
    assert OutgoingMessage.objects.filter(to="books@company.example").count() == 1
    assert why(order)[-2:] == ["invoice_asked", "invoice_issued"]


@pytest.mark.parametrize(
    ("number", "code", "kept"),
    [("1" * 20, "", True), ("12345678", "0123456789", True), ("12345678", "012345678901", True),
     ("１２３４５６７８", "0123456789", True), ("12345678", "", False), ("1" * 20, "0123456789", False),
     ("1" * 19, "", False), ("12345678", "123", False), ("", "", False), ("2533200000001234567X", "", False)],
)  # fmt: skip
def test_numbers_are_those_of_the_tax_office(operator, invoice, number, code, kept):
    if kept:
        assert by_hand(operator, invoice, number, invoice_code=code).status == "issued"
        return
    with pytest.raises(Unfit):
        by_hand(operator, invoice, number, invoice_code=code)
    assert Invoice.objects.get().status == "asked"


@pytest.mark.parametrize(
    ("file", "kept"),
    [(b"%PDF-1.7", "pdf"), (ofd(), "ofd"), (b"<html>", ""), (b"PK\x03\x04junk", ""), (b"MZ%PDF-", ""),
     (b"%PDF-" + b"x" * files.BYTES_AT_MOST, "")],
)  # fmt: skip
def test_files_are_what_they_are_by_content(operator, invoice, file, kept):
    if kept:
        by_hand(operator, invoice, file=file)
        assert files.ending_of(Invoice.objects.get().file) == kept and len(kept_files()) == 1
        return
    with pytest.raises(Unfit):
        by_hand(operator, invoice, file=file)
    assert Invoice.objects.get().status == "asked" and kept_files() == []


def test_what_is_refused_leaves_no_file(operator, learner, invoice):
    by_hand(operator, invoice)
    with pytest.raises(InvoiceDecided):
        by_hand(operator, invoice, "2" * 20, file=b"%PDF-1.7")
    assert kept_files() == []
    other = asked_invoice(learner, bought(learner, make_course("b", price_fen=100)))
    with pytest.raises(Unfit, match=invoice.number):
        by_hand(operator, other, NUMBER, file=b"%PDF-1.7")
    assert kept_files() == [] and Invoice.objects.filter(invoice_number=NUMBER).count() == 1


def test_another_amount_than_was_seen_is_refused(operator, order, invoice):
    Order.objects.filter(pk=order.pk).update(refunded_fen=900)
    with pytest.raises(AmountChanged, match="190"):
        by_hand(operator, invoice, seen_fen=19_900)
    invoice.order.refresh_from_db()
    assert by_hand(operator, invoice, seen_fen=19_000).amount_fen == 19_000


def test_one_that_cannot_be_issued_is_told_why_and_may_be_tried_again(operator, learner, order, invoice):
    viewer = staff(operator)
    deciding.fail(viewer=viewer, number=invoice.number, why="抬头与税号不符")
    invoice.refresh_from_db()
    assert (invoice.status, invoice.fault) == ("failed", "抬头与税号不符")
    assert "抬头与税号不符" in OutgoingMessage.objects.get(to="books@company.example").content["text"]
    with pytest.raises(InvoiceDecided):
        deciding.fail(viewer=viewer, number=invoice.number, why="x")
    deciding.try_again(viewer=viewer, number=invoice.number, why="税局已更新")
    invoice.refresh_from_db()
    assert (invoice.status, invoice.fault) == ("asked", "")
    deciding.fail(viewer=viewer, number=invoice.number, why="还是不符")
    asked_invoice(learner, order)
    with pytest.raises(InvoiceDecided, match=r"另外|another"):
        deciding.try_again(viewer=viewer, number=invoice.number, why="x")
    assert list(AuditEntry.objects.order_by("pk").values_list("act", flat=True)) == [
        "invoice.failed", "invoice.tried_again", "invoice.failed",
    ]  # fmt: skip


def test_of_what_was_returned_none_is_issued(operator, order, invoice):
    Order.objects.filter(pk=order.pk).update(refunded_fen=19_900)
    with pytest.raises(NoInvoice):
        by_hand(operator, invoice, seen_fen=0)


def test_staff_reverse_by_hand_what_money_went_back_of(operator, order, invoice):
    viewer = staff(operator)
    by_hand(operator, invoice)
    Order.objects.filter(pk=order.pk).update(refunded_fen=900)
    assert waiting_invoices(viewer) == 1
    deciding.reverse_by_hand(viewer=viewer, number=invoice.number, reversal_number=RED, why="退款")
    invoice.refresh_from_db()
    assert (invoice.status, invoice.reversal_number) == ("reversed", RED)
    again = Invoice.objects.get(again_of=invoice)
    assert (again.status, again.amount_fen) == ("asked", 19_000)
    later(1)
    assert waiting_invoices(viewer) == 1
    with pytest.raises(Unfit):
        by_hand(operator, again, RED)


def test_a_wrong_title_is_reversed_and_asked_for_anew(operator, learner, order, invoice):
    viewer = staff(operator)
    by_hand(operator, invoice)
    assert waiting_invoices(viewer) == 0
    deciding.reverse(viewer=viewer, number=invoice.number, why="抬头写错")
    later(1)
    invoice.refresh_from_db()
    assert (invoice.status, waiting_invoices(viewer)) == ("issued", 1)
    deciding.reverse_by_hand(viewer=viewer, number=invoice.number, reversal_number="87654321", why="抬头写错")
    assert Invoice.objects.count() == 1
    assert asked_invoice(learner, order, title="另一家公司").status == "asked"


def test_at_an_issuer_it_is_reversed_by_itself(operator, learner, order, settings):
    settings.ZHIYUE_INVOICES = "sandbox"
    invoice = asked_invoice(learner, order)
    for seconds in (1, 60, 200):
        later(seconds)
    Invoice.objects.filter(pk=invoice.pk).update(due_at=None, status="issued", invoice_number=NUMBER)
    SandboxInvoice.objects.update(through_at=order.paid_at - timedelta(hours=1))
    deciding.reverse(viewer=staff(operator), number=invoice.number, why="抬头写错")
    later(1)
    invoice.refresh_from_db()
    assert invoice.status == "reversing"
    SandboxInvoice.objects.update(reversal_through_at=order.paid_at)
    later(60)
    invoice.refresh_from_db()
    assert invoice.status == "reversed" and Invoice.objects.count() == 1


def test_a_file_is_put_beside_it_later(operator, invoice):
    viewer = staff(operator)
    with pytest.raises(InvoiceDecided):
        deciding.attach(viewer=viewer, number=invoice.number, file=b"%PDF-1")
    assert kept_files() == []
    by_hand(operator, invoice)
    with pytest.raises(NoSuchInvoice):
        file_for_staff(viewer, invoice.number)
    for n in (b"1", b"2"):
        deciding.attach(viewer=viewer, number=invoice.number, file=b"%PDF-" + n)
    assert file_for_staff(viewer, invoice.number).content == b"%PDF-2" and len(kept_files()) == 1


def test_nobody_decides_about_an_invoice_of_their_own(operator, learner):
    own = asked_invoice(operator, bought(operator, make_course("b", price_fen=100)))
    theirs = {"viewer": staff(operator), "number": own.number}
    acts = {
        "asked": (
            lambda: deciding.issue_by_hand(seen_fen=100, invoice_number=NUMBER, file=b"%PDF-1", **theirs),
            lambda: deciding.fail(why="x", **theirs),
        ),
        "failed": (lambda: deciding.try_again(why="x", **theirs),),
        "issued": (
            lambda: deciding.reverse(why="x", **theirs),
            lambda: deciding.reverse_by_hand(why="x", reversal_number=RED, **theirs),
            lambda: deciding.attach(file=b"%PDF-1", **theirs),
        ),
    }
    for status, of_it in acts.items():
        number = NUMBER if status == "issued" else ""
        Invoice.objects.update(status=status, invoice_number=number)
        for act in of_it:
            with pytest.raises(NotOneself):
                act()
        own.refresh_from_db()
        assert (own.status, own.invoice_number, own.file, own.reversal_why) == (status, number, "", "")
    assert kept_files() == []
    assert not AuditEntry.objects.exists()
    # A colleague does.
    Invoice.objects.update(status="asked", invoice_number="")
    own.refresh_from_db()
    assert by_hand(learner, own).status == "issued"


def test_who_may_not_decides_and_sees_nothing(learner, agent, creator, invoice):
    def viewer(user, role):
        return Viewer(user=user, visitor=None, roles=frozenset({role}))

    theirs = {"number": invoice.number}
    acts = (
        lambda v: deciding.issue_by_hand(viewer=v, seen_fen=19_900, invoice_number=NUMBER, **theirs),
        lambda v: deciding.fail(viewer=v, why="x", **theirs),
        lambda v: deciding.try_again(viewer=v, why="x", **theirs),
        lambda v: deciding.reverse(viewer=v, why="x", **theirs),
        lambda v: deciding.reverse_by_hand(viewer=v, why="x", reversal_number=RED, **theirs),
        lambda v: deciding.attach(viewer=v, file=b"%PDF-1", **theirs),
        lambda v: export_invoices(viewer=v, sought=SoughtInvoices()),
    )
    for user, role in ((learner, "learner"), (creator, "creator"), (agent, "agent")):
        for act in acts:
            with pytest.raises(NotAllowed):
                act(viewer(user, role))
    reads = (
        lambda v: all_invoices(v, SoughtInvoices()),
        waiting_invoices,
        lambda v: whole_invoice(v, invoice.number),
        lambda v: file_for_staff(v, invoice.number),
    )
    for user, role in ((learner, "learner"), (creator, "creator")):
        for read in reads:
            with pytest.raises(NotAllowed):
                read(viewer(user, role))
    assert whole_invoice(viewer(agent, "agent"), invoice.number) == invoice
    invoice.refresh_from_db()
    assert invoice.status == "asked" and kept_files() == []
    assert not AuditEntry.objects.filter(act__startswith="invoice").exists()


def test_they_are_found_and_exported(operator, learner, order, invoice):
    viewer = staff(operator)
    other = asked_invoice(learner, bought(learner, make_course("b", price_fen=100)), title="别家")
    for words in (invoice.number[3:], order.number, "示例科技", "learner@test", "91350100m000100y43"):
        assert invoice in all_invoices(viewer, SoughtInvoices(words))
    assert list(all_invoices(viewer, SoughtInvoices("别家"))) == [other]
    assert list(all_invoices(viewer, SoughtInvoices(status="issued"))) == []
    assert list(all_invoices(viewer, SoughtInvoices())) == [invoice, other]
    assert export_invoices(viewer=viewer, sought=SoughtInvoices()).count() == 2
    assert AuditEntry.objects.get(act="invoices.exported").after == {"invoices": 2}
