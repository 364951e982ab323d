"""A provider's bill beside our books: what agrees, every way in which they differ, and what comes right by itself."""

from datetime import time, timedelta

import pytest

from tests.factories import make_course
from tests.product.commerce.bills import Days, back_of, line_of, moment, shown, yesterday
from tests.product.commerce.test_past_orders import past
from tests.product.commerce.test_refunds import bought
from tests.product.commerce.trying import books
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import ProviderUnreachable
from zhiyue.product.commerce.imports.past_orders import import_orders
from zhiyue.product.commerce.models import Bill, BillEntry, Difference, Entry
from zhiyue.product.commerce.providers.protocol import BillLine
from zhiyue.product.commerce.providers.sandbox import Sandbox
from zhiyue.product.commerce.reconciling.comparing import compare
from zhiyue.product.commerce.reconciling.fetching import fetch, keep, plan, published_at, reconcile

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def days(db):
    return Days()


@pytest.fixture
def bills(monkeypatch):
    """What the sandbox says of a day, by day; of any other, that nothing happened."""
    told = {}
    monkeypatch.setattr(Sandbox, "bill", lambda _, day: list(told.get(day, [])))
    return told


def fetched(day):
    bill, _ = Bill.objects.get_or_create(provider="sandbox", day=day)
    fetch(bill)
    bill.refresh_from_db()
    return bill


def around(day):
    """As if the days beside it had their bills, too."""
    for one in (day - DAY, day + DAY):
        Bill.objects.get_or_create(provider="sandbox", day=one, defaults={"fetched_at": clock.now()})
    return fetched(day)


@pytest.fixture
def day():
    return yesterday() - 3 * DAY


def test_a_bill_that_agrees_shows_its_sums_and_enters_its_fees(days, bills, day):
    first, second = days.paid(moment(day)), days.paid(moment(day), 4_900)
    back = days.went_back(first, moment(day, time(15)))
    bills[day] = [line_of(first, fee=119), line_of(second, fee=29), back_of(back, fee=-30)]

    bill = fetched(day)

    assert (bill.theirs_fen, bill.ours_fen, bill.fee_fen, bill.line_count) == (19_800, 19_800, 118, 3)
    assert (shown(), bill.fault, bill.due_at) == ([], "", None)
    assert books() == {"fees": 118, "receivable:sandbox": 19_682, "refunds": 5_000, "revenue": -24_800}
    assert ledger.unbalanced() == []
    fee = Entry.objects.filter(kind="fee").order_by("pk").first()
    assert fee.order == first.order and clock.business_day(fee.at) == day
    assert fee.key == f"fee:sandbox:{day.isoformat()}:{BillEntry.objects.order_by('pk').first().pk}"


def test_fetched_again_nothing_doubles(days, bills, day):
    payment = days.paid(moment(day))
    # Two lines that are alike in everything are two lines.
    bills[day] = [line_of(payment, fee=119), line_of(payment, fee=119)]
    fetched(day)
    before = (shown(), books(), BillEntry.objects.count(), Entry.objects.count())

    fetched(day)
    compare(Bill.objects.get(day=day).pk)

    assert (shown(), books(), BillEntry.objects.count(), Entry.objects.count()) == before
    assert before[0] == [("paid_twice", 39_800, 19_900, "open")]
    assert before[1]["fees"] == 238


def test_a_corrected_bill_moves_only_what_was_wrong(days, bills, day):
    payment, other = days.paid(moment(day)), days.paid(moment(day))
    bills[day] = [line_of(payment, fee=119), line_of(other, fee=119), BillLine("X1", "TX1", 100, 1)]
    assert fetched(day).theirs_fen == 39_900
    assert shown() == [("missing_here", 100, 0, "open")]

    bills[day] = [line_of(payment, fee=100), line_of(other, fee=119)]
    bill = fetched(day)

    assert (bill.theirs_fen, bill.fee_fen) == (39_800, 219)
    assert books()["fees"] == 219
    wrong, right = BillEntry.objects.filter(payment=payment).order_by("pk")
    assert (wrong.fee_fen, right.fee_fen) == (119, 100) and wrong.withdrawn_at and not right.withdrawn_at
    occasions = Entry.objects.filter(kind="fee", order=payment.order).order_by("pk")
    assert [(one.key.split(":")[0], int(one.key.split(":")[-1])) for one in occasions] == [
        ("fee", wrong.pk),
        ("fee_back", wrong.pk),
        ("fee", right.pk),
    ]
    assert shown() == [("missing_here", 100, 0, "gone")]
    # Told as it was first, it is so again.
    bills[day] = [line_of(payment, fee=119), line_of(other, fee=119)]
    fetched(day)
    assert books()["fees"] == 238 and ledger.unbalanced() == []


