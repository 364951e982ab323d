"""What lowers a price goes back at the moment at which that price is paid: one of the two counts, never both."""

import pytest

from tests.factories import make_bundle, make_course, make_plan
from tests.product.commerce.test_racing import together
from tests.product.commerce.test_refunds import books
from tests.product.commerce.test_standing import begun, buy, placed
from zhiyue.collect.kinds import Actor
from zhiyue.product.commerce.errors import AmountChanged
from zhiyue.product.commerce.models import Refund
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.refunds.sending import pursue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("of", ["plan", "bundle"] * 3)
def test_a_price_is_paid_or_what_lowered_it_goes_back(learner, of):
    course, other = make_course("a", price_fen=10_000), make_course("b", price_fen=20_000)
    if of == "plan":
        first = buy(learner, f"plan:{make_plan(price_fen=9_000, off_percent=20).pk}")
        second = placed(learner, f"course:{course.pk}")
    else:
        first = buy(learner, f"course:{course.pk}")
        second = placed(learner, f"bundle:{make_bundle([course, other], price_fen=20_000).pk}")
    notice = sandbox.press(begun(learner, second).number, "pay")
    [part] = refund_of(learner, first.number).parts
    chosen = [part.course_id] if part.course_id else []
    told = {"reason": "time", "actor": Actor(member_id=learner.pk), "course_ids": chosen}

    _, asked = together(
        lambda: receive("sandbox", notice),
        lambda: ask(user=learner, order_number=first.number, seen_fen=part.by_rule_fen, **told),
    )

    second.refresh_from_db()
    is_back = Refund.objects.filter(order=first).exists()
    assert is_back != (second.status == "paid")
    assert isinstance(asked, AmountChanged) != is_back
    pursue()
    assert sum(books().values()) == 0
    assert Refund.objects.filter(order=second, cause="owed", status="done").exists() == is_back
