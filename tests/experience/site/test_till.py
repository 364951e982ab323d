"""The pretended till, and where providers tell what became of payments."""

import json

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.factories import make_course, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.registry import find
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import NotProved
from zhiyue.product.commerce.models import Order, Posting, ProviderNotice, SandboxTrade
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.providers.protocol import Notice

pytestmark = pytest.mark.django_db
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def a_payment(user, course):
    actor = Actor(member_id=user.pk)
    order = place(user=user, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)
    ways = {"provider": "sandbox", "channel": "page", "notify_at": "/"}
    return begin(user=user, order_number=order.number, returns_to=f"/orders/{order.number}/", **ways)


@pytest.fixture
def payment(learner, course):
    return a_payment(learner, course)


def work_off():
    """What a worker would do, whatever the time."""
    for job in Job.objects.filter(name="commerce.sandbox_tell").order_by("claimable_at", "pk"):
        find(job.name)(**job.kwargs)


def status():
    return Order.objects.get().status


def test_the_till_says_that_it_is_pretended_and_opens_to_whoever_has_the_number(english, payment):
    page = english.get(f"/pay/sandbox/{payment.number}/")
    assert page.status_code == 200
    assert "no money moves" in page.content.decode() and "¥99" in page.content.decode()
    assert english.get("/pay/sandbox/P000/").status_code == 404


def test_there_is_no_till_where_no_sandbox_is_offered(english, payment, settings):
    settings.ZHIYUE_PAYMENT_PROVIDERS = []

    assert english.get(f"/pay/sandbox/{payment.number}/").status_code == 404
    assert english.post(f"/pay/sandbox/{payment.number}/", {"deed": "pay"}).status_code == 404
    assert SandboxTrade.objects.get().state == "waiting"


def test_paying_leads_back_to_the_order_and_the_queue_tells(signed_in, learner, payment):
    answer = signed_in(learner).post(f"/pay/sandbox/{payment.number}/", {"deed": "pay"})

    assert answer["Location"] == f"/orders/{payment.order.number}/"
    assert status() == "created"
    work_off()
    assert status() == "paid"


def test_who_isnt_signed_in_stays_at_the_till(english, payment):
    answer = english.post(f"/pay/sandbox/{payment.number}/", {"deed": "pay"})

    assert answer["Location"] == f"/pay/sandbox/{payment.number}/"
    page = english.get(answer["Location"]).content.decode()
    assert "as far as pretending goes" in page and 'name="deed"' not in page


@pytest.mark.parametrize(
    ("deed", "telling", "paid", "jobs"),
    [
        ("pay", "once", "paid", 1),
        ("pay", "twice", "paid", 2),
        ("pay", "wrong_order", "paid", 2),
        ("pay", "never", "created", 0),
        ("pay", "nonsense", "paid", 1),
        ("fail", "once", "created", 1),
        ("leave", "once", "created", 1),
    ],
)
def test_however_it_is_told_an_order_is_paid_once(english, payment, deed, telling, paid, jobs):
    english.post(f"/pay/sandbox/{payment.number}/", {"deed": deed, "telling": telling})

    assert Job.objects.filter(name="commerce.sandbox_tell").count() == jobs
    work_off()
    work_off()
    assert status() == paid
    assert Posting.objects.count() == (2 if paid == "paid" else 0)


@pytest.mark.parametrize(("late", "seconds"), [("60", 60), ("121", 120), ("-5", 0), ("x", 0), ("", 0)])
def test_the_till_tells_as_late_as_it_was_asked_to(english, payment, late, seconds):
    before = clock.now()
    english.post(f"/pay/sandbox/{payment.number}/", {"deed": "pay", "late": late})

    job = Job.objects.get(name="commerce.sandbox_tell")
    assert seconds - 1 <= (job.claimable_at - before).total_seconds() <= seconds + 30


def test_a_button_pressed_twice_tells_once(english, payment):
    english.post(f"/pay/sandbox/{payment.number}/", {"deed": "pay"})
    again = english.post(f"/pay/sandbox/{payment.number}/", {"deed": "fail"})

    assert again.status_code == 409
    assert SandboxTrade.objects.get().state == "paid"
    assert Job.objects.filter(name="commerce.sandbox_tell").count() == 1


