"""Asking for one's money back. Within the rule it is approved at once; else staff decide."""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import storable
from zhiyue.product.commerce import journal
from zhiyue.product.commerce.errors import AmountChanged, NoSuchOrder, NothingGoesBack
from zhiyue.product.commerce.models import Order, OrderPlan, Refund, RefundPart
from zhiyue.product.commerce.numbers import number
from zhiyue.product.commerce.refunds.approving import approve
from zhiyue.product.commerce.refunds.locking import locked
from zhiyue.product.commerce.refunds.reckoning import (
    Returnable,
    goes_by_rule,
    payment_of,
    reckoned,
    under_way,
)
from zhiyue.product.commerce.refunds.settling import told_of

WORDS_AT_MOST = 300


@transaction.atomic
def ask(
    *,
    user: User,
    order_number: str,
    course_ids: Collection[int],
    reason: str,
    seen_fen: int,
    actor: Actor,
    words: str = "",
) -> Refund:
    """Ask for courses of an order to be given back, or for the membership that it is of. The one that is under way
    already is the answer to a second tap, tab or device; one that waits for a decision is asked anew where the rule
    gives it back by now, as of when it was first asked. `seen_fen` is the amount that the member saw; it decides
    nothing.

    Raises NoSuchOrder, Unfit, NothingGoesBack, AmountChanged.
    """
    order = locked(user=user, number=order_number)
    if order is None:
        raise NoSuchOrder(pgettext_lazy("order", "You have no such order."))
    waiting = under_way(order)
    if waiting is not None and reckoned(order).closed_to:
        return waiting
    words = _fitting(reason, words)
    chosen = _chosen(order, course_ids)
    amount = sum(one.by_rule_fen for one in chosen)
    if amount != seen_fen:
        raise AmountChanged(
            pgettext_lazy("refund", "What goes back has changed since you saw it. Look at it again.")
        )
    if waiting is not None and not all(one.is_by_rule for one in chosen):
        return waiting
    refund = _asked(order, chosen, amount, reason, words, waiting)
    journal.note(order, why="refund_asked", told=told_of(refund))
    record(
        "order.refund_asked",
        actor=actor,
        course_id=chosen[0].course_id,
        order=order.pk,
        amount_fen=amount,
        reason=reason,
    )
    if refund.is_by_rule:
        approve(order, refund)
    return refund


def _fitting(reason: str, words: str) -> str:
    """The member's own words, tidied. Raises Unfit."""
    if reason not in Refund.Reason.values:
        raise Unfit(pgettext_lazy("refund", "Choose a reason from the list."))
    tidied = " ".join(storable(words).split())
    if len(tidied) > WORDS_AT_MOST:
        raise Unfit(pgettext_lazy("refund", "Say it in 300 characters at most."))
    return tidied


def _chosen(order: Order, course_ids: Collection[int]) -> Sequence[Returnable]:
    """Those courses, or the membership, if all are open by the order and there is money in them. Raises
    NothingGoesBack, Unfit."""
    found = reckoned(order)
    if found.closed_to:
        raise NothingGoesBack(pgettext_lazy("refund", "Of this order nothing can go back any more."))
    chosen = found.asked_for(course_ids)
    if not chosen or sum(one.course_id is not None for one in chosen) != len(set(course_ids)):
        raise Unfit(pgettext_lazy("refund", "Choose from the list what you want refunded."))
    if not any(one.left_fen or one.frees_another for one in chosen):
        raise NothingGoesBack(pgettext_lazy("refund", "This cost nothing, so nothing can go back."))
    return chosen


def _asked(
    order: Order,
    chosen: Sequence[Returnable],
    amount: int,
    reason: str,
    words: str,
    waiting: Refund | None,
) -> Refund:
    """What is asked now: a new refund, or the one that waits, with its number and its time."""
    now = clock.now()
    refund = waiting or Refund(number=number("R", now), order=order, cause=Refund.Cause.ASKED, asked_at=now)
    refund.payment, refund.amount_fen, refund.reason, refund.words = payment_of(order), amount, reason, words
    refund.is_by_rule = goes_by_rule(chosen)
    refund.save()
    refund.parts.all().delete()
    RefundPart.objects.bulk_create(part_of(refund, one, one.by_rule_fen) for one in chosen)
    return refund


def part_of(refund: Refund, one: Returnable, amount_fen: int) -> RefundPart:
    """A part of a refund, with the rule's lines, to be saved."""
    of = {"plan": one.part} if isinstance(one.part, OrderPlan) else {"part": one.part}
    return RefundPart(refund=refund, amount_fen=amount_fen, lines=lines_of(one), **of)


def lines_of(one: Returnable) -> list[dict[str, object]]:
    """The rule's lines as a refund keeps them."""
    return [line.to_json() for line in one.reckoning.lines]
