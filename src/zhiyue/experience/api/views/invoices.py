"""What a member has in hand of an order: its receipt, and its invoice."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.endpoint import needs
from zhiyue.experience.api.renderers import PdfRenderer
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import orders as shapes
from zhiyue.experience.api.views.me import MyEndpoint
from zhiyue.experience.shell.invoicing import count_asked
from zhiyue.experience.shell.receipts import CONTENT_TYPE, file_name, receipt_file
from zhiyue.product.commerce.invoices.asking import ask_invoice
from zhiyue.product.commerce.invoices.book import invoice_of
from zhiyue.product.commerce.invoices.receipts import receipt_of
from zhiyue.product.commerce.invoices.titles import fitting_title
from zhiyue.product.commerce.models import Invoice
from zhiyue.product.commerce.order_book import order_of

_TOLD = (
    "number",
    "status",
    "kind",
    "title",
    "tax_number",
    "email",
    "amount_fen",
    "invoice_code",
    "invoice_number",
    "reversal_number",
    "must_be_reversed",
    "fault",
    "asked_at",
    "issued_at",
    "reversed_at",
)


class Receipt(MyEndpoint):
    renderer_classes = (PdfRenderer,)
    may_answer = frozenset({409})

    @needs(Scope.ME_READ)
    @extend_schema(
        operation_id="getMyReceipt", tags=["Orders"], responses={(200, CONTENT_TYPE): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, number: str) -> Response:
        """Get the receipt of an order of mine, as PDF

        In the language that is asked for. It tells what was paid, and what of it went back since.
        """
        receipt = receipt_of(self.member, number)
        kept_as = f'inline; filename="{file_name(receipt)}"'
        return Response(
            receipt_file(receipt), content_type=CONTENT_TYPE, headers={"Content-Disposition": kept_as}
        )


class OrderInvoice(MyEndpoint):
    @needs(Scope.ME_READ)
    @extend_schema(
        operation_id="getMyInvoice", tags=["Orders"], examples=examples.INVOICE, responses=shapes.InvoiceShape
    )
    def get(self, request: Request, number: str) -> Response:
        """Get the invoice of an order of mine

        The one asked for last.
        """
        return Response(_told(self.page, invoice_of(self.member, number)))

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="askForInvoice",
        tags=["Orders"],
        examples=examples.ASK_INVOICE,
        request=shapes.AskInvoiceShape,
        responses={201: shapes.InvoiceShape},
    )
    @repeatable
    def post(self, request: Request, number: str) -> Response:
        """Ask for the invoice of an order

        Of what was paid, less what went back. One that holds, or will, is told again: there is one at a time.
        """
        # Before the body: nobody learns more of somebody else's order than that it isn't theirs.
        order_of(self.member, number)
        wanted = self.read_body(shapes.AskInvoiceShape, request)
        count_asked(self.member)
        asked = ask_invoice(user=self.member, order_number=number, title=fitting_title(**wanted))
        return Response(_told(self.page, asked), status=201)


def _told(request: HttpRequest, invoice: Invoice) -> Any:
    file = reverse("site:invoice_file", args=[invoice.number]) if invoice.file else None
    told = {name: getattr(invoice, name) for name in _TOLD}
    told["file"] = request.build_absolute_uri(file) if file else None
    return shapes.InvoiceShape(told).data
