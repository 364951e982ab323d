"""How a refund ends: the money is back, or it didn't go. The caller holds the order's row."""

from datetime import datetime

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.jobs.facts import announce
from zhiyue.core.kit import clock
from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.facts import OrderRefunded
from zhiyue.product.commerce.membership.deferring import earn_rest, taken_back
from zhiyue.product.commerce.models import Order, OrderPlan, Refund
from zhiyue.product.commerce.refunds.telling import tell


def finish(
    order: Order,
    refund: Refund,
    *,
    paid_from: str,
    at: datetime | None = None,
    by: User | None = None,
    why: str = "refunded",
) -> None:
    """The money is back: the refund, the order, the books, the log and the fact, all or nothing. `paid_from` is the
    account that it left; the provider's number is set on the refund."""
    refund.status, refund.settled_at, refund.fault = Refund.Status.DONE, clock.now(), ""
    refund.save(update_fields=["status", "settled_at", "fault", "provider_number"])
    enter(order, refund, paid_from=paid_from, at=at)
    earn_rest(order)
    if refund.cause == Refund.Cause.OWED:
        # It never was the order's: what it opens, and what it cost, stays.
        journal.note(order, why="owed_back", told=told_of(refund), by=by)
    else:
        _return(order, refund, by=by, why=why)
    tell(order, refund)


def fail(order: Order, refund: Refund, fault: str) -> None:
    """The provider proved that nothing goes back by this number. Staff see it on the desk."""
    refund.status, refund.settled_at, refund.fault = Refund.Status.FAILED, clock.now(), fault[:300]
    refund.save(update_fields=["status", "settled_at", "fault", "provider_number"])
    journal.note(order, why="refund_failed", told=told_of(refund))


def enter(
    order: Order, refund: Refund, *, paid_from: str, at: datetime | None = None, occasion: str = "refunded"
) -> bool:
    """Money that left, in the books: once a refund and occasion, False where it stood there. What cost nothing has no
    entry."""
    if not refund.amount_fen:
        return False
    is_owed = refund.cause == Refund.Cause.OWED
    return ledger.post(
        f"{occasion}:{refund.number}",
        kind="owed_back" if is_owed else "refunded",
        order=order,
        at=at,
        postings={
            **({ledger.owed(order): refund.amount_fen} if is_owed else taken_back(order, refund.amount_fen)),
            paid_from: -refund.amount_fen,
        },
    )


def told_of(refund: Refund) -> dict[str, object]:
    """What the journal keeps of it."""
    return {"refund": refund.number, "fen": refund.amount_fen}


def _return(order: Order, refund: Refund, *, by: User | None, why: str) -> None:
    order.refunded_fen += refund.amount_fen
    is_whole = order.refunded_fen == order.total_fen and not _opens_something(order)
    status = Order.Status.REFUNDED if is_whole else Order.Status.PARTLY_REFUNDED
    journal.move(order, status, why=why, told=told_of(refund), by=by, also=["refunded_fen"])
    member = Actor(member_id=order.user_id)
    for part in refund.parts.select_related("part").order_by("pk"):
        record(
            "order.refunded",
            actor=member,
            course_id=part.part.course_id if part.part else None,
            order=order.pk,
            amount_fen=part.amount_fen,
        )
    announce(OrderRefunded(order_id=order.pk, amount_fen=refund.amount_fen))


def _opens_something(order: Order) -> bool:
    if OrderPlan.objects.filter(order=order, returned_at=None).exists():
        return True
    return order.courses.filter(returned_at=None).exists()
