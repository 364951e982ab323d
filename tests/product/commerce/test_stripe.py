"""Stripe's twin, held against the documented protocol: what it asks, and what of what it is told it believes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st

from tests.factories import make_course
from tests.product.commerce.fakes.serving import GARBAGE, Said
from tests.product.commerce.fakes.stripe import SECRET, fake_stripe, signature
from tests.product.commerce.trying import RETURNS_TO, begun, books, given_back, ordered
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import NotProved, ProviderUnreachable
from zhiyue.product.commerce.models import OrderStep, Payment, Posting, ProviderNotice, Refund
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import account
from zhiyue.product.commerce.providers.protocol import BillLine, Notice
from zhiyue.product.commerce.providers.stripe import Stripe
from zhiyue.product.commerce.pursuing import ask_after

pytestmark = pytest.mark.django_db

# A busy machine draws slowly, and what reads notices keeps nothing between them.
LENIENT = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture
def stripe(settings):
    with fake_stripe(settings) as fake:
        yield fake


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_990)


def paid(stripe, learner, course):
    payment = begun(learner, ordered(learner, course), "stripe", "checkout")
    receive("stripe", stripe.pay(payment.number))
    payment.refresh_from_db()
    return payment


def test_a_page_to_pay_on_is_opened_and_asked_again_the_same(stripe, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "stripe", "checkout")

    assert (payment.shown["way"], payment.shown["value"]) == (
        "go",
        "https://checkout.stripe.com/c/pay/cs_test_0",
    )
    session = stripe.session_of(payment.number)
    assert (session["amount_total"], session["currency"]) == (19_990, "cny")
    assert session["success_url"] == RETURNS_TO
    payment.shown = {}
    payment.save()
    assert begun(learner, order, "stripe", "checkout").shown["value"].endswith("cs_test_0")
    assert len(stripe.sessions) == 1


def test_paid_is_told_before_the_buyer_comes_back_and_once(stripe, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "stripe", "checkout")
    notice = stripe.pay(payment.number)

    for _ in range(2):
        answer = receive("stripe", notice)
        assert (answer.status, answer.body) == (200, "taken")
    receive("stripe", stripe.notice(payment.number, "checkout.session.async_payment_succeeded"))

    order.refresh_from_db()
    payment.refresh_from_db()
    assert order.status == "paid"
    assert payment.provider_number == "pi_cs_test_0"
    assert books() == {"receivable:stripe": 19_990, "revenue": -19_990}
    kept = ProviderNotice.objects.get().told
    assert kept["payment_status"] == "paid"
    assert "lin@" not in str(kept) and "小林" not in str(kept)


def test_a_notice_that_isnt_signed_just_now_by_our_secret_opens_nothing(stripe, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "stripe", "checkout")
    notice = stripe.pay(payment.number)
    at, mac = notice.headers["Stripe-Signature"].split(",")[:2]

    for forged in (
        stripe.sent(notice.body, late_seconds=301),
        stripe.sent(notice.body, late_seconds=-301),
        stripe.sent(notice.body, secret="whsec_another"),
        stripe.sent(notice.body, scheme="v0"),
        replace(notice, headers={}),
        replace(notice, body=notice.body.replace(b"19990", b"1")),
        replace(notice, body=b""),
        *(
            replace(notice, headers={"Stripe-Signature": header})
            for header in (
                "",
                "t=,v1=",
                at,
                mac,
                f"t=1,{mac}",
                f"{at},v1=ä",
                f"t=now,{mac}",
                f"t={'9' * 400},{mac}",
            )
        ),
    ):
        with pytest.raises(NotProved):
            receive("stripe", forged)

    order.refresh_from_db()
    assert order.status == "created"
    assert not ProviderNotice.objects.exists()


def test_while_the_secret_is_changed_one_of_two_signatures_suffices(stripe, learner, course):
    payment = begun(learner, ordered(learner, course), "stripe", "checkout")
    body = stripe.pay(payment.number).body
    at = int(clock.now().timestamp())
    header = f"t={at},v1={signature('whsec_old', at, body)},v1={signature(SECRET, at, body)}"

    assert Stripe().read(Notice(headers={"stripe-signature": header}, query={}, body=body)).kind == "paid"


@pytest.mark.parametrize(
    "changed",
    [
        {"currency": "usd"},
        {"amount_total": "19990"},
        {"amount_total": True},
        {"amount_total": 0},
        {"client_reference_id": None},
        {"client_reference_id": "P" * 65},
        {"client_reference_id": "\ud800"},
        {"payment_intent": None},
        {"payment_status": []},
        {"livemode": True},
    ],
)
def test_a_signed_notice_of_something_else_isnt_believed(stripe, learner, course, changed):
    payment = begun(learner, ordered(learner, course), "stripe", "checkout")
    stripe.pay(payment.number)
    if changed == {"payment_status": []}:
        assert Stripe().read(stripe.notice(payment.number, **changed)).kind == "waiting"
        return

    with pytest.raises(NotProved):
        receive("stripe", stripe.notice(payment.number, **changed))
    assert not ProviderNotice.objects.exists()


def test_an_event_of_the_other_mode_or_of_another_account_isnt_ours(stripe, settings, learner, course):
    payment = begun(learner, ordered(learner, course), "stripe", "checkout")
    event = json.loads(stripe.pay(payment.number).body)

    for changed in ({"livemode": True}, {"account": "acct_other"}):
        with pytest.raises(NotProved):
            receive("stripe", stripe.told(event | changed))
    settings.ZHIYUE_STRIPE_SECRET_KEY = "sk_live_51academy"
    with pytest.raises(NotProved):
        receive("stripe", stripe.told(event))


def test_a_wrong_amount_an_unknown_event_and_another_order_pay_nothing(stripe, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "stripe", "checkout")
    stripe.pay(payment.number)

    receive("stripe", stripe.told({"id": "evt_9", "type": "customer.created", "data": {"object": {}}}))
    receive("stripe", stripe.notice(payment.number, status="dreaming", payment_status="dreaming"))
    receive("stripe", stripe.notice(payment.number, client_reference_id="P261120XXXXXXXXXX"))
    receive("stripe", stripe.notice(payment.number, amount_total=1))

    order.refresh_from_db()
    assert order.status == "created"
    outcomes = ProviderNotice.objects.order_by("pk").values_list("kind", "outcome")
    assert list(outcomes) == [
        ("unknown", "no_such_payment"),
        ("unknown", "nothing_to_do"),
        ("paid", "no_such_payment"),
        ("paid", "wrong_amount"),
    ]
    steps = OrderStep.objects.filter(order=order).order_by("pk").values_list("why", flat=True)
    assert list(steps) == ["placed", "wrong_amount", "paid_too_much"]
    # What came is owed back, and is the order's no more than before.
    accounts = dict(Posting.objects.values_list("account", "amount_fen"))
    assert accounts == {"receivable:stripe": 1, f"owed:{order.number}": -1}
    owed = Refund.objects.get(order=order)
    assert (owed.cause, owed.status, owed.amount_fen) == ("owed", "approved", 1)
    assert not order.paid_at


def test_a_payment_that_takes_days_waits_and_may_fail(stripe, learner, course):
    payment = begun(learner, ordered(learner, course), "stripe", "checkout")

    receive("stripe", stripe.notice(payment.number, status="complete"))
    payment.refresh_from_db()
    assert payment.status == "begun"
    receive(
        "stripe", stripe.notice(payment.number, "checkout.session.async_payment_failed", status="complete")
    )
    payment.refresh_from_db()
    assert payment.status == "failed"


def test_a_notice_that_never_comes_is_asked_for(stripe, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order, "stripe", "checkout")
    soon = clock.now() + timedelta(seconds=30)

    assert ask_after(now=soon) == 0
    notice = stripe.pay(payment.number)
    assert ask_after(now=soon + timedelta(minutes=3)) == 1

    order.refresh_from_db()
    assert order.status == "paid"
    receive("stripe", notice)
    assert ProviderNotice.objects.count() == 1
    assert Stripe().ask("P0").kind == "unknown"


def test_a_page_that_was_opened_without_our_hearing_of_it_is_found_by_our_number(stripe, learner, course):
    for n in range(5):
        begun(learner, ordered(learner, make_course(f"other{n}", price_fen=19_990)), "stripe", "checkout")
    order = ordered(learner, course)
    stripe.is_lost = True
    with pytest.raises(ProviderUnreachable):
        begun(learner, order, "stripe", "checkout")
    stripe.is_lost = False
    payment = Payment.objects.get(order=order)
    stripe.pay(payment.number)

    told = Stripe().ask(payment.number)

    assert (told.kind, told.number, told.amount_fen) == ("paid", payment.number, 19_990)
    Payment.objects.filter(pk=payment.pk).update(number="P9")
    assert Stripe().ask("P9").kind == "unknown"


def test_closing_takes_no_money_any_more_and_twice_is_nothing(stripe, learner, course):
    payment = begun(learner, ordered(learner, course), "stripe", "checkout")

    Stripe().close("P0")
    Stripe().close(payment.number)
    Stripe().close(payment.number)
    assert Stripe().ask(payment.number).kind == "closed"
    stripe.pay(payment.number)
    Stripe().close(payment.number)
    assert Stripe().ask(payment.number).kind == "paid"
    Payment.objects.filter(pk=payment.pk).update(shown={"values": {"session": "cs_gone"}})
    assert Stripe().ask(payment.number).kind == "unknown"


def test_a_refund_asked_for_again_gives_back_once_even_after_stripe_forgot(stripe, learner, course):
    payment = paid(stripe, learner, course)
    for n in range(5):
        Stripe().give_back(given_back(payment, 100, f"R0{n}"))
    wanted = given_back(payment, 9_995)

    assert Stripe().ask_refund(wanted).kind == "unknown"
    first = Stripe().give_back(wanted)
    stripe.asked_before.clear()
    second = Stripe().give_back(replace(wanted, provider_number=""))

    assert first == second
    assert (first.kind, first.number, first.amount_fen) == ("refunded", "R1", 9_995)
    assert first.at == datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    assert [one["amount"] for one in stripe.refunds] == [100] * 5 + [9_995]
    event = {"type": "refund.updated", "data": {"object": stripe.refunds[-1]}}
    assert Stripe().read(stripe.told(event)) == first


@pytest.mark.parametrize(
    ("status", "kind"), [("pending", "refunding"), ("failed", "refund_failed"), ("?", "unknown")]
)
def test_each_state_of_a_refund_has_its_word(stripe, learner, course, status, kind):
    payment = paid(stripe, learner, course)
    stripe.refund_status = status

    assert Stripe().give_back(given_back(payment, 100)).kind == kind


def test_what_stripe_refuses_is_told_in_words(stripe, learner, course):
    payment = paid(stripe, learner, course)

    stripe.refusal = (400, "balance_insufficient")
    with pytest.raises(ProviderUnreachable, match="补足"):
        Stripe().give_back(given_back(payment, 100))
    stripe.refusal = (400, "amount_too_small")
    with pytest.raises(ProviderUnreachable, match="amount_too_small"):
        Stripe().give_back(given_back(payment, 100))
    stripe.refusal = (429, "rate_limit")
    with pytest.raises(ProviderUnreachable, match="暂时"):
        Stripe().ask(payment.number)


NONSENSE = [Said(500, b"oops"), Said(302, b"", {"Location": "/"}), *(Said(body=one) for one in GARBAGE)]


@pytest.mark.parametrize("answer", NONSENSE)
def test_a_server_that_talks_nonsense_is_unreachable(stripe, learner, course, answer):
    payment = paid(stripe, learner, course)
    stripe.server.fault = answer
    today = clock.business_day()

    asks = [
        lambda: Stripe().ask(payment.number),
        lambda: Stripe().close(payment.number),
        lambda: Stripe().give_back(given_back(payment, 100)),
        lambda: begun(learner, ordered(learner, make_course("more", price_fen=100)), "stripe", "checkout"),
    ]
    for ask in asks:
        with pytest.raises(ProviderUnreachable):
            ask()
    with pytest.raises(ProviderUnreachable):
        list(Stripe().bill(clock.days_before(today, 1)))


@pytest.mark.parametrize("fault", ["slow", "broken"])
def test_a_server_that_doesnt_end_is_waited_for_no_longer_than_said(
    stripe, learner, course, monkeypatch, fault
):
    payment = begun(learner, ordered(learner, course), "stripe", "checkout")
    monkeypatch.setattr(account, "TIMEOUT_SECONDS", 0.2)
    stripe.server.fault = fault
    start = clock.now()

    with pytest.raises(ProviderUnreachable):
        Stripe().ask(payment.number)
    assert clock.now() - start < timedelta(seconds=5)


def test_nobody_listens(stripe, settings, learner, course):
    payment = begun(learner, ordered(learner, course), "stripe", "checkout")
    settings.ZHIYUE_STRIPE_ENDPOINT = "http://127.0.0.1:9"

    with pytest.raises(ProviderUnreachable):
        Stripe().ask(payment.number)


def moved(n, kind, amount, fee, source, created, currency="cny", rate=None):
    of = {"id": f"src_{n}", "currency": "cny", "metadata": {}, **source} if source is not None else None
    return {
        "id": f"txn_{n}",
        "object": "balance_transaction",
        "type": kind,
        "amount": amount,
        "fee": fee,
        "created": created,
        "currency": currency,
        "exchange_rate": rate,
        "source": of,
    }


def test_the_bill_of_a_day_is_what_moved_the_balance(stripe):
    day = clock.days_before(clock.business_day(), 1)
    at = int(clock.day_start(day).timestamp())
    ours = {"payment_intent": "pi_1", "metadata": {"number": "P1"}, "amount": 19_990}
    back = {"payment_intent": "pi_1", "metadata": {"number": "P1", "refund_number": "R1"}, "amount": 10_000}
    stripe.moved = [
        moved(1, "charge", 19_990, 680, ours, at),
        moved(2, "charge", 21_989, 780, ours | {"payment_intent": "pi_2"}, at + 1, "hkd", 1.1),
        moved(3, "refund", -10_000, 0, back, at + 2),
        moved(4, "payout", -9_000, 0, None, at + 3),
        moved(5, "charge", 500, 30, {"currency": "usd", "amount": 500}, at + 4, "usd"),
        moved(6, "adjustment", -19_990, 1_500, {"payment_intent": "pi_1", "amount": 19_990}, at + 86_399),
        moved(7, "charge", 1, 0, ours, at + 86_400),
        moved(8, "charge", 1, 0, ours, at - 1),
    ]

    assert list(Stripe().bill(day)) == [
        BillLine("P1", "pi_1", 19_990, 680),
        BillLine("P1", "pi_2", 19_990, 709),
        BillLine("P1", "pi_1", -10_000, 0, "R1"),
        BillLine("", "pi_1", -19_990, 1_500),
    ]
    with pytest.raises(ProviderUnreachable, match="账单"):
        Stripe().bill(clock.business_day())
    stripe.moved = [moved(1, "charge", 100, 1, ours, at, "hkd", None)]
    with pytest.raises(ProviderUnreachable):
        Stripe().bill(day)


_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=70))
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner)
)
_FUZZ = fuzzing(max_examples=60, deadline=None, suppress_health_check=LENIENT)


@_FUZZ
@given(
    header=st.one_of(st.text(max_size=80), st.from_regex(r"t=\d{1,12},v1=\w{0,64}")),
    body=st.binary(max_size=200),
)
def test_no_notice_at_all_does_more_than_be_refused(stripe, header, body):
    with pytest.raises(NotProved):
        Stripe().read(Notice(headers={"Stripe-Signature": header}, query={}, body=body))


@_FUZZ
@given(whole=_JSON)
def test_signed_nonsense_is_refused(stripe, whole):
    with pytest.raises(NotProved):
        Stripe().read(stripe.sent(json.dumps(whole).encode()))


@_FUZZ
@given(
    kind=st.sampled_from(["checkout.session.completed", "checkout.session.expired", "refund.updated", "?"]),
    said=st.fixed_dictionaries(
        {"livemode": st.just(False)},
        optional={
            "client_reference_id": _JSON, "payment_status": st.sampled_from(["paid", "unpaid", "?"]), "status": _JSON,
            "amount_total": _JSON, "currency": st.just("cny"), "payment_intent": _JSON, "id": _JSON,
            "metadata": st.one_of(_JSON, st.fixed_dictionaries({"refund_number": _JSON})), "created": _JSON,
            "amount": st.integers(),
        },
    ),
)  # fmt: skip
def test_signed_half_sense_is_told_or_refused(stripe, kind, said):
    try:
        told = Stripe().read(stripe.told({"type": kind, "data": {"object": said}}))
    except NotProved:
        return
    assert len(told.key) <= 128
    json.dumps(dict(told.words)).encode()


def test_what_is_missing_is_told_by_name(stripe, settings, monkeypatch):
    assert Stripe().faults() == []
    settings.ZHIYUE_STRIPE_SECRET_KEY, settings.ZHIYUE_STRIPE_WEBHOOK_SECRET = "", "we_1"
    assert [fault.partition(" ")[0] for fault in Stripe().faults()] == [
        "ZHIYUE_STRIPE_SECRET_KEY",
        "ZHIYUE_STRIPE_WEBHOOK_SECRET",
    ]
    monkeypatch.setattr(account, "find_spec", lambda name: None)
    assert "Its library isn't installed: pip install 'zhiyue[payments]'" in Stripe().faults()


def test_no_secret_is_written_to_the_log(stripe, settings, learner, course, caplog):
    stripe.refusal = (401, "api_key_invalid")
    with caplog.at_level("DEBUG"), pytest.raises(ProviderUnreachable):
        begun(learner, ordered(learner, course), "stripe", "checkout")
    assert "api_key_invalid" in caplog.text
    assert settings.ZHIYUE_STRIPE_SECRET_KEY not in caplog.text
