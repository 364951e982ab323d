"""What staff do about invoices: enter one that they issued, say that it can't be, have it tried again, reverse one.
Each act asks for its permission here, and is noted; nobody decides about an invoice of their own."""

import re
import unicodedata
from typing import Any

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import NotOneself, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.product.commerce import journal
from zhiyue.product.commerce.errors import AmountChanged, InvoiceDecided, NoInvoice, NoSuchInvoice
from zhiyue.product.commerce.invoices import files, manual, settling
from zhiyue.product.commerce.invoices.beginning import told_of
from zhiyue.product.commerce.invoices.jobs import issue_invoice
from zhiyue.product.commerce.invoices.possible import WORDS, why_none
from zhiyue.product.commerce.models import Invoice, Order

_S = Invoice.Status
_DIGITAL, _OLDER, _CODE = re.compile(r"\d{20}"), re.compile(r"\d{8}"), re.compile(r"\d{10}|\d{12}")


def issue_by_hand(
    *,
    viewer: Viewer,
    number: str,
    seen_fen: int,
    invoice_number: str,
    invoice_code: str = "",
    file: bytes = b"",
) -> Invoice:
    """Enter an invoice that staff issued of the amount they saw, with its file where they have it.

    Raises NotAllowed, NoSuchInvoice, NotOneself, InvoiceDecided, NoInvoice, AmountChanged, Unfit.
    """
    by = require(viewer, Permission.ISSUE_INVOICES)
    theirs, code = fitting_number(invoice_number, invoice_code)
    kept = files.keep(file) if file else ""
    try:
        with transaction.atomic():
            order, invoice = _held(number, by)
            _to_issue(order, invoice, seen_fen)
            _nobody_elses(theirs, code)
            before = {"status": invoice.status}
            invoice.provider, invoice.amount_fen = manual.NAME, order.kept_fen
            settling.issued(order, invoice, number=theirs, code=code, file=kept, by=by)
            _note(by, "invoice.issued", invoice, before=before)
            return invoice
    except BaseException:
        if kept:
            files.forget(kept)
        raise


@transaction.atomic
def fail(*, viewer: Viewer, number: str, why: str) -> Invoice:
    """Say that it can't be issued; the member reads why. Raises NotAllowed, NoSuchInvoice, NotOneself,
    InvoiceDecided, Unfit."""
    by, why = require(viewer, Permission.ISSUE_INVOICES), tidy_why(why)
    order, invoice = _held(number, by)
    _in_state(invoice, _S.ASKED)
    settling.failed(order, invoice, why, by=by)
    _note(by, "invoice.failed", invoice, before={"status": _S.ASKED.value}, why=why)
    return invoice


@transaction.atomic
def try_again(*, viewer: Viewer, number: str, why: str) -> Invoice:
    """Have one that failed issued once more, as it is. Raises as `fail` does, and NoInvoice."""
    by, why = require(viewer, Permission.ISSUE_INVOICES), tidy_why(why)
    order, invoice = _held(number, by)
    _to_issue(order, invoice, invoice.amount_fen, states=(_S.FAILED,))
    before = {"status": invoice.status, "fault": invoice.fault}
    invoice.status, invoice.fault, invoice.due_at = _S.ASKED, "", clock.now()
    invoice.save()
    journal.note(order, why="invoice_tried_again", told=told_of(invoice), by=by)
    enqueue(issue_invoice, invoice_id=invoice.pk)
    _note(by, "invoice.tried_again", invoice, before=before, why=why)
    return invoice


@transaction.atomic
def reverse(*, viewer: Viewer, number: str, why: str) -> Invoice:
    """Have an issued one reversed by whoever issued it; where that is staff, it waits for them to say that they did.
    Raises as `fail` does."""
    by, why = require(viewer, Permission.ISSUE_INVOICES), tidy_why(why)
    order, invoice = _held(number, by)
    _in_state(invoice, _S.ISSUED)
    invoice.reversal_why, invoice.due_at, invoice.fault = why, clock.now(), ""
    invoice.save()
    journal.note(order, why="invoice_reversal_asked", told=told_of(invoice), by=by)
    enqueue(issue_invoice, invoice_id=invoice.pk)
    _note(by, "invoice.reversal_asked", invoice, why=why)
    return invoice


