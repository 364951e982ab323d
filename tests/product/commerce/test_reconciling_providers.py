"""The bill of each real provider, as it writes one, beside our books: fees, refunds, and a difference planted in it."""

from datetime import timedelta

import pytest

from tests.product.commerce.bills import Days, moment, shown, yesterday
from tests.product.commerce.fakes import alipay, wechatpay
from tests.product.commerce.fakes.stripe import fake_stripe
from tests.product.commerce.test_stripe import moved
from tests.product.commerce.trying import books
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import Bill, Difference
from zhiyue.product.commerce.reconciling.fetching import fetch, published_at, reconcile
from zhiyue.product.commerce.tasks import reconcile_providers

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def day():
    return yesterday() - DAY


def traded(provider, day):
    """Two payments and a refund in our books."""
    days = Days(provider)
    paid, other = days.paid(moment(day), 19_990), days.paid(moment(day), 10_000)
    return paid, other, days.went_back(paid, moment(day), 10_000)


def fetched(provider, day):
    """The day, as if those beside it were fetched."""
    for one in (day - DAY, day + DAY):
        Bill.objects.get_or_create(provider=provider, day=one, defaults={"fetched_at": clock.now()})
    bill, _ = Bill.objects.get_or_create(provider=provider, day=day)
    assert fetch(bill), bill.fault
    bill.refresh_from_db()
    return bill


def agreed(bill, fees):
    sums = (bill.theirs_fen, bill.ours_fen, bill.fee_fen, shown())
    assert sums == (19_990, 19_990, fees, [])
    account = ledger.receivable(bill.provider)
    assert books() == {"fees": fees, account: 19_990 - fees, "refunds": 10_000, "revenue": -29_990}


def test_alipays_bill(settings, day):
    with alipay.fake_alipay(settings) as gateway:
        paid, other, back = traded("alipay", day)
        rows = [
            alipay.bill_row("T1", paid.number, "交易", "199.90", "-1.20"),
            alipay.bill_row("T2", other.number, "交易", "100.00", "-0.60"),
            alipay.bill_row("T1", paid.number, "退款", "-100.00", "0.60", back.number),
        ]
        gateway.bills[day.isoformat()] = alipay.bill_of(rows)
        agreed(fetched("alipay", day), 120)

        # A refund that somebody made at Alipay's own desk has no number of ours.
        by_hand = alipay.bill_row("T2", other.number, "退款", "-100.00", "0.60", "HAND1")
        gateway.bills[day.isoformat()] = alipay.bill_of([*rows, by_hand])
        fetched("alipay", day)
        assert shown() == [("refund_here", -10_000, 0, "open")]
        assert Difference.objects.get().payment == other


def test_wechats_bill(settings, day):
    with wechatpay.fake_wechatpay(settings) as fake:
        paid, other, back = traded("wechat", day)
        rows = [
            wechatpay.bill_row("42001", paid.number, "SUCCESS", "199.90", "1.20000"),
            wechatpay.bill_row("42002", other.number, "SUCCESS", "100.00", "0.60000"),
            wechatpay.bill_row("42001", paid.number, "REFUND", "0.00", "-0.60000", back.number, "100.00"),
        ]
        fake.bills[day.isoformat()] = wechatpay.bill_of(rows)
        agreed(fetched("wechat", day), 120)

        fake.bills[day.isoformat()] = wechatpay.bill_of(rows[:2])
        fetched("wechat", day)
        assert shown() == [("refund_there", 0, -10_000, "open")]
        # The fee that would have come back with it hasn't.
        assert books()["fees"] == 180


def test_stripes_bill(settings, day):
    at = int(clock.day_start(day).timestamp())
    with fake_stripe(settings) as fake:
        paid, other, back = traded("stripe", day)

        def charge(n, one, fee):
            source = {"payment_intent": f"T{one.number}", "metadata": {"number": one.number}}
            return moved(n, "charge", one.amount_fen, fee, {**source, "amount": one.amount_fen}, at + n)

        gone = {"number": paid.number, "refund_number": back.number}
        source = {"payment_intent": f"T{paid.number}", "metadata": gone, "amount": 10_000}
        fake.moved = [
            charge(1, paid, 680),
            charge(2, other, 340),
            moved(3, "refund", -10_000, 0, source, at + 3),
        ]
        agreed(fetched("stripe", day), 1_020)

        # A dispute knows no number of ours, and costs a fee besides.
        dispute = {"payment_intent": f"T{other.number}", "amount": 10_000}
        lost = moved(4, "adjustment", -10_000, 1_500, dispute, at + 4)
        fake.moved.append(lost)
        fetched("stripe", day)
        assert shown() == [("taken_back", -10_000, 0, "open")]
        one = Difference.objects.get()
        assert (one.payment, one.provider_number) == (other, f"T{other.number}")
        assert books()["fees"] == 2_520
        # Won after all, it comes back on another day, and the difference is none any more.
        fake.moved.append(moved(5, "adjustment", 10_000, 0, dispute, at + 86_400))
        fetched("stripe", day + DAY)
        assert shown() == [("taken_back", -10_000, 0, "gone")]


def test_each_provider_is_asked_by_a_job_of_its_own(settings):
    """One that is silent, or answers nonsense, holds up no other."""
    settings.ZHIYUE_PAYMENT_PROVIDERS = ["alipay", "sandbox"]
    reconcile_providers()
    reconcile_providers()
    jobs = Job.objects.filter(name="commerce.reconcile_provider").order_by("pk")
    assert [one.kwargs for one in jobs] == [{"provider": "alipay"}, {"provider": "sandbox"}]


def test_a_day_without_its_bill_says_why_and_is_asked_for_again(settings):
    with alipay.fake_alipay(settings):
        Days("alipay").paid(moment(yesterday()))
        assert reconcile("alipay", now=published_at(yesterday()) - timedelta(minutes=1)) == 0
        assert Bill.objects.get().tries == 0
        settings.ZHIYUE_ALIPAY_ENDPOINT = "http://127.0.0.1:9/gateway.do"
        assert reconcile("alipay", now=published_at(yesterday())) == 0
        bill = Bill.objects.get()
        assert bill.fault.startswith("支付渠道暂时联系不上") and "换一种" not in bill.fault
        assert bill.tries == 1 and bill.due_at > published_at(yesterday())
