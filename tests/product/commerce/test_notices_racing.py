"""Like words of a provider at the same moment: each is answered as one that came later would be, and money counts
once."""

import pytest

from tests.factories import make_course
from tests.product.commerce.test_racing import AT_ONCE, begun, ordered, together
from tests.product.commerce.test_refunds import asked, books, bought
from zhiyue.product.commerce.models import Order, OrderStep, Payment, ProviderNotice
from zhiyue.product.commerce.payments import take_in
from zhiyue.product.commerce.providers.protocol import Told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def paid(payment, key, number="T1"):
    return Told(key=key, kind="paid", number=payment.number, amount_fen=19_900, provider_number=number)


def test_one_number_of_theirs_for_two_payments_pays_one_and_the_other_is_told_so(learner, stranger, course):
    both = [begun(one, ordered(one, course)) for one in (learner, stranger)]
    words = [paid(payment, f"of {payment.number}") for payment in both]

    found = together(*[lambda word=word: take_in("sandbox", word) for word in words * 2])

    assert sorted(map(str, found)) == ["number_of_another"] * 2 + ["paid"] * 2
    assert found[:2] == found[2:]
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
    assert sorted(Order.objects.values_list("status", flat=True)) == ["created", "paid"]
    assert Payment.objects.get(provider_number="T1").status == "paid"
    assert ProviderNotice.objects.count() == 2


def test_of_one_payment_by_several_keys_the_first_counts(learner, course):
    payment = begun(learner, ordered(learner, course))

    found = together(*[lambda n=n: take_in("sandbox", paid(payment, f"k{n}")) for n in range(AT_ONCE)])

    assert sorted(map(str, found)) == ["paid", *["paid_before"] * (AT_ONCE - 1)]
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
    assert OrderStep.objects.filter(why="paid").count() == 1


@pytest.mark.parametrize(("kind", "outcome"), [("paid", "no_such_payment"), ("refunded", "no_such_refund")])
def test_of_what_nobody_knows_one_word_is_kept(kind, outcome, db):
    told = Told(key="k", kind=kind, number="P0", amount_fen=5)

    assert together(*[lambda: take_in("sandbox", told)] * AT_ONCE) == [outcome] * AT_ONCE
    assert ProviderNotice.objects.get().key == "?k"


@pytest.mark.parametrize("is_same", [True, False])
def test_a_refund_is_told_at_once_and_goes_back_once(learner, course, is_same):
    refund = asked(learner, bought(learner, course))
    words = [
        Told(key="k" if is_same else f"k{n}", kind="refunded", number=refund.number, amount_fen=19_900)
        for n in range(AT_ONCE)
    ]

    found = together(*[lambda word=word: take_in("sandbox", word) for word in words])

    after = "refunded" if is_same else "refunded_before"
    assert sorted(map(str, found)) == ["refunded", *[after] * (AT_ONCE - 1)]
    assert books() == {"revenue": -19_900, "refunds": 19_900}
    order = Order.objects.get()
    assert (order.status, order.refunded_fen) == ("refunded", 19_900)
