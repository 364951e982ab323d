"""Words for the codes in an order's journal, in what providers told, and for entries of the books. One without words
keeps its code. What accounts are called stands in `account_words`."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.paying import provider_words
from zhiyue.product.commerce.models import Entry

Words = str | Promise

_STEPS: Mapping[str, Words] = {
    "placed": pgettext_lazy("order step", "Placed"),
    "refund_not_needed": pgettext_lazy(
        "order step", "The first one went through after all: this one isn't sent"
    ),
    "theirs_already": pgettext_lazy("order step", "It was theirs already: this one ended"),
    "price_changed": pgettext_lazy("order step", "What lowered its price went back: it ended"),
    "cant_be_paid": pgettext_lazy("order step", "What it was for or came off its price is gone: it ended"),
    "placed_anew": pgettext_lazy("order step", "Ordered anew: this one ended"),
    "paid": pgettext_lazy("order step", "Paid"),
    "costs_nothing": pgettext_lazy("order step", "Costs nothing: paid at once"),
    "fulfilled": pgettext_lazy("order step", "Done what follows from it"),
    "cancelled": pgettext_lazy("order step", "Cancelled by the member"),
    "not_paid_in_time": pgettext_lazy("order step", "Not paid in time"),
    "payment_failed": pgettext_lazy("order step", "A payment failed"),
    "payment_closed": pgettext_lazy("order step", "A payment was closed"),
    "wrong_amount": pgettext_lazy("order step", "A provider told of another amount: it pays nothing"),
    "number_of_another": pgettext_lazy(
        "order step", "A provider told of money by which another payment was paid: not counted"
    ),
    "imported": pgettext_lazy("order step", "Brought in as a past order"),
    "paid_too_much": pgettext_lazy("order step", "Money came that the order can't take: it is owed back"),
    "refund_asked": pgettext_lazy("order step", "A refund was asked for"),
    "refund_approved": pgettext_lazy("order step", "A refund was approved: its courses closed"),
    "refund_refused": pgettext_lazy("order step", "A refund was refused"),
    "refund_failed": pgettext_lazy("order step", "A refund failed at the provider"),
    "refund_sent_again": pgettext_lazy("order step", "A refund that failed was sent again"),
    "refund_wrong_amount": pgettext_lazy(
        "order step", "A provider told of another amount gone back: not counted"
    ),
    "refunded": pgettext_lazy("order step", "Money went back"),
    "refunded_by_hand": pgettext_lazy("order step", "Staff paid money back by hand"),
    "refunded_after_all": pgettext_lazy(
        "order step",
        "A refund went through after it had been settled otherwise: look whether money went back twice",
    ),
    "owed_back": pgettext_lazy("order step", "What was owed went back"),
    "difference_entered": pgettext_lazy("order step", "Staff entered what the provider's bill says"),
    "difference_taken_back": pgettext_lazy(
        "order step", "What was entered to agree with the provider's bill was taken back"
    ),
    "invoice_asked": pgettext_lazy("order step", "An invoice was asked for"),
    "invoice_issued": pgettext_lazy("order step", "Its invoice was issued"),
    "invoice_failed": pgettext_lazy("order step", "Its invoice couldn't be issued"),
    "invoice_tried_again": pgettext_lazy("order step", "Its invoice is tried again"),
    "invoice_withdrawn": pgettext_lazy("order step", "The member withdrew the invoice they had asked for"),
    "invoice_not_needed": pgettext_lazy("order step", "All money went back: no invoice is needed any more"),
    "invoice_reversal_asked": pgettext_lazy("order step", "Its invoice is to be reversed"),
    "invoice_reversed": pgettext_lazy("order step", "Its invoice was reversed"),
}
_TOLD_FIELDS: Mapping[str, Words] = {
    "payment": pgettext_lazy("order step", "payment"),
    "refund": pgettext_lazy("order step", "refund"),
    "invoice": pgettext_lazy("order step", "invoice"),
    "invoice_number": pgettext_lazy("order step", "number"),
    "provider": pgettext_lazy("order step", "through"),
    "outside": pgettext_lazy("order step", "number elsewhere"),
    "fen": pgettext_lazy("order step", "amount"),
    "told_fen": pgettext_lazy("order step", "told amount"),
}
_KINDS: Mapping[str, Words] = {
    "waiting": pgettext_lazy("notice kind", "Waiting"),
    "paid": pgettext_lazy("notice kind", "Paid"),
    "failed": pgettext_lazy("notice kind", "Failed"),
    "closed": pgettext_lazy("notice kind", "Closed"),
    "refunding": pgettext_lazy("notice kind", "Going back"),
    "refunded": pgettext_lazy("notice kind", "Gone back"),
    "refund_failed": pgettext_lazy("notice kind", "Didn't go back"),
    "unknown": pgettext_lazy("notice kind", "Unknown there"),
}
_OUTCOMES: Mapping[str, Words] = {
    "paid": pgettext_lazy("notice outcome", "paid the order"),
    "paid_before": pgettext_lazy("notice outcome", "was paid before"),
    "owed_back": pgettext_lazy("notice outcome", "is owed back"),
    "wrong_amount": pgettext_lazy("notice outcome", "isn't the amount: pays nothing"),
    "number_of_another": pgettext_lazy("notice outcome", "bears the number of another payment: not counted"),
    "failed": pgettext_lazy("notice outcome", "ended the payment"),
    "closed": pgettext_lazy("notice outcome", "ended the payment"),
    "settled_before": pgettext_lazy("notice outcome", "was settled before"),
    "nothing_to_do": pgettext_lazy("notice outcome", "changes nothing"),
    "no_such_payment": pgettext_lazy("notice outcome", "is of no payment of ours"),
    "no_such_refund": pgettext_lazy("notice outcome", "is of no refund of ours"),
    "on_its_way": pgettext_lazy("notice outcome", "is on its way"),
    "refunded": pgettext_lazy("notice outcome", "ended the refund"),
    "refunded_before": pgettext_lazy("notice outcome", "had ended the refund before"),
    "refunded_after_all": pgettext_lazy("notice outcome", "came after it was settled otherwise"),
    "refund_failed": pgettext_lazy("notice outcome", "failed the refund"),
}
_ENTRIES: Mapping[str, Words] = {
    "paid": pgettext_lazy("ledger entry", "Paid"),
    "imported": pgettext_lazy("ledger entry", "Paid before it came here"),
    "overpaid": pgettext_lazy("ledger entry", "Came without an order that takes it"),
    "earned": pgettext_lazy("ledger entry", "Earned by a membership"),
    "credited": pgettext_lazy("ledger entry", "Taken over by another membership"),
    "unearned": pgettext_lazy("ledger entry", "Earned no more: the membership was given back"),
    "refunded": pgettext_lazy("ledger entry", "Gone back"),
    "owed_back": pgettext_lazy("ledger entry", "Gone back that was owed"),
    "fee": pgettext_lazy("ledger entry", "Fee of the provider"),
    "adjusted": pgettext_lazy("ledger entry", "Difference from the provider's bill"),
    "settlement": pgettext_lazy("ledger entry", "Paid in by the provider"),
    "settlement_back": pgettext_lazy("ledger entry", "Entered wrongly as paid in: taken back"),
    "share": pgettext_lazy("ledger entry", "Teacher's share"),
    "share_back": pgettext_lazy("ledger entry", "Teacher's share taken back"),
    "payout": pgettext_lazy("ledger entry", "Paid out to a teacher"),
}
# What takes an entry back bears its kind; by how its key begins the two are told apart.
_BACK: Mapping[str, Words] = {
    "credit_back": pgettext_lazy("ledger entry", "Back with the membership it was taken over from"),
    "fee_back": pgettext_lazy("ledger entry", "Fee of the provider taken back"),
    "adjusted_back": pgettext_lazy("ledger entry", "Difference from the provider's bill taken back"),
}


def step(why: str) -> Words:
    """What happened to an order."""
    return _STEPS.get(why, why)


def told(values: Mapping[str, Any]) -> str:
    """What there is to know besides, in a few words."""
    said = [f"{_TOLD_FIELDS.get(name, name)} {_value(name, value)}" for name, value in values.items()]
    return " · ".join(said)


def notice_kind(kind: str) -> Words:
    return _KINDS.get(kind, kind)


def notice_outcome(outcome: str) -> Words:
    return _OUTCOMES.get(outcome, outcome)


def entry(one: Entry) -> Words:
    return _BACK.get(one.key.partition(":")[0]) or _ENTRIES.get(one.kind, one.kind)


def _value(name: str, value: Any) -> str:
    if name == "provider":
        return str(provider_words(str(value)))
    return yuan(value) if name in ("fen", "told_fen") and isinstance(value, int) else str(value)
