"""What follows from facts about orders."""

from zhiyue.core.jobs.facts import reaction
from zhiyue.product.commerce.facts import OrderPaid
from zhiyue.product.commerce.payments import fulfil


@reaction(OrderPaid, name="commerce.fulfil")
def fulfil_order(fact: OrderPaid) -> None:
    fulfil(fact.order_id)
