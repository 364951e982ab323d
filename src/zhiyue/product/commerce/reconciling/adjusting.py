"""Entering a difference that staff resolved, so that our books say what the provider says; and taking that back where
it comes right after all, or becomes another one. The caller's transaction holds what the difference is about."""

from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.models import Difference, Entry, Order

KIND = "adjusted"


def enter(one: Difference) -> Entry:
    """What they say beyond what we say, once a difference. The money itself moved there, or didn't."""
    return _post(one, f"adjusted:{one.pk}", one.theirs_fen - one.ours_fen, why="difference_entered")


def take_back(one: Difference) -> None:
    if one.entry_id is not None:
        _post(one, f"adjusted_back:{one.pk}", one.ours_fen - one.theirs_fen, why="difference_taken_back")
        one.entry = None
        one.save(update_fields=["entry"])


def was_taken_back(one: Difference) -> bool:
    """Was it entered, and isn't any more?"""
    return one.entry_id is None and Entry.objects.filter(key=f"adjusted_back:{one.pk}").exists()


def _post(one: Difference, key: str, amount_fen: int, *, why: str) -> Entry:
    order = None
    if one.payment is not None:
        order = Order.objects.select_for_update().get(pk=one.payment.order_id)
    postings = {ledger.receivable(one.provider): amount_fen, ledger.DIFFERENCES: -amount_fen}
    if ledger.post(key, kind=KIND, order=order, postings=postings) and order is not None:
        journal.note(
            order, why=why, told={"payment": one.number, "provider": one.provider, "fen": amount_fen}
        )
    return Entry.objects.get(key=key)