@transaction.atomic
def reverse_by_hand(*, viewer: Viewer, number: str, reversal_number: str, why: str) -> Invoice:
    """Enter the red-letter invoice by which staff reversed an issued one themselves. Raises as `fail` does."""
    by, why = require(viewer, Permission.ISSUE_INVOICES), tidy_why(why)
    theirs, _ = fitting_number(reversal_number, "", is_reversal=True)
    order, invoice = _held(number, by)
    _in_state(invoice, _S.ISSUED)
    _nobody_elses(theirs, invoice.invoice_code)
    invoice.reversal_why = invoice.reversal_why or ("" if invoice.must_be_reversed else why)
    settling.reversed_(order, invoice, number=theirs, by=by)
    _note(by, "invoice.reversed", invoice, before={"status": _S.ISSUED.value}, why=why)
    return invoice


def attach(*, viewer: Viewer, number: str, file: bytes) -> Invoice:
    """Put the file of an issued invoice beside it, in place of the one before. Raises as `fail` does."""
    by = require(viewer, Permission.ISSUE_INVOICES)
    kept = files.keep(file)
    try:
        with transaction.atomic():
            _, invoice = _held(number, by)
            if not invoice.invoice_number:
                raise InvoiceDecided(
                    pgettext_lazy("invoice", "It has no number yet: enter that together with its file.")
                )
            before, invoice.file = invoice.file, kept
            invoice.save(update_fields=["file"])
            _note(by, "invoice.file_attached", invoice)
    except BaseException:
        files.forget(kept)
        raise
    if before:
        files.forget(before)
    return invoice


def fitting_number(number: str, code: str, *, is_reversal: bool = False) -> tuple[str, str]:
    """A number of the tax office as it is kept, and its code. Raises Unfit, and says what would fit."""
    theirs, its_code = _digits(number), _digits(code)
    if _DIGITAL.fullmatch(theirs) and not its_code:
        return theirs, ""
    if _OLDER.fullmatch(theirs) and (is_reversal or _CODE.fullmatch(its_code)):
        return theirs, its_code
    if is_reversal:
        raise Unfit(
            pgettext_lazy("invoice", "The number of a red-letter invoice has 20 digits, on older forms 8.")
        )
    raise Unfit(
        pgettext_lazy(
            "invoice",
            "The number of an invoice has 20 digits; on older forms it has 8, with a code of 10 or 12 digits.",
        )
    )


def _held(number: str, by: User) -> tuple[Order, Invoice]:
    """The order, held, and its invoice as it is then. Raises NoSuchInvoice, NotOneself."""
    order = Order.objects.select_for_update(of=("self",)).filter(invoices__number=number).first()
    if order is None:
        raise NoSuchInvoice(pgettext_lazy("invoice", "There is no such invoice."))
    if order.user_id == by.pk:
        raise NotOneself(
            pgettext_lazy("invoice", "Nobody decides about an invoice of their own. Ask a colleague.")
        )
    invoice = Invoice.objects.get(number=number)
    invoice.order = order
    return order, invoice


def _in_state(invoice: Invoice, *states: str) -> None:
    if invoice.status not in states:
        raise InvoiceDecided(
            pgettext_lazy("invoice", "It isn't in the state for this any more: see its page as it is now.")
        )


def _to_issue(
    order: Order, invoice: Invoice, seen_fen: int, *, states: tuple[str, ...] = (_S.ASKED, _S.FAILED)
) -> None:
    _in_state(invoice, *states)
    if order.invoices.filter(status__in=Invoice.LIVE).exclude(pk=invoice.pk).exists():
        raise InvoiceDecided(pgettext_lazy("invoice", "Another invoice of this order was asked for since."))
    if why := why_none(order):
        raise NoInvoice(why, WORDS[why])
    if invoice.status == _S.ASKED and seen_fen != order.kept_fen:
        raise AmountChanged(
            pgettext_lazy("invoice", "Money went back meanwhile: the invoice is for %(amount)s now.")
            % {"amount": yuan(order.kept_fen)}
        )


def _nobody_elses(number: str, code: str) -> None:
    issued = Invoice.objects.filter(invoice_number=number, invoice_code=code).first()
    red = Invoice.objects.filter(reversal_number=number).first()
    found = issued or red
    if found is not None:
        words = pgettext_lazy(
            "invoice", "This number is of invoice %(number)s already: look whether it is the right one."
        )
        raise Unfit(words % {"number": found.number})


def _digits(text: str) -> str:
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text))


def _note(
    by: User, act: str, invoice: Invoice, *, before: dict[str, Any] | None = None, why: str = ""
) -> None:
    """Without the title: the log is for good, and who it names may want to be forgotten."""
    after = {
        "order": invoice.order.number,
        "amount_fen": invoice.amount_fen,
        "status": invoice.status,
        "invoice_number": invoice.invoice_number,
        "reversal_number": invoice.reversal_number,
    }
    told = {name: value for name, value in after.items() if value != ""}
    note(by=by, act=act, subject=("invoice", invoice.pk, invoice.number), before=before, after=told, why=why)
