"""How invoices look on every surface."""

from collections.abc import Mapping

from django.http import HttpResponse
from limits import RateLimitItemPerHour

from zhiyue.core.accounts.models import User
from zhiyue.experience.shell.limits import Allowance, spend
from zhiyue.product.commerce.invoices.book import InvoiceFile
from zhiyue.product.commerce.models import Invoice

_TONES: Mapping[str, str] = {
    "asked": "accent",
    "issuing": "accent",
    "issued": "good",
    "failed": "warn",
    "reversing": "accent",
}


_ASKED_BY_ONE = RateLimitItemPerHour(10)


def count_asked(user: User) -> None:
    """Before an invoice is asked for: who withdraws it may ask anew, but not without end. Raises TooMany."""
    spend([Allowance(_ASKED_BY_ONE, "invoice-asked", f"member {user.pk}")])


def tone(invoice: Invoice) -> str:
    """The colour of its state; one that doesn't hold as it is asks to be looked at."""
    return "warn" if invoice.must_be_reversed else _TONES.get(invoice.status, "")


def file_answer(file: InvoiceFile) -> HttpResponse:
    """Somebody else made the file: it is kept, and never shown as a page of ours."""
    answer = HttpResponse(file.content, content_type=file.content_type)
    answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