def test_a_button_there_isnt_does_nothing(english, payment):
    assert english.post(f"/pay/sandbox/{payment.number}/", {"deed": "steal"}).status_code == 200
    assert SandboxTrade.objects.get().state == "waiting"


def test_a_form_of_another_site_presses_nothing(payment):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"/pay/sandbox/{payment.number}/", {"deed": "pay"}).status_code == 403
    assert SandboxTrade.objects.get().state == "waiting"


def told(notice, path="/pay/notify/sandbox/"):
    headers = {name.lower(): value for name, value in notice.headers.items()}
    strict = Client(enforce_csrf_checks=True)
    return strict.post(path, notice.body, content_type="application/json", headers=headers)


def test_a_notice_is_taken_and_answered_as_the_provider_wants(payment):
    answer = told(sandbox.press(payment.number, "pay"))

    assert (answer.status_code, answer.content) == (200, b"success")
    assert status() == "paid"


def test_what_isnt_proved_isnt_believed(payment):
    notice = sandbox.press(payment.number, "pay")

    forged = Notice(headers={sandbox.SIGNATURE: "0" * 64}, query={}, body=notice.body)
    assert told(forged).status_code == 400
    assert told(notice, "/pay/notify/nobody/").status_code == 404
    assert Client().get("/pay/notify/sandbox/").status_code == 405
    long = Notice(headers=notice.headers, query={}, body=b" " * 70_000)
    assert told(long).status_code == 413
    assert status() == "created"
    assert not ProviderNotice.objects.exists()


def signed(body):
    return Notice(headers={sandbox.SIGNATURE: sandbox._signed(body)}, query={}, body=body)


GOOD = {
    "event": "P1:paid",
    "kind": "paid",
    "number": "P1",
    "amount_fen": 100,
    "provider_number": "SB1",
    "at": "2026-11-29T12:00:00+08:00",
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


class Fuzzed(TestCase):
    """Whatever is sent, it is answered, and nobody gets a right without money."""

    @classmethod
    def setUpTestData(cls):
        cls.payment = a_payment(make_member("fuzz@test.example"), make_course("fuzz", price_fen=9900))

    def unmoved(self):
        assert Order.objects.get().status == "created"
        assert not Posting.objects.exists()

    @FEW
    @given(
        body=st.binary(max_size=300),
        signature=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=70),
        provider=st.sampled_from(["sandbox", "alipay", "x"]),
        query=st.text(st.characters(codec="latin-1"), max_size=20),
    )
    def test_unsigned(self, body, signature, provider, query):
        strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
        answer = strict.generic(
            "POST", f"/pay/notify/{provider}/", body, QUERY_STRING=query, HTTP_X_SANDBOX_SIGNATURE=signature
        )
        assert answer.status_code == (400 if provider == "sandbox" else 404)
        self.unmoved()

    @FEW
    @given(said=anything | st.binary(max_size=40))
    def test_signed_nonsense(self, said):
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        assert told(signed(body)).status_code == 400
        self.unmoved()

    @FEW
    @given(field=st.sampled_from(sorted(GOOD)), value=anything)
    def test_signed_with_one_thing_wrong(self, field, value):
        body = json.dumps({**GOOD, field: value}).encode()
        answer = told(signed(body))
        assert answer.status_code in (200, 400)
        self.unmoved()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event", "x" * 81), ("event", "a\0"), ("kind", "refunded"), ("kind", ["paid"]), ("amount_fen", True),
        ("amount_fen", 2**31), ("amount_fen", -1), ("at", "2026-11-29"), ("at", "2026-11-29T12:00:00"),
        ("number", None),
    ],
)  # fmt: skip
def test_what_a_signed_notice_may_not_say(field, value):
    with pytest.raises(NotProved):
        sandbox.Sandbox().read(signed(json.dumps({**GOOD, field: value}).encode()))


def test_a_notice_nested_beyond_reading_isnt_read():
    with pytest.raises(NotProved):
        sandbox.Sandbox().read(signed(b"[" * 50_000))
