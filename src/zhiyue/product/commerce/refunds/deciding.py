"""What staff do about refunds: approve, refuse, begin one themselves, send one again, pay one out by hand. Each act
asks for its permission here, says why, and is noted. Creators decide nothing, and nobody decides about their own
money."""

from collections.abc import Mapping
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
from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.errors import NoSuchOrder, NoSuchRefund, NothingGoesBack, RefundDecided
from zhiyue.product.commerce.models import Order, Refund, RefundPart
from zhiyue.product.commerce.numbers import number as new_number
from zhiyue.product.commerce.refunds import approving
from zhiyue.product.commerce.refunds.asking import part_of
from zhiyue.product.commerce.refunds.jobs import send_refund
from zhiyue.product.commerce.refunds.locking import locked
from zhiyue.product.commerce.refunds.reckoning import Returnable, payment_of, reckoned, under_way
from zhiyue.product.commerce.refunds.settling import finish, told_of
from zhiyue.product.commerce.refunds.telling import tell

_S = Refund.Status


@transaction.atomic
def approve(*, viewer: Viewer, number: str, amounts: Mapping[int, int], why: str) -> Refund:
    """Approve what a member asked for: these courses of the order (or its membership), by the number of each, with
    these amounts. One that
    isn't named stays open. Raises NotAllowed, NoSuchRefund, RefundDecided, NotOneself, Unfit."""
    by, why = require(viewer, Permission.REFUND_ORDERS), tidy_why(why)
    order, refund = _locked(number, by)
    _still(refund, _S.ASKED)
    refund.parts.all().delete()
    refund.payment = payment_of(order)
    _put_parts(order, refund, amounts)
    asked_fen = refund.amount_fen
    refund.amount_fen = sum(amounts.values())
    refund.is_by_rule = False
    approving.approve(order, refund, by=by, why=why)
    before = {"status": _S.ASKED.value, "amount_fen": asked_fen}
    _note(by, "refund.approved", refund, before=before, why=why)
    return refund


@transaction.atomic
def refuse(*, viewer: Viewer, number: str, why: str) -> Refund:
    """Refuse what a member asked for; they read why. Raises as `approve` does."""
    by, why = require(viewer, Permission.REFUND_ORDERS), tidy_why(why)
    order, refund = _locked(number, by)
    _still(refund, _S.ASKED)
    refund.status, refund.decided_at = _S.REFUSED, clock.now()
    refund.decided_by, refund.decided_why = by, why
    refund.save()
    journal.note(order, why="refund_refused", told=told_of(refund), by=by)
    tell(order, refund)
    _note(by, "refund.refused", refund, before={"status": _S.ASKED.value}, why=why)
    return refund


@transaction.atomic
def give_back(*, viewer: Viewer, order_number: str, amounts: Mapping[int, int], why: str) -> Refund:
    """Begin a refund that nobody asked for on a page: these courses of an order with these amounts; of an order that
    cost nothing its courses are closed. Raises NotAllowed, NoSuchOrder, NothingGoesBack, RefundDecided, NotOneself,
    Unfit."""
    by, why = require(viewer, Permission.REFUND_ORDERS), tidy_why(why)
    order = locked(number=order_number)
    if order is None:
        raise NoSuchOrder(pgettext_lazy("order", "There is no such order."))
    _not_oneself(order, by)
    if under_way(order) is not None:
        raise RefundDecided(
            pgettext_lazy("refund", "A refund of this order is under way already: decide about that one.")
        )
    if order.paid_at is None:
        raise NothingGoesBack(pgettext_lazy("refund", "This order wasn't paid, so nothing can go back."))
    now = clock.now()
    refund = Refund.objects.create(
        number=new_number("R", now),
        order=order,
        payment=payment_of(order),
        cause=Refund.Cause.STAFF,
        amount_fen=sum(amounts.values()),
        asked_at=now,
    )
    _put_parts(order, refund, amounts)
    approving.approve(order, refund, by=by, why=why)
    _note(by, "refund.begun", refund, why=why)
    return refund


