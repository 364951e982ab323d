"""Sending refunds to the providers that took the money, and taking in what these say of them. A provider is asked
outside of transactions, always by the same number, under which it gives money back once."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import pgettext

from zhiyue.core.kit import clock
from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.errors import ProviderNotOffered, ProviderUnreachable
from zhiyue.product.commerce.hearing import NO_SUCH_REFUND, Judged, enter_once
from zhiyue.product.commerce.models import Entry, Order, Payment, Posting, Refund
from zhiyue.product.commerce.providers.protocol import GivenBack, Told
from zhiyue.product.commerce.providers.register import provider_named
from zhiyue.product.commerce.refunds.settling import enter, fail, finish, told_of
from zhiyue.product.commerce.waits import wait_after

# Of what providers tell, this is about refunds; `unknown` says nothing and is never entered.
KINDS = frozenset({"refunding", "refunded", "refund_failed"})
# A provider that refused or was silent so often, over a day and more, and knows of no such refund, gives nothing back.
MOST_TRIES = 14
_S = Refund.Status


def pursue(*, now: datetime | None = None, at_once: int = 100) -> int:
    """Send what was approved, and ask after what was sent, as far as it is due; how many the providers had a word
    for."""
    moment = now or clock.now()
    due = Refund.objects.filter(status__in=Refund.TO_SEND, due_at__lte=moment, payment__isnull=False)
    return sum(
        send(pk, now=moment) for pk in list(due.order_by("due_at").values_list("pk", flat=True)[:at_once])
    )


def send(refund_id: int, *, now: datetime | None = None) -> bool:
    """Ask the provider for a refund that is due, or after it; True where it had a word. Of two workers that come here
    at once, one asks. Killed in the middle, it is asked after when it is due again: the provider then says that it
    knows of it, or is asked for it by the same number."""
    moment = now or clock.now()
    refund = (
        Refund.objects.select_related("order", "payment")
        .filter(pk=refund_id, status__in=Refund.TO_SEND, due_at__lte=moment)
        .first()
    )
    if refund is None or refund.payment is None or not _claimed(refund, moment):
        return False
    try:
        told = _asked(refund, refund.payment)
    except (ProviderUnreachable, ProviderNotOffered) as why:
        Refund.objects.filter(pk=refund.pk, status__in=Refund.TO_SEND).update(fault=str(why.message)[:300])
        return refund.tries + 1 >= MOST_TRIES and _given_up(refund, refund.payment, str(why.message))
    if told.kind not in KINDS:
        return False
    take_in(refund.payment.provider, told)
    return True


def take_in(provider: str, told: Told) -> str:
    """Enter what a provider said of a refund, once; what became of it."""
    return enter_once(provider, told, _judged)


def ask_about(refund: Refund) -> str:
    """Ask the provider about a refund of a payment, whatever we take it for, and enter what it says; what became of it,
    “unknown” where it knows of none. Gives nothing back. Raises ProviderUnreachable, ProviderNotOffered."""
    if refund.payment is None:
        return "unknown"
    told = provider_named(refund.payment.provider).ask_refund(_wanted(refund, refund.payment))
    return take_in(refund.payment.provider, told) if told.kind in KINDS else "unknown"


def _claimed(refund: Refund, moment: datetime) -> bool:
    """Is it ours to ask now? Marked as sent before it is: afterwards nobody can know whether it was."""
    mine = Refund.objects.filter(pk=refund.pk, status=refund.status, tries=refund.tries, due_at=refund.due_at)
    changes: dict[str, object] = {"tries": F("tries") + 1, "due_at": moment + wait_after(refund.tries)}
    if refund.status == _S.APPROVED:
        changes |= {"status": _S.SENT, "sent_at": moment}
    return bool(mine.update(**changes))


def _given_up(refund: Refund, payment: Payment, fault: str) -> bool:
    """End a refund that nothing comes of, where the provider says that it knows of none: staff then send it again or
    pay it out. Asked last of all, and not believed where it can't be asked."""
    try:
        told = provider_named(payment.provider).ask_refund(_wanted(refund, payment))
    except (ProviderUnreachable, ProviderNotOffered):
        return False
    if told.kind in KINDS:
        take_in(payment.provider, told)
        return True
    with transaction.atomic():
        order = Order.objects.select_for_update(of=("self",)).get(pk=refund.order_id)
        stuck = Refund.objects.get(pk=refund.pk)
        if stuck.status in Refund.TO_SEND and stuck.tries == refund.tries + 1:
            _failed(order, stuck, fault)
    return True


def _wanted(refund: Refund, payment: Payment) -> GivenBack:
    return GivenBack(
        number=payment.number,
        provider_number=payment.provider_number,
        refund_number=refund.number,
        amount_fen=refund.amount_fen,
        whole_fen=payment.amount_fen,
        why=pgettext("refund", "Refund of order %(number)s") % {"number": refund.order.number},
        notify_at=payment.notify_at,
    )


