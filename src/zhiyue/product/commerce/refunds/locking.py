"""Holding an order whose money may go back, and its member before it: in the order in which payments hold them, so that
neither waits for the other, and what is left of a membership isn't both given back and taken off a price."""

from typing import Any

from zhiyue.core.accounts.models import User
from zhiyue.product.commerce.models import Order


def locked(**which: Any) -> Order | None:
    """The first order of these, held until the transaction ends; None where there is none."""
    found = Order.objects.filter(**which)
    list(User.objects.select_for_update(no_key=True).filter(pk__in=found.values("user_id")).values("pk"))
    return found.select_for_update(of=("self",)).first()
