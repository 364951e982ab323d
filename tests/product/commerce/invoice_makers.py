"""Invoices for tests: asked for, issued, looked at later."""

from datetime import timedelta

from tests.product.commerce.coupon_makers import staff
from zhiyue.core.kit import clock
from zhiyue.product.commerce.invoices.asking import ask_invoice
from zhiyue.product.commerce.invoices.deciding import issue_by_hand
from zhiyue.product.commerce.invoices.sending import pursue_invoices
from zhiyue.product.commerce.invoices.titles import fitting_title

COMPANY = {
    "kind": "company",
    "title": "示例科技有限公司",
    "tax_number": "91350100M000100Y43",
    "email": "books@company.example",
}
PERSON = {"kind": "personal", "title": "小林", "tax_number": "", "email": "lin@a.example"}
NUMBER = "25332000000012345678"


def asked_invoice(user, order, **changed):
    return ask_invoice(user=user, order_number=order.number, title=fitting_title(**{**COMPANY, **changed}))


def later(seconds=0):
    """Let everything that is due until then happen."""
    return pursue_invoices(now=clock.now() + timedelta(seconds=seconds))


def by_hand(operator, invoice, number=NUMBER, **more):
    told = {"seen_fen": invoice.order.kept_fen, "invoice_number": number, **more}
    return issue_by_hand(viewer=staff(operator), number=invoice.number, **told)