def test_a_bill_that_is_suddenly_empty_takes_nothing_back(days, bills, day):
    bills[day] = [line_of(days.paid(moment(day)), fee=119)]
    fetched(day)
    bills[day] = []

    bill = fetched(day)

    assert bill.fault == "渠道现在说这一天没有账单。之前取到的内容仍然保留，请向渠道问明原因。"
    assert (bill.theirs_fen, books()["fees"], shown()) == (19_900, 119, [])


def planted(days, day):
    """Each kind of difference: (what the bill says, which differences that is)."""
    paid = days.paid(moment(day))
    back = days.went_back(paid, moment(day))
    begun = days.begun(4_900)
    sent_long_ago = days.refund(paid, 100, status="failed")
    good = [line_of(paid), back_of(back)]
    return {
        "missing_here": ([*good, line_of(begun)], (4_900, 0)),
        "missing_there": (good[1:], (0, 19_900)),
        "amount": ([line_of(paid, 19_800), good[1]], (19_800, 19_900)),
        "paid_twice": ([*good, good[0]], (39_800, 19_900)),
        "refund_here": ([*good, back_of(sent_long_ago)], (-100, 0)),
        "refund_there": (good[:1], (0, -5_000)),
        "refund_amount": ([good[0], back_of(back, 4_000)], (-4_000, -5_000)),
        "refund_twice": ([*good, good[1]], (-10_000, -5_000)),
        "taken_back": ([*good, BillLine("", f"T{paid.number}", -19_900, 1_500)], (-19_900, 0)),
    }


@pytest.mark.parametrize("kind", Difference.Kind.values)
def test_every_kind_of_difference_is_named_and_comes_right_by_itself(days, bills, day, kind):
    found = planted(days, day)
    lines, amounts = found[kind]
    bills[day] = lines

    around(day)

    assert shown() == [(kind, *amounts, "open")]
    one = Difference.objects.get()
    assert one.payment is not None and one.number == one.payment.number
    assert (one.refund is not None) == kind.startswith("refund")
    # The provider corrects its bill.
    bills[day] = found["missing_here"][0][:2]
    fetched(day)
    assert shown() == [(kind, *amounts, "gone")]
    assert Difference.objects.get().ended_at is not None


def test_what_is_nobodys_payment_here_costs_us_no_fee(days, bills, day):
    """Another shop may use the same account; its refunds are named as it likes."""
    days.paid(moment(day))
    bills[day] = [
        BillLine("SHOP-1", "T1", 100, 1),
        BillLine("SHOP-1", "T1", -50, 0, "1"),
        BillLine("SHOP-2", "T2", -50, 0, "1"),
    ]
    around(day)

    assert sorted(shown()) == [
        ("missing_here", 100, 0, "open"),
        ("missing_there", 0, 19_900, "open"),
        ("refund_here", -50, 0, "open"),
        ("refund_here", -50, 0, "open"),
    ]
    assert "fees" not in books()


def test_over_midnight_it_is_no_difference(days, bills, day):
    late = days.paid(moment(day, time(23, 59, 59)))
    noon = days.paid(moment(day), 100)
    bills[day] = [line_of(noon)]
    bills[day + DAY] = [line_of(late)]
    plan("sandbox", now=clock.now())

    bill = fetched(day)
    assert (bill.theirs_fen, bill.ours_fen, shown()) == (100, 20_000, [])
    after = fetched(day + DAY)
    assert (after.theirs_fen, after.ours_fen, shown()) == (19_900, 0, [])


def test_what_the_next_day_lacks_too_is_one(days, bills, day):
    days.paid(moment(day, time(23, 59, 59)))
    plan("sandbox", now=clock.now())
    fetched(day)
    assert shown() == []
    fetched(day + DAY)
    assert shown() == [("missing_there", 0, 19_900, "open")]
    assert Difference.objects.get().bill.day == day


def test_early_in_the_day_the_day_before_may_have_it(days, bills, day):
    early = days.paid(moment(day, time(0, 0, 1)))
    bills[day - DAY] = [line_of(early)]
    Bill.objects.create(provider="sandbox", day=day - DAY, due_at=clock.now())

    fetched(day)
    assert shown() == []
    fetched(day - DAY)
    assert shown() == []


def test_money_that_stands_in_two_days_is_paid_twice(days, bills, day):
    payment = days.paid(moment(day))
    bills[day] = bills[day + DAY] = [line_of(payment)]
    fetched(day)
    fetched(day + DAY)
    assert shown() == [("paid_twice", 39_800, 19_900, "open")]
    assert Difference.objects.get().bill.day == day + DAY


def test_a_word_that_comes_late_closes_its_difference(days, bills, day):
    begun = days.begun()
    bills[day] = [line_of(begun, fee=119)]
    around(day)
    assert shown() == [("missing_here", 19_900, 0, "open")]

    days.tell(begun, moment(day))
    reconcile("sandbox", now=clock.now() + DAY)

    assert shown() == [("missing_here", 19_900, 0, "gone")]
    assert books() == {"fees": 119, "receivable:sandbox": 19_781, "revenue": -19_900}


