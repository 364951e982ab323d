"""An invoice as the page of its order shows it, and the form on which one is asked for."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts.models import User
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.invoicing import tone
from zhiyue.product.commerce.errors import TitleRefused
from zhiyue.product.commerce.invoices.files import ending_of
from zhiyue.product.commerce.invoices.titles import Title, fitting_title
from zhiyue.product.commerce.models import Invoice, InvoiceKind, InvoiceTitle
from zhiyue.product.commerce.models.invoices import LONGEST_TITLE

_S = Invoice.Status


@dataclass(frozen=True, slots=True)
class ShownInvoice:
    """An invoice of somebody's own order."""

    invoice: Invoice

    @property
    def amount(self) -> str:
        return yuan(self.invoice.amount_fen)

    @property
    def is_live(self) -> bool:
        return self.invoice.status in Invoice.LIVE

    @property
    def can_be_withdrawn(self) -> bool:
        return self.invoice.status == _S.ASKED

    @property
    def tone(self) -> str:
        return tone(self.invoice)

    @property
    def file_kind(self) -> str:
        return ending_of(self.invoice.file).upper()

    @property
    def at(self) -> datetime:
        return self.invoice.reversed_at or self.invoice.issued_at or self.invoice.asked_at

    @property
    def words(self) -> str | Promise:
        """What there is to know of its state."""
        if self.invoice.status == _S.FAILED:
            return pgettext("invoice", "Why: %(why)s") % {"why": self.invoice.fault}
        if self.invoice.status == _S.REVERSED:
            words = pgettext("invoice", "Taken back by red-letter invoice %(number)s: it holds no more.")
            return words % {"number": self.invoice.reversal_number}
        if self.invoice.must_be_reversed and not self.invoice.reversal_why:
            return pgettext_lazy(
                "invoice", "Money went back: it is reversed, and what is left invoiced anew."
            )
        sent = pgettext("invoice", "It goes to %(email)s as soon as it is issued.")
        is_coming = self.invoice.status in (_S.ASKED, _S.ISSUING)
        return sent % {"email": self.invoice.email} if is_coming else ""


class InvoiceForm(forms.Form):
    """To whom the invoice is made out. What fits is said by `titles.fitting_title`, beside the field it is about."""

    kind = forms.ChoiceField(
        label=pgettext_lazy("invoice", "For whom?"), choices=InvoiceKind.choices, widget=forms.RadioSelect
    )
    title = forms.CharField(
        label=pgettext_lazy("invoice", "Title"),
        help_text=pgettext_lazy("invoice", "Your name, or the company's as on its business licence."),
        max_length=LONGEST_TITLE,
    )
    tax_number = forms.CharField(
        label=pgettext_lazy("invoice", "Tax number, for companies alone"),
        help_text=pgettext_lazy("invoice", "The 18 signs of the unified social credit code."),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
    )
    email = forms.EmailField(
        label=pgettext_lazy("invoice", "E-mail"),
        help_text=pgettext_lazy("invoice", "You are told there once it is issued."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def fitting(self) -> Title | None:
        """What was typed, tidied; None where it doesn't fit, which the form then says."""
        if not self.is_valid():
            return None
        try:
            return fitting_title(**self.cleaned_data)
        except TitleRefused as refusal:
            self.add_error(refusal.field, str(refusal.message))
            return None


def invoice_form(user: User, kept: InvoiceTitle | None, typed: QueryDict | None = None) -> InvoiceForm:
    """Filled in with a title that was used before, or with what is known of the member."""
    if kept is None:
        first = {"kind": InvoiceKind.PERSONAL, "title": "", "email": user.email or ""}
    else:
        first = {name: getattr(kept, name) for name in ("kind", "title", "tax_number", "email")}
    return InvoiceForm(typed, initial=first)
