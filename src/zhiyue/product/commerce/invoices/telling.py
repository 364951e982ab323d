"""What is told of an invoice by mail, once: written with the change itself. It goes where the invoice goes; who has
another address reads it on the order's page."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import pgettext

from zhiyue.core.academy.selectors import academy
from zhiyue.core.kit.money import yuan
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.commerce.models import Invoice, Order

_S = Invoice.Status


def tell(order: Order, invoice: Invoice) -> None:
    """Tell of the state that the invoice has come to, in the caller's transaction."""
    member = order.user
    language = (member.language if member else "") or settings.LANGUAGE_CODE
    with translation.override(language):
        subject, text = _words(invoice, order)
        holes = {
            "title": order.title,
            "order": order.number,
            "amount": yuan(invoice.amount_fen),
            "number": invoice.invoice_number,
            "red": invoice.reversal_number,
            "why": invoice.fault,
            "left": yuan(order.kept_fen),
        }
        send_mail(to=invoice.email, subject=subject % holes, text=f"{text % holes}\n\n{academy().name}\n")


def _words(invoice: Invoice, order: Order) -> tuple[str, str]:
    if invoice.status == _S.ISSUED:
        return (
            pgettext("invoice mail", "The invoice for “%(title)s” is issued"),
            pgettext(
                "invoice mail",
                "Invoice %(number)s for %(amount)s of order %(order)s is issued. You find it on the order's page.",
            ),
        )
    if invoice.status == _S.FAILED:
        return (
            pgettext("invoice mail", "The invoice for “%(title)s” couldn't be issued"),
            pgettext(
                "invoice mail",
                "The invoice of order %(order)s couldn't be issued:\n\n%(why)s\n\nPut it right on the order's page, "
                "and ask for it anew.",
            ),
        )
    subject = pgettext("invoice mail", "The invoice for “%(title)s” was reversed")
    if order.kept_fen and invoice.amount_fen != order.kept_fen:
        return subject, pgettext(
            "invoice mail",
            "Money of order %(order)s went back, so invoice %(number)s for %(amount)s was reversed by %(red)s and "
            "holds no more. A new one for %(left)s follows by itself.",
        )
    return subject, pgettext(
        "invoice mail",
        "Invoice %(number)s for %(amount)s of order %(order)s was reversed by %(red)s and holds no more.",
    )