def test_a_refund_on_its_way_is_waited_for(days, bills):
    day = yesterday()
    paid = days.paid(moment(day))
    refund = days.refund(paid, 5_000)
    bills[day] = [line_of(paid), back_of(refund)]
    around(day)
    assert shown() == []
    days.tell_refund(refund, moment(day))
    fetched(day)
    assert shown() == []


def test_a_refund_whose_word_never_comes_is_a_difference(days, bills, day):
    paid = days.paid(moment(day))
    bills[day] = [line_of(paid), back_of(days.refund(paid, 5_000))]
    around(day)
    assert shown() == [("refund_here", -5_000, 0, "open")]


def test_past_orders_never_miss(learner, stranger, bills, day):
    """What a provider took elsewhere stands in no bill; what the sandbox remembers does."""
    course = make_course("stats", price_fen=9_901)
    at = {"placed_at": moment(day), "paid_at": moment(day)}
    import_orders(
        rows=[
            past(learner, course, "A", via="wechat", **at),
            past(stranger, course, "B", via="sandbox", **at),
        ]
    )
    around(day)
    wechat = Bill.objects.create(provider="wechat", day=day)
    keep(wechat.pk, [], now=clock.now())
    compare(wechat.pk)

    assert shown() == []
    assert set(Bill.objects.filter(day=day).values_list("ours_fen", flat=True)) == {0}


def test_past_orders_that_the_sandbox_remembers_agree(learner, day):
    course = make_course("stats", price_fen=9_901)
    at = {"placed_at": moment(day), "paid_at": moment(day)}
    import_orders(rows=[past(learner, course, "B", via="sandbox", **at)])

    bill = fetched(day)

    assert (bill.theirs_fen, bill.ours_fen, bill.fee_fen, shown()) == (9_901, 9_901, 59, [])
    assert books()["fees"] == 59


def test_the_sandboxs_own_bill_agrees_with_what_was_bought_there(learner, monkeypatch):
    bought(learner, make_course("stats", price_fen=19_900))
    today = clock.business_day()
    tomorrow = clock.now() + DAY
    monkeypatch.setattr(clock, "now", lambda: tomorrow)

    assert reconcile("sandbox", now=published_at(today)) == 1

    bill = Bill.objects.get(day=today)
    assert (bill.theirs_fen, bill.ours_fen, bill.fee_fen, shown()) == (19_900, 19_900, 119, [])


def test_a_silent_provider_is_asked_again_ever_more_rarely(days, bills, monkeypatch):
    day = yesterday()
    days.paid(moment(day))
    good = Sandbox.bill

    def silent(*_):
        raise ProviderUnreachable("ACQ.SYSTEM_ERROR")

    monkeypatch.setattr(Sandbox, "bill", silent)
    at = published_at(day)
    assert reconcile("sandbox", now=at - timedelta(seconds=1)) == 0
    assert Bill.objects.get(day=day).tries == 0
    for wait in (30, 60, 120):
        assert reconcile("sandbox", now=at) == 0
        bill = Bill.objects.get(day=day)
        assert (bill.fault, bill.due_at) == ("ACQ.SYSTEM_ERROR", at + timedelta(minutes=wait))
        at = bill.due_at
    assert bill.fetched_at is None and shown() == []

    monkeypatch.setattr(Sandbox, "bill", good)
    bills[day] = [line_of(days.paid(moment(day), 100))]
    assert reconcile("sandbox", now=at) == 1
    bill.refresh_from_db()
    assert (bill.tries, bill.fault, bill.due_at) == (0, "", None)


def test_days_are_wanted_from_the_first_money_on_and_thirty_back_at_most(days, bills):
    now = published_at(yesterday())
    assert plan("sandbox", now=now) == 0
    days.paid(moment(yesterday() - 2 * DAY))
    assert plan("sandbox", now=now) == 3
    assert plan("sandbox", now=now) == 0
    days.paid(moment(yesterday() - 90 * DAY))
    assert plan("sandbox", now=now) == 27
    assert reconcile("sandbox", now=now) == 30


def test_killed_between_fetching_and_comparing_it_goes_on_there(days, bills, day):
    payment = days.paid(moment(day))
    lines = [line_of(payment, fee=119), BillLine("X", "TX", 5, 0)]
    bills[day] = lines
    bill = Bill.objects.create(provider="sandbox", day=day, due_at=clock.now())
    keep(bill.pk, lines, now=clock.now())
    assert (shown(), books().get("fees")) == ([], None)

    reconcile("sandbox")
    reconcile("sandbox")

    assert shown() == [("missing_here", 5, 0, "open")]
    assert (books()["fees"], BillEntry.objects.count()) == (119, 2)
