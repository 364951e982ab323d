"""A membership that a coupon makes free on top of what was left of another: that one's money isn't stranded."""

from datetime import timedelta

import pytest

from tests.factories import make_plan
from tests.product.commerce import coupon_makers
from tests.product.commerce.test_memberships import ago
from tests.product.commerce.test_refunds import books
from tests.product.commerce.test_standing import books_are_whole, buy, course_of, give_back, placed
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import NothingGoesBack
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.models import CouponUse, OrderPlan
from zhiyue.product.commerce.payments import pay_nothing
from zhiyue.product.commerce.refunds.reckoning import refund_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(learner):
    return buy(learner, f"plan:{make_plan('月', price_fen=3_100, off_percent=10).pk}")


@pytest.fixture
def free(learner, operator, paid):
    """A quarter that takes the place of the month, and of which a coupon pays the rest."""
    plan = make_plan("季", months=3, price_fen=5_000, off_percent=20)
    coupon_makers.make(operator, off_fen=5_000, scope=[f"plan:{plan.pk}"])
    order = placed(learner, f"plan:{plan.pk}")
    assert [line["kind"] for line in order.lines] == ["price", "credit", "coupon"]
    pay_nothing(user=learner, order_number=order.number)
    order.refresh_from_db()
    return order


def told(user, order):
    found = refund_of(user, order.number)
    [part] = found.parts
    return found.closed_to, part.why_not, part.by_rule_fen


def test_given_back_it_frees_the_one_whose_place_it_took(learner, paid, free):
    assert told(learner, free) == ("", "", 0)
    assert told(learner, paid) == ("credited", "credited", 0)

    refund = give_back(learner, free)

    assert (refund.status, refund.is_by_rule, refund.amount_fen) == ("done", True, 0)
    assert free.status == "refunded"
    assert CouponUse.objects.get().returned_at is not None
    assert membership_of(learner).running.row.order == paid
    closed_to, why_not, amount = told(learner, paid)
    # A day of the month is used.
    assert (closed_to, why_not) == ("", "") and 2_900 < amount < 3_100
    assert give_back(learner, paid).amount_fen == amount
    assert membership_of(learner).running is None
    books_are_whole(paid, free)
    assert books().get(ledger.deferred(paid), 0) == books().get(ledger.deferred(free), 0) == 0


def test_only_within_its_window(learner, paid, free):
    ago(paid, days=8, hours=1)
    ago(free, days=8)
    OrderPlan.objects.filter(order=free).update(credited_at=clock.now() - timedelta(days=8, minutes=1))

    assert told(learner, free)[1] == "too_late"
    # Who asks all the same asks staff.
    refund = give_back(learner, free)
    assert (refund.status, refund.is_by_rule) == ("asked", False)
    assert told(learner, paid)[0] == "credited"


def test_not_by_rule_while_something_is_kept_that_it_made_cheaper(learner, paid, free):
    order = buy(learner, f"course:{course_of('a', 10_000).pk}")
    assert order.total_fen == 8_000

    assert told(learner, free)[1] == "nothing_left"
    give_back(learner, order)
    assert told(learner, free)[1] == ""


def test_one_that_was_free_and_took_no_ones_place_stays_closed(learner, operator):
    plan = make_plan("月", price_fen=3_100)
    coupon_makers.make(operator, off_percent=100)
    order = placed(learner, f"plan:{plan.pk}")
    pay_nothing(user=learner, order_number=order.number)

    assert told(learner, order)[0] == "costs_nothing"
    with pytest.raises(NothingGoesBack):
        give_back(learner, order)


def test_its_page_leads_to_giving_it_back_and_says_what_follows(learner, signed_in, paid, free):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    address = f"/orders/{free.number}/refund/"
    assert address in browser.get(f"/orders/{free.number}/").content.decode()
    page = browser.get(address).content.decode()
    assert "that one goes on, and can be given back itself" in page
    assert "Give the membership back" in page and "Ask the academy" not in page

    browser.post(address, {"seen_fen": "0", "reason": "time"})

    free.refresh_from_db()
    assert free.status == "refunded"
    assert f"/orders/{paid.number}/refund/" in browser.get(f"/orders/{paid.number}/").content.decode()