def _asked(refund: Refund, payment: Payment) -> Told:
    provider = provider_named(payment.provider)
    wanted = _wanted(refund, payment)
    if refund.status == _S.SENT:
        told = provider.ask_refund(wanted)
        if told.kind != "unknown":
            return told
    return provider.give_back(wanted)


def _judged(provider: str, told: Told) -> Judged:
    mine = Order.objects.filter(refunds__number=told.number, refunds__payment__provider=provider)
    order = mine.select_for_update(of=("self",)).first()
    if order is None:
        return None, NO_SUCH_REFUND
    refund = Refund.objects.select_related("payment").get(number=told.number)
    return refund.payment, _settled(order, refund, told)


def _settled(order: Order, refund: Refund, told: Told) -> str:
    if told.amount_fen is not None and told.amount_fen != refund.amount_fen:
        seen = {**told_of(refund), "told_fen": told.amount_fen}
        journal.note(order, why="refund_wrong_amount", told=seen)
        return "wrong_amount"
    refund.provider_number = told.provider_number or refund.provider_number
    if told.kind == "refunded":
        return _through(order, refund, told)
    if refund.status not in Refund.TO_SEND:
        return "settled_before"
    if told.kind == "refunding":
        return _on_its_way(refund)
    _failed(order, refund, str(told.words.get("why", "")))
    return "refund_failed"


def _through(order: Order, refund: Refund, told: Told) -> str:
    via = ledger.receivable(refund.payment.provider) if refund.payment else ledger.BY_HAND
    if refund.status == _S.DONE:
        if refund.payment is None or not _was_by_hand(refund):
            return "refunded_before"
        # It had said that this one failed, so staff paid it out: the money has gone twice, and they must look.
        return _after_all(order, refund, told, paid_from=via, occasion="refunded_after_all")
    if refund.status == _S.REFUSED:
        # Nothing should have gone by this number; it did, and the order may have had the money by another one.
        return _after_all(order, refund, told, paid_from=via)
    newest = _newest(refund)
    if newest.pk != refund.pk and not _is_not_needed(order, newest):
        # Another was sent: the money may have gone twice, and staff must look. Should that one fail, this one counts.
        return _after_all(order, refund, told, paid_from=via)
    finish(order, refund, paid_from=via, at=told.at)
    return "refunded"


def _failed(order: Order, refund: Refund, fault: str) -> None:
    """One ends that didn't go. Where money went by a former number of it after all, that one counts, and nothing is to
    be sent again."""
    fail(order, refund, fault)
    gone = _gone_before(refund)
    if gone is not None and gone.payment is not None and _is_not_needed(order, refund):
        finish(order, gone, paid_from=ledger.receivable(gone.payment.provider))


def _newest(refund: Refund) -> Refund:
    """The last of those by which it was sent again; itself, where it wasn't."""
    again = Refund.objects.filter(again_of=refund).first()
    return refund if again is None else _newest(again)


def _gone_before(refund: Refund) -> Refund | None:
    """The first of those that it was sent again for by which the books say that money went."""
    if refund.again_of_id is None:
        return None
    former = Refund.objects.select_related("payment").get(pk=refund.again_of_id)
    is_gone = former.status == _S.FAILED and Entry.objects.filter(key=f"refunded:{former.number}").exists()
    return _gone_before(former) or (former if is_gone else None)


def _is_not_needed(order: Order, newest: Refund) -> bool:
    """Nothing was asked of the provider by the new number yet, or nothing came of it; and nothing will be. False where
    it was: a worker takes what it sends without the order's row, so only the row of the refund says which of the two
    came first."""
    waiting = Refund.objects.filter(pk=newest.pk, status__in=[_S.APPROVED, _S.FAILED])
    if not waiting.update(status=_S.REFUSED, settled_at=clock.now(), due_at=None):
        return False
    journal.note(order, why="refund_not_needed", told=told_of(newest))
    return True


def _after_all(
    order: Order, refund: Refund, told: Told, *, paid_from: str, occasion: str = "refunded"
) -> str:
    """Money that left beside what the order counts stands in the books and in the journal, once; staff must look."""
    if enter(order, refund, paid_from=paid_from, at=told.at, occasion=occasion):
        journal.note(order, why="refunded_after_all", told=told_of(refund))
    return "refunded_after_all"


def _was_by_hand(refund: Refund) -> bool:
    entry = {"entry__key": f"refunded:{refund.number}", "account": ledger.BY_HAND}
    return Posting.objects.filter(**entry).exists()


def _on_its_way(refund: Refund) -> str:
    refund.sent_at = refund.sent_at or clock.now()
    refund.status, refund.fault = _S.SENT, ""
    refund.save(update_fields=["status", "sent_at", "fault", "provider_number"])
    return "on_its_way"
