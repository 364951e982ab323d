"""A membership that takes the place of others: what they haven't earned is its own, at a price that doesn't grow."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_plan
from tests.product.commerce.test_refunds import books
from tests.product.commerce.test_standing import begun, buy, placed
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.membership.deferring import earn
from zhiyue.product.commerce.membership.held import credit_of
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import sandbox

pytestmark = pytest.mark.django_db


def renewed(user, plan, times):
    """Bought month after month, the last one three days ago; what is over is earned."""
    found = [buy(user, f"plan:{plan.pk}") for _ in range(times)]
    for n, order in enumerate(reversed(found)):
        at = clock.now() - timedelta(days=31 * n + 3)
        Order.objects.filter(pk=order.pk).update(paid_at=at, created_at=at)
    earn()
    return found


def test_however_often_it_was_renewed_an_upgrade_asks_as_much(learner, stranger):
    month, year = make_plan("月", price_fen=3_100), make_plan("年", months=12, price_fen=36_500)
    asked = []
    for user, times in ((learner, 2), (stranger, 12)):
        before = renewed(user, month, times)
        order = placed(user, f"plan:{year.pk}")
        notice = sandbox.press(begun(user, order).number, "pay")
        with CaptureQueriesContext(connection) as queries:
            receive("sandbox", notice)
        asked.append(len(queries))
        order.refresh_from_db()

        left = books()
        assert order.status == "paid" and credit_of(order) > 0
        # To the day, to which what came off was reckoned as well.
        assert abs(-left[ledger.deferred(order)] - order.total_fen - credit_of(order)) <= 200
        assert not any(left.get(ledger.deferred(one)) for one in before)

    assert asked[0] == asked[1]