@transaction.atomic
def send_again(*, viewer: Viewer, number: str, why: str) -> Refund:
    """Send a refund that failed once more, by a new number: the provider proved that nothing goes back by the old one.
    Raises NotAllowed, NoSuchRefund, RefundDecided, NotOneself, Unfit."""
    by, why = require(viewer, Permission.REFUND_ORDERS), tidy_why(why)
    order, failed = _locked(number, by)
    _not_sent_again(failed)
    now = clock.now()
    again = Refund.objects.create(
        number=new_number("R", now),
        order=order,
        payment=failed.payment,
        cause=failed.cause,
        status=_S.APPROVED,
        amount_fen=failed.amount_fen,
        reason=failed.reason,
        words=failed.words,
        asked_at=failed.asked_at,
        is_by_rule=failed.is_by_rule,
        decided_at=now,
        decided_by=by,
        decided_why=why,
        due_at=now,
        again_of=failed,
    )
    RefundPart.objects.bulk_create(
        RefundPart(
            refund=again, part_id=one.part_id, plan_id=one.plan_id, amount_fen=one.amount_fen, lines=one.lines
        )
        for one in failed.parts.order_by("pk")
    )
    journal.note(order, why="refund_sent_again", told=told_of(again), by=by)
    enqueue(send_refund, refund_id=again.pk)
    _note(by, "refund.sent_again", again, before={"refund": failed.number}, why=why)
    return again


@transaction.atomic
def settle_by_hand(*, viewer: Viewer, number: str, why: str) -> Refund:
    """Say that staff paid a refund out themselves, where no provider could. Raises as `send_again` does."""
    by, why = require(viewer, Permission.REFUND_ORDERS), tidy_why(why)
    order, refund = _locked(number, by)
    before = {"status": refund.status}
    if not (refund.is_by_hand and refund.status == _S.APPROVED):
        _not_sent_again(refund)
    finish(order, refund, paid_from=ledger.BY_HAND, by=by, why="refunded_by_hand")
    _note(by, "refund.paid_by_hand", refund, before=before, why=why)
    return refund


def _locked(number: str, by: User) -> tuple[Order, Refund]:
    """The order, held, and its refund as it is then. Raises NoSuchRefund, NotOneself."""
    order = locked(refunds__number=number)
    if order is None:
        raise NoSuchRefund(pgettext_lazy("refund", "There is no such refund."))
    _not_oneself(order, by)
    return order, Refund.objects.select_related("payment").get(number=number)


def _not_oneself(order: Order, by: User) -> None:
    if order.user_id == by.pk:
        raise NotOneself(
            pgettext_lazy("refund", "Nobody decides about a refund of their own. Ask a colleague.")
        )


def _still(refund: Refund, status: str) -> None:
    if refund.status != status:
        raise RefundDecided(
            pgettext_lazy("refund", "This was decided already: see the page of the refund as it is now.")
        )


def _not_sent_again(refund: Refund) -> None:
    _still(refund, _S.FAILED)
    if Refund.objects.filter(again_of=refund).exists():
        raise RefundDecided(pgettext_lazy("refund", "This refund was sent again already."))


def _put_parts(order: Order, refund: Refund, amounts: Mapping[int, int]) -> None:
    """The courses of a refund, each with its amount. Raises Unfit where one isn't of the order, or more or less than
    can go back would."""
    known = {one.part.pk: one for one in reckoned(order).parts}
    if not amounts or not known.keys() >= amounts.keys():
        raise Unfit(pgettext_lazy("refund", "Choose at least one course of the order."))
    for pk, amount in amounts.items():
        _check(known[pk], amount)
    RefundPart.objects.bulk_create(part_of(refund, known[pk], amount) for pk, amount in amounts.items())


def _check(one: Returnable, amount: int) -> None:
    if not one.left_fen and one.part.returned_at is not None:
        raise Unfit(pgettext_lazy("refund", "“%(title)s” went back already.") % {"title": one.part.title})
    least = min(1, one.left_fen)
    if not least <= amount <= one.left_fen:
        words = pgettext_lazy("refund", "Of “%(title)s” %(least)s to %(most)s can go back.")
        holes = {"title": one.part.title, "least": yuan(least), "most": yuan(one.left_fen)}
        raise Unfit(words % holes)


def _note(by: User, act: str, refund: Refund, *, before: dict[str, Any] | None = None, why: str) -> None:
    after = {"order": refund.order.number, "amount_fen": refund.amount_fen, "status": refund.status}
    note(by=by, act=act, subject=("refund", refund.pk, refund.number), before=before, after=after, why=why)
