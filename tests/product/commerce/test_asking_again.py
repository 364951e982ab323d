"""A refund that waits for a decision, asked for again once the rule gives it back."""

from datetime import timedelta

import pytest
from django.db.models import F

from tests.factories import make_bundle, make_course
from tests.product.commerce.trying import books
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.models import Order, Refund
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.refunds.sending import pursue

pytestmark = pytest.mark.django_db


def bought(user, offer):
    seen = checkout_of(user, offer).price.total_fen
    order = place(user=user, offer=offer, seen_fen=seen, actor=Actor(member_id=user.pk))
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    receive("sandbox", sandbox.press(begin(user=user, order_number=order.number, **ways).number, "pay"))
    return order


def asked(user, order):
    found = refund_of(user, order.number).open
    refund = ask(
        user=user,
        order_number=order.number,
        course_ids=[one.course_id for one in found],
        reason="time",
        seen_fen=sum(one.by_rule_fen for one in found),
        actor=Actor(member_id=user.pk),
    )
    pursue()
    refund.refresh_from_db()
    return refund


@pytest.mark.parametrize(("days_before", "status"), [(0, "done"), (8, "asked")])
def test_what_stood_against_it_is_gone(learner, client, days_before, status):
    """Judged by the time of the first asking: whoever was in time then is in time."""
    one, other = (make_course(slug, price_fen=20_000) for slug in ("aaa", "bbb"))
    alone = bought(learner, f"course:{one.pk}")
    bundle = bought(learner, f"bundle:{make_bundle([one, other], price_fen=30_000).pk}")
    Order.objects.filter(pk=alone.pk).update(paid_at=F("paid_at") - timedelta(days=days_before))
    first = asked(learner, alone)
    assert (first.status, first.amount_fen) == ("asked", 0)
    assert asked(learner, alone) == first
    assert refund_of(learner, alone.number).closed_to == "under_way"
    asked(learner, bundle)
    # The window of both is over by now; what was asked in time was asked in time.
    week = timedelta(days=8)
    Order.objects.filter(pk=alone.pk).update(paid_at=F("paid_at") - week)
    Refund.objects.filter(pk=first.pk).update(asked_at=clock.now() - week)

    client.force_login(learner)
    page = client.get(f"/orders/{alone.number}/refund/").content.decode()
    assert ('name="seen_fen" value="20000"' in page) is (status == "done")
    again = asked(learner, alone)
    assert (again.pk, again.status, Refund.objects.filter(order=alone).count()) == (first.pk, status, 1)
    assert sum(books().values()) == 0
    assert books()[ledger.receivable("sandbox")] == (0 if status == "done" else 20_000)
