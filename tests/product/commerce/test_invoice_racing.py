"""Members, staff and workers at the same moment: one invoice an order, issued once."""

import pytest

from tests.factories import make_course
from tests.product.commerce.invoice_makers import asked_invoice, by_hand
from tests.product.commerce.test_racing import AT_ONCE, together
from tests.product.commerce.test_refunds import bought
from zhiyue.core.audit.models import AuditEntry
from zhiyue.product.commerce.errors import InvoiceDecided
from zhiyue.product.commerce.invoices.asking import withdraw_invoice
from zhiyue.product.commerce.invoices.sending import send
from zhiyue.product.commerce.models import Invoice, InvoiceTitle, SandboxInvoice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(learner):
    return bought(learner, make_course("stats", price_fen=19_900))


def test_many_taps_ask_once(learner, order):
    found = together(*[lambda: asked_invoice(learner, order)] * AT_ONCE)
    assert {one.pk for one in found} == {Invoice.objects.get().pk}
    assert InvoiceTitle.objects.count() == 1


def test_many_workers_have_it_issued_once(learner, order):
    invoice = asked_invoice(learner, order)
    took = together(*[lambda: send(invoice.pk)] * AT_ONCE)
    assert sorted(took) == [False] * (AT_ONCE - 1) + [True]
    assert (SandboxInvoice.objects.count(), Invoice.objects.get().round) == (1, 1)


def test_of_many_colleagues_one_enters_it(operator, learner, order, settings):
    settings.ZHIYUE_INVOICES = "manual"
    invoice = asked_invoice(learner, order)
    numbers = [f"{n:020d}" for n in range(AT_ONCE)]
    found = together(*[lambda number=number: by_hand(operator, invoice, number) for number in numbers])
    assert sum(isinstance(one, InvoiceDecided) for one in found) == AT_ONCE - 1
    invoice.refresh_from_db()
    assert invoice.status == "issued" and invoice.invoice_number in numbers
    assert AuditEntry.objects.filter(act="invoice.issued").count() == 1


def test_it_is_either_withdrawn_or_issued(operator, learner, order, settings):
    settings.ZHIYUE_INVOICES = "manual"
    invoice = asked_invoice(learner, order)
    found = together(
        lambda: by_hand(operator, invoice), lambda: withdraw_invoice(user=learner, order_number=order.number)
    )
    assert sum(isinstance(one, InvoiceDecided) for one in found) == 1
    invoice.refresh_from_db()
    assert (invoice.status == "issued") == bool(invoice.invoice_number)
