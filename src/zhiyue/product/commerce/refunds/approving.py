"""Approving a refund, by rule or by staff.

What is given back closes at this moment, not when the money has arrived: a provider may take days, and nobody reads on
while their money is on its way back. Should it fail to go, the courses stay closed and staff see it on the desk, from
where it is sent again or paid out by hand; the member has a claim to money then, and none to lessons.
"""

from zhiyue.core.accounts.models import User
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.models import Order, OrderCourse, OrderPlan, Refund
from zhiyue.product.commerce.refunds.jobs import send_refund
from zhiyue.product.commerce.refunds.settling import finish, told_of
from zhiyue.product.commerce.refunds.telling import tell


def approve(order: Order, refund: Refund, *, by: User | None = None, why: str = "") -> None:
    """Approve a refund whose parts and amount are set; `by` None is the rule. What costs nothing is done at once. The
    caller holds the order's row."""
    now = clock.now()
    refund.status, refund.decided_at, refund.due_at = Refund.Status.APPROVED, now, now
    refund.decided_by, refund.decided_why = by, why
    refund.save()
    returned = OrderCourse.objects.filter(refunds__refund=refund, returned_at=None)
    OrderCourse.objects.filter(pk__in=list(returned.values_list("pk", flat=True))).update(returned_at=now)
    plan = OrderPlan.objects.filter(refunds__refund=refund, returned_at=None).values_list("pk", flat=True)
    OrderPlan.objects.filter(pk__in=list(plan)).update(returned_at=now)
    journal.note(order, why="refund_approved", told=told_of(refund), by=by)
    if not refund.amount_fen:
        finish(order, refund, paid_from=ledger.BY_HAND, by=by)
        return
    tell(order, refund)
    if refund.payment_id is not None:
        enqueue(send_refund, refund_id=refund.pk)
