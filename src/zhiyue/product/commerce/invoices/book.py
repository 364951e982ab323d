"""Reads of invoices: one's own, and everybody's for staff."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.product.commerce.errors import NoSuchInvoice, NoSuchOrder
from zhiyue.product.commerce.invoices import files
from zhiyue.product.commerce.models import Invoice, Order

_S = Invoice.Status
_NONE = pgettext_lazy("invoice", "There is no such invoice.")
_NO_FILE = pgettext_lazy("invoice", "This invoice has no file here.")
_KEPT_FEN = F("order__total_fen") - F("order__refunded_fen")

# To be issued, or reversed, by hand.
WAITS_FOR_STAFF = Q(due_at=None) & (
    Q(status=_S.ASKED) | Q(status=_S.ISSUED) & (~Q(amount_fen=_KEPT_FEN) | ~Q(reversal_why=""))
)


@dataclass(frozen=True, slots=True)
class SoughtInvoices:
    """Which invoices staff look for; what is empty narrows nothing. `words` are part of a number (ours, the tax
    office's, the order's), of a title, or of who ordered."""

    words: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceFile:
    """A file of an invoice, and what it is called where it is kept."""

    content: bytes
    name: str
    content_type: str


def invoice_of(user: User, order_number: str) -> Invoice:
    """The invoice of a member's order asked for last. Raises NoSuchOrder, also where it is somebody else's, and
    NoSuchInvoice."""
    order = Order.objects.filter(user=user, number=order_number).first()
    if order is None:
        raise NoSuchOrder(pgettext_lazy("order", "You have no such order."))
    found = order.invoices.select_related("order").order_by("-pk").first()
    if found is None:
        raise NoSuchInvoice(pgettext_lazy("invoice", "No invoice of this order was asked for."))
    return found


def own_file(user: User, number: str) -> InvoiceFile:
    """The file of an invoice of a member's order. Raises NoSuchInvoice."""
    return _file(Invoice.objects.filter(order__user=user, number=number).first())


def file_for_staff(viewer: Viewer, number: str) -> InvoiceFile:
    """Raises NotAllowed, NoSuchInvoice."""
    require(viewer, Permission.SEE_ORDERS)
    return _file(Invoice.objects.filter(number=number).first())


def all_invoices(viewer: Viewer, sought: SoughtInvoices) -> QuerySet[Invoice]:
    """The invoices sought: those that wait for staff first, the one that waits longest at the top; then the latest.
    Raises NotAllowed."""
    require(viewer, Permission.SEE_ORDERS)
    invoices = Invoice.objects.select_related("order__user").filter(_about(sought.words.strip()))
    if sought.status:
        invoices = invoices.filter(status=sought.status)
    waits = Case(When(WAITS_FOR_STAFF, then=Value(0)), default=Value(1))
    waiting_since = Case(When(WAITS_FOR_STAFF, then="pk"), default=Value(0))
    return invoices.order_by(waits, waiting_since, "-asked_at", "-pk")


def waiting_invoices(viewer: Viewer) -> int:
    """How many wait for staff. Raises NotAllowed."""
    require(viewer, Permission.SEE_ORDERS)
    return Invoice.objects.filter(WAITS_FOR_STAFF).count()


def whole_invoice(viewer: Viewer, number: str) -> Invoice:
    """With its order, who ordered, and the ones before and after it. Raises NotAllowed, NoSuchInvoice."""
    require(viewer, Permission.SEE_ORDERS)
    found = Invoice.objects.select_related("order__user", "again_of", "again").filter(number=number).first()
    if found is None:
        raise NoSuchInvoice(_NONE)
    return found


@transaction.atomic
def export_invoices(*, viewer: Viewer, sought: SoughtInvoices) -> QuerySet[Invoice]:
    """Note that the invoices sought are taken away, and give them. They name people: it takes the right to take those
    away, too. Raises NotAllowed."""
    by = require(viewer, Permission.EXPORT_MEMBERS)
    invoices = all_invoices(viewer, sought)
    after = {"invoices": invoices.count()}
    note(by=by, act="invoices.exported", subject=("invoices", "", ""), after=after)
    return invoices


def _file(invoice: Invoice | None) -> InvoiceFile:
    if invoice is None:
        raise NoSuchInvoice(_NONE)
    if not invoice.file:
        raise NoSuchInvoice(_NO_FILE)
    ending = files.ending_of(invoice.file)
    try:
        content = files.read(invoice.file)
    except FileNotFoundError as why:
        raise NoSuchInvoice(_NO_FILE) from why
    return InvoiceFile(content, f"invoice-{invoice.invoice_number}.{ending}", files.CONTENT_TYPES[ending])


def _about(words: str) -> Q:
    if not words:
        return Q()
    of_whom = Q(order__user__display_name__icontains=words) | Q(order__user__email__icontains=words)
    numbers = Q(number__icontains=words) | Q(order__number__icontains=words)
    theirs = Q(invoice_number__icontains=words) | Q(reversal_number=words) | Q(tax_number__iexact=words)
    return numbers | theirs | Q(title__icontains=words) | of_whom
