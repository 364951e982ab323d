"""Having invoices issued and reversed, and taking in what issuers say of them. An issuer is asked outside of
transactions, always by the same mark, by which it issues and reverses once."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import IssuerUnreachable
from zhiyue.product.commerce.invoices import files, manual, settling
from zhiyue.product.commerce.invoices.possible import is_returning
from zhiyue.product.commerce.invoices.protocol import ToldInvoice, WantedInvoice, WantedReversal
from zhiyue.product.commerce.invoices.register import issuer
from zhiyue.product.commerce.models import Invoice, Order
from zhiyue.product.commerce.waits import wait_after

# An invoice whose order may still give money back waits, and is looked at again so long after.
LOOKED_AT_AGAIN_AFTER = timedelta(minutes=5)
# An issuer that was silent so often, over a day and more, is asked no more: staff look there, and do what is left.
MOST_TRIES = 14
_S = Invoice.Status


def pursue_invoices(*, now: datetime | None = None, at_once: int = 100) -> int:
    """Issue, reverse and ask after what is due; how many the issuer had a word for."""
    moment = now or clock.now()
    due = Invoice.objects.filter(due_at__lte=moment).order_by("due_at").values_list("pk", flat=True)
    return sum(send(pk, now=moment) for pk in list(due[:at_once]))


def send(invoice_id: int, *, now: datetime | None = None) -> bool:
    """The next step of an invoice that is due; True where its issuer had a word. Of two workers that come here at once,
    one takes it. Killed in the middle, it is asked after when it is due again: the issuer then says that it knows of
    it, or is asked for it by the same mark."""
    taken = _taken(invoice_id, now or clock.now())
    if taken is None:
        return False
    invoice, before = taken
    try:
        told = _asked(invoice, before)
    except IssuerUnreachable as why:
        _silent(invoice, str(why.message))
        return False
    take_in(invoice.pk, told)
    return True


def take_in(invoice_id: int, told: ToldInvoice) -> None:
    """Enter what an issuer said; told again it changes nothing."""
    kept = files.keep(told.file) if told.file else ""
    with transaction.atomic():
        order, invoice = locked(invoice_id)
        if invoice.status == _S.ISSUING:
            _of_issuing(order, invoice, told, kept)
        elif invoice.status == _S.REVERSING:
            _of_reversing(order, invoice, told)
    if kept and invoice.file != kept:
        files.forget(kept)


def locked(invoice_id: int) -> tuple[Order, Invoice]:
    """An invoice as it is, and its order, whose row is held from here on."""
    order = Order.objects.select_for_update(of=("self",)).get(invoices=invoice_id)
    invoice = Invoice.objects.get(pk=invoice_id)
    invoice.order = order
    return order, invoice


@transaction.atomic
def _taken(invoice_id: int, moment: datetime) -> tuple[Invoice, str] | None:
    """An invoice that is ours to ask for now, and the state from which it is. Marked before anybody is asked:
    afterwards nobody could know whether it was."""
    order, invoice = locked(invoice_id)
    before = invoice.status
    if invoice.due_at is None or invoice.due_at > moment:
        return None
    if before == _S.ASKED and not _to_issue(order, invoice, moment):
        return None
    if before == _S.ISSUED:
        if not invoice.must_be_reversed:
            invoice.due_at = None
            invoice.save(update_fields=["due_at"])
            return None
        invoice.status, invoice.tries = _S.REVERSING, 0
    invoice.due_at = moment + wait_after(invoice.tries)
    invoice.tries += 1
    invoice.save()
    return invoice, before


def _to_issue(order: Order, invoice: Invoice, moment: datetime) -> bool:
    """Is it to be issued now? Then of what the order keeps at this moment."""
    if not order.kept_fen:
        settling.not_needed(order, invoice)
        return False
    if is_returning(order):
        invoice.due_at = moment + LOOKED_AT_AGAIN_AFTER
        invoice.save(update_fields=["due_at"])
        return False
    invoice.status, invoice.provider = _S.ISSUING, issuer().name
    invoice.amount_fen = order.kept_fen
    invoice.round, invoice.tries, invoice.fault = invoice.round + 1, 0, ""
    return True


def _asked(invoice: Invoice, before: str) -> ToldInvoice:
    theirs = issuer(invoice.provider)
    if before in (_S.ISSUING, _S.REVERSING):
        told = theirs.ask(invoice.mark)
        is_begun = (
            told.kind not in ("unknown", "issued") if before == _S.REVERSING else told.kind != "unknown"
        )
        if is_begun:
            return told
    if invoice.status == _S.REVERSING:
        return theirs.reverse(_reversal(invoice))
    return theirs.issue(_wanted(invoice))


def _wanted(invoice: Invoice) -> WantedInvoice:
    return WantedInvoice(
        mark=invoice.mark,
        order_number=invoice.order.number,
        amount_fen=invoice.amount_fen,
        kind=invoice.kind,
        title=invoice.title,
        tax_number=invoice.tax_number,
        email=invoice.email,
        what=invoice.order.title,
    )


def _reversal(invoice: Invoice) -> WantedReversal:
    return WantedReversal(
        mark=invoice.mark,
        invoice_code=invoice.invoice_code,
        invoice_number=invoice.invoice_number,
        amount_fen=invoice.amount_fen,
        why=invoice.reversal_why or pgettext("invoice", "Money went back"),
    )


def _silent(invoice: Invoice, fault: str) -> None:
    """It may have been begun there or not: it is asked after again, and in the end by staff."""
    with transaction.atomic():
        _, now = locked(invoice.pk)
        if now.status != invoice.status or now.tries != invoice.tries:
            return
        if now.tries >= MOST_TRIES:
            back = _S.ASKED if now.status == _S.ISSUING else _S.ISSUED
            words = pgettext("invoice", "Nothing was heard for long (%(why)s): look at the issuer first.")
            _left_to_staff(now, back, words % {"why": fault})
            return
        now.fault = fault[: settling.LONGEST_FAULT]
        now.save(update_fields=["fault"])


def _of_issuing(order: Order, invoice: Invoice, told: ToldInvoice, kept: str) -> None:
    if told.kind == "issued":
        if _is_anothers(told):
            _left_to_staff(
                invoice, _S.ASKED, pgettext("invoice", "It was given a number of another invoice.")
            )
            return
        settling.issued(order, invoice, number=told.number, code=told.code, at=told.at, file=kept)
    elif told.kind == "failed":
        settling.failed(order, invoice, told.why)
    elif told.kind == "waiting":
        _heard(invoice)
    elif told.kind == "by_hand":
        _by_hand(invoice, _S.ASKED)


def _of_reversing(order: Order, invoice: Invoice, told: ToldInvoice) -> None:
    if told.kind == "reversed":
        settling.reversed_(order, invoice, number=told.number, at=told.at)
    elif told.kind == "failed":
        _left_to_staff(invoice, _S.ISSUED, told.why)
    elif told.kind == "waiting":
        _heard(invoice)
    elif told.kind == "by_hand":
        _by_hand(invoice, _S.ISSUED)


def _heard(invoice: Invoice) -> None:
    """It is on its way there: a silence of before is over."""
    invoice.fault = ""
    invoice.save(update_fields=["fault"])


def _by_hand(invoice: Invoice, status: str) -> None:
    """Staff do it. Where another issuer was asked before, they look there first."""
    is_new_to_staff = invoice.provider in (manual.NAME, issuer().name)
    elsewhere = pgettext("invoice", "It was begun at another issuer (%(name)s): look there first.")
    _left_to_staff(invoice, status, "" if is_new_to_staff else elsewhere % {"name": invoice.provider})


def _left_to_staff(invoice: Invoice, status: str, fault: str) -> None:
    invoice.status, invoice.due_at = status, None
    invoice.fault = fault[: settling.LONGEST_FAULT]
    invoice.save(update_fields=["status", "due_at", "fault"])


def _is_anothers(told: ToldInvoice) -> bool:
    return Invoice.objects.filter(invoice_code=told.code, invoice_number=told.number).exists()
