"""What may become of an order, and the journal of what became of it. Only this file changes an order's status."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.commerce.lowering import holds
from zhiyue.product.commerce.models import Order, OrderStep

_S = Order.Status
# Money that comes late, when the order had expired or was cancelled, may still pay it.
MOVES: Mapping[str, frozenset[str]] = {
    _S.CREATED: frozenset({_S.PAID, _S.EXPIRED, _S.CLOSED}),
    _S.EXPIRED: frozenset({_S.PAID}),
    _S.CLOSED: frozenset({_S.PAID}),
    _S.PAID: frozenset({_S.FULFILLED, _S.PARTLY_REFUNDED, _S.REFUNDED}),
    _S.FULFILLED: frozenset({_S.PARTLY_REFUNDED, _S.REFUNDED}),
    _S.PARTLY_REFUNDED: frozenset({_S.PARTLY_REFUNDED, _S.REFUNDED}),
    _S.REFUNDED: frozenset(),
}

AT_ONCE = 500


class NoSuchMove(Exception):
    """An order can't go from where it is to there: whoever asks didn't look, or didn't hold its row."""


def begin(order: Order, *, why: str, told: Mapping[str, Any] | None = None) -> None:
    """The first line of a new order's journal."""
    OrderStep.objects.create(
        order=order, at=order.created_at, after=order.status, why=why, told=dict(told or {})
    )


def bring_in(orders: Iterable[tuple[Order, Mapping[str, Any]]], *, why: str, by: User | None) -> None:
    """The first line of many orders that had come to their end before they were told of here, each with what there is
    to know besides."""
    now = clock.now()
    OrderStep.objects.bulk_create(
        [
            OrderStep(order=order, at=now, after=order.status, why=why, told=dict(told), by=by)
            for order, told in orders
        ],
        batch_size=AT_ONCE,
    )


def move(
    order: Order,
    to: str,
    *,
    why: str,
    told: Mapping[str, Any] | None = None,
    by: User | None = None,
    also: Sequence[str] = (),
) -> None:
    """Give an order its next status, and its journal the line that says why; what an order that ends held is given
    back. The caller holds the order's row, and has
    set the columns that change with it, `also`. Raises NoSuchMove."""
    if to not in MOVES[order.status]:
        raise NoSuchMove(f"{order.number}: {order.status} → {to} ({why})")
    before, order.status = order.status, to
    order.save(update_fields=["status", *also])
    if to in holds.GIVING_BACK:
        holds.give_back(order)
    OrderStep.objects.create(
        order=order, at=clock.now(), before=before, after=to, why=why, told=dict(told or {}), by=by
    )


def note(order: Order, *, why: str, told: Mapping[str, Any] | None = None, by: User | None = None) -> None:
    """A line about something that left the order's status as it was."""
    OrderStep.objects.create(
        order=order,
        at=clock.now(),
        before=order.status,
        after=order.status,
        why=why,
        told=dict(told or {}),
        by=by,
    )
