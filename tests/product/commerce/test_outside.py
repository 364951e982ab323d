"""What other systems are told of orders and rights: each fact once, with what the docs show of it."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.factories import make_course
from tests.product.commerce.test_paying import begun, ordered
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.sealing import seal
from zhiyue.core.jobs.facts import announce
from zhiyue.core.jobs.models import Job, Reacted
from zhiyue.core.jobs.worker import run_due
from zhiyue.facilities.webhooks.delivery import PURPOSE
from zhiyue.facilities.webhooks.models import Delivery, Endpoint
from zhiyue.facilities.webhooks.topics import topics
from zhiyue.product.commerce import journal
from zhiyue.product.commerce.facts import OrderRefunded
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.orders import cancel, expire
from zhiyue.product.commerce.outside import TOLD
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.services import enrol_free, grant_course, import_enrolments

DOCS = Path(__file__).resolve().parents[3] / "docs/webhooks.md"
pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", title="统计学的直觉", price_fen=19_900)


@pytest.fixture(autouse=True)
def everything_is_told(db):
    """To somebody who is paused, so that nothing is sent."""
    return Endpoint.objects.create(
        address="https://hooks.example.com/",
        topics=list(topics()),
        secret=seal("whsec_AAAA", purpose=PURPOSE),
        paused_at="2026-01-01T00:00Z",
        paused_why="staff",
    )


def told():
    run_due()
    return [json.loads(row.body) for row in Delivery.objects.order_by("pk")]


def test_an_order_that_is_placed_and_paid_is_told_step_by_step(learner, course):
    order = ordered(learner, course)
    receive("sandbox", sandbox.press(begun(learner, order).number, "pay"))
    messages = {one["type"]: one for one in told()}

    assert sorted(messages) == ["course.opened", "order.paid", "order.placed"]
    order.refresh_from_db()
    paid = messages["order.paid"]
    assert paid["timestamp"] == paid["data"]["paid_at"]
    assert {**paid["data"], "paid_at": None, "placed_at": None} == {
        "order": order.number,
        "status": "fulfilled",
        "member": learner.pk,
        "offer": f"course:{course.pk}",
        "title": "统计学的直觉",
        "total_fen": 19_900,
        "refunded_fen": 0,
        "currency": "CNY",
        "placed_at": None,
        "paid_at": None,
        "courses": [{"id": course.pk, "slug": "stats", "title": "统计学的直觉", "total_fen": 19_900}],
    }
    assert messages["order.placed"]["timestamp"] == paid["data"]["placed_at"]
    assert messages["course.opened"]["data"] == {
        "member": learner.pk,
        "how": "paid",
        "order": order.number,
        "course": {"id": course.pk, "slug": "stats", "title": "统计学的直觉"},
    }


def test_a_fact_that_is_delivered_twice_makes_one_message(learner, course):
    ordered(learner, course)
    run_due()
    (row,) = Delivery.objects.all()
    (job,) = Job.objects.filter(name="commerce.tell_outside")
    # As if the worker had died after the work; and as if the ledger of reactions had been lost as well.
    again = {"state": "waiting", "claimable_at": job.enqueued_at, "finished_at": None, "lane": None}
    Job.objects.filter(pk=job.pk).update(**again)
    run_due()
    Reacted.objects.all().delete()
    Job.objects.filter(pk=job.pk).update(**again)
    run_due()
    assert [one.message_id for one in Delivery.objects.all()] == [row.message_id]


def test_two_refunds_of_the_same_amount_are_two_messages(learner, course):
    order = ordered(learner, course)
    receive("sandbox", sandbox.press(begun(learner, order).number, "pay"))
    run_due()
    order.refresh_from_db()
    for so_far in (100, 200):
        order.refunded_fen = so_far
        journal.move(order, Order.Status.PARTLY_REFUNDED, why="refunded", also=["refunded_fen"])
        announce(OrderRefunded(order.pk, amount_fen=100))
    refunds = [one for one in told() if one["type"] == "order.refunded"]
    assert [one["data"]["amount_fen"] for one in refunds] == [100, 100]
    assert refunds[-1]["data"]["refunded_fen"] == 200


def test_an_order_that_ends_unpaid_is_told_once_however_it_ends(learner, stranger, course):
    late, unwanted = ordered(learner, course), ordered(stranger, course)
    for _ in range(2):
        cancel(user=stranger, number=unwanted.number, actor=Actor(member_id=stranger.pk))
        expire(now=late.expires_at + timedelta(seconds=1))
    ended = [(one["type"], one["data"]["order"]) for one in told() if one["type"] != "order.placed"]
    assert sorted(ended) == [("order.cancelled", unwanted.number), ("order.expired", late.number)]


def test_a_course_that_becomes_somebodys_is_told_and_history_is_not(learner, stranger, operator, course):
    free = make_course("free")
    actor = Actor(member_id=learner.pk)
    assert enrol_free(user=learner, course=free, actor=actor)
    assert not enrol_free(user=learner, course=free, actor=actor)
    grant_course(user=stranger, course=course)
    import_enrolments(rows=[(operator.pk, course.pk, course.published_at)])
    assert [(one["data"]["how"], one["data"]["member"], one["data"]["order"]) for one in told()] == [
        ("free", learner.pk, None),
        ("granted", stranger.pk, None),
    ]


def test_who_they_are_is_not_sent_around(learner, course):
    order = ordered(learner, course)
    receive("sandbox", sandbox.press(begun(learner, order).number, "pay"))
    told()
    bodies = "".join(Delivery.objects.values_list("body", flat=True))
    assert learner.email not in bodies and learner.display_name not in bodies


def test_the_docs_show_each_topic_as_it_is_told(learner, stranger, course):
    order = ordered(learner, course)
    receive("sandbox", sandbox.press(begun(learner, order).number, "pay"))
    announce(OrderRefunded(order.pk, amount_fen=100))
    late = ordered(stranger, course)
    expire(now=late.expires_at)
    late = ordered(stranger, course)
    cancel(user=stranger, number=late.number, actor=Actor(member_id=stranger.pk))
    messages = {one["type"]: one for one in told()}
    assert set(messages) == {name for name, _ in TOLD.values()} == set(topics())

    text = DOCS.read_text(encoding="utf-8")
    shown = [json.loads(one) for one in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    examples = {one["type"]: one for one in shown}
    assert set(examples) == set(topics())
    for name, example in examples.items():
        assert shape(example) == shape(messages[name]), name


def shape(value):
    """The names in a message, and what kind of thing each holds."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return [shape(value[0])] if isinstance(value, list) else type(value)
