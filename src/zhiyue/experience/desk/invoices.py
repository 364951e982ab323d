"""The forms about invoices: the filters of the list, and what staff enter; the list as a table that leaves the
academy."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import pgettext_lazy

from zhiyue.experience.desk.lists import CHUNK, FindForm
from zhiyue.experience.desk.typed import WhyField, WordedForm
from zhiyue.experience.shell.downloads import moment_cell, yuan_cell
from zhiyue.product.commerce.invoices.book import SoughtInvoices
from zhiyue.product.commerce.invoices.files import BYTES_AT_MOST
from zhiyue.product.commerce.models import Invoice, InvoiceKind

_ACCEPTED = {"accept": ".pdf,.ofd,application/pdf"}

TABLE_HEADER = (
    pgettext_lazy("invoice column", "Request"),
    pgettext_lazy("invoice column", "State"),
    pgettext_lazy("invoice column", "Order"),
    pgettext_lazy("invoice column", "What"),
    pgettext_lazy("invoice column", "Member's number"),
    pgettext_lazy("invoice column", "Member"),
    pgettext_lazy("invoice column", "For whom"),
    pgettext_lazy("invoice column", "Title"),
    pgettext_lazy("invoice column", "Tax number"),
    pgettext_lazy("invoice column", "E-mail"),
    pgettext_lazy("invoice column", "Amount in yuan"),
    pgettext_lazy("invoice column", "Invoice code"),
    pgettext_lazy("invoice column", "Invoice number"),
    pgettext_lazy("invoice column", "Red-letter invoice"),
    pgettext_lazy("invoice column", "Asked"),
    pgettext_lazy("invoice column", "Issued"),
    pgettext_lazy("invoice column", "Reversed"),
)


def sought(asked: QueryDict) -> tuple[FindForm, SoughtInvoices]:
    """The filters as they were sent, and what they ask for."""
    finds = pgettext_lazy("invoice filter", "Number, title or member")
    form = FindForm(asked, finds=finds, states=Invoice.Status.choices)
    return form, SoughtInvoices(**form.sought())


class ActForm(WordedForm):
    """What staff enter for one act, by the word in its address."""

    key = ""

    def __init__(self, typed: QueryDict | None = None, files: MultiValueDict[str, Any] | None = None) -> None:
        super().__init__(typed, files, auto_id=f"{self.key}-%s")

    def told(self) -> dict[str, object]:
        """As the service takes it: a file as its content. One that is too large isn't read to the end: the service
        says so."""
        found = dict(self.cleaned_data)
        if "file" in found:
            file = found["file"]
            found["file"] = file.read(BYTES_AT_MOST + 1) if file else b""
        return found


class IssueForm(ActForm):
    key = "issue"
    seen_fen = forms.IntegerField(widget=forms.HiddenInput())
    invoice_number = forms.CharField(
        label=pgettext_lazy("invoice", "Number of the invoice"),
        help_text=pgettext_lazy("invoice", "20 digits; on older forms 8, with a code."),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    invoice_code = forms.CharField(
        label=pgettext_lazy("invoice", "Code, on older forms"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    file = forms.FileField(
        label=pgettext_lazy("invoice", "Its file"),
        help_text=pgettext_lazy("invoice", "PDF or OFD, at most 5 MB. It may follow later."),
        required=False,
        widget=forms.FileInput(attrs=_ACCEPTED),
    )


class AttachForm(ActForm):
    key = "attach"
    file = forms.FileField(
        label=pgettext_lazy("invoice", "Its file"),
        help_text=pgettext_lazy("invoice", "PDF or OFD, at most 5 MB."),
        widget=forms.FileInput(attrs=_ACCEPTED),
    )


class _WhyForm(ActForm):
    why = WhyField(
        help_text=pgettext_lazy(
            "refund", "For your colleagues and the audit log; the member doesn't read it."
        )
    )


class FailForm(_WhyForm):
    key = "fail"

    def __init__(self, typed: QueryDict | None = None, files: MultiValueDict[str, Any] | None = None) -> None:
        super().__init__(typed, files)
        self.fields["why"].help_text = pgettext_lazy("refund", "The member reads this.")


class AgainForm(_WhyForm):
    key = "again"


class ReverseForm(_WhyForm):
    key = "reverse"


class ReversedForm(_WhyForm):
    key = "reversed"
    reversal_number = forms.CharField(
        label=pgettext_lazy("invoice", "Number of the red-letter invoice"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    field_order = ("reversal_number", "why")


def table_rows(invoices: QuerySet[Invoice]) -> Iterator[list[str]]:
    """Invoices as rows under TABLE_HEADER, read piece by piece."""
    for one in invoices.iterator(chunk_size=CHUNK):
        order = one.order
        yield [
            one.number,
            str(Invoice.Status(one.status).label),
            order.number,
            order.title,
            str(order.user_id or ""),
            order.user.display_name if order.user else "",
            str(InvoiceKind(one.kind).label),
            one.title,
            one.tax_number,
            one.email,
            yuan_cell(one.amount_fen),
            one.invoice_code,
            one.invoice_number,
            one.reversal_number,
            moment_cell(one.asked_at),
            moment_cell(one.issued_at),
            moment_cell(one.reversed_at),
        ]
