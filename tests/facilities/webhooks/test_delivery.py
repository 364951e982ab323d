"""From a fact to somebody else's server: once where all goes well, again where it doesn't, and in the end no more."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import new as hmac

import pytest
from django.db import transaction

from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.facilities.webhooks import delivery as delivering
from zhiyue.facilities.webhooks import endpoints, sending
from zhiyue.facilities.webhooks.delivery import FIRST_PAUSE, LONGEST_PAUSE, TRIES, forget_old, pause_after
from zhiyue.facilities.webhooks.endpoints import make_endpoint, pause, resume
from zhiyue.facilities.webhooks.models import Delivery, Endpoint, Outcome
from zhiyue.facilities.webhooks.services import tell
from zhiyue.facilities.webhooks.tasks import look_after
from zhiyue.facilities.webhooks.topics import UnknownTopicError

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 1, 10, 0, 0, 123_456, tzinfo=UTC)


def fell(once="shelf 1", topic="shelf.fallen"):
    return tell(topic, {"shelf": 1, "words": "架子"}, at=AT, once=once)


@pytest.fixture
def no_chance(monkeypatch):
    """Pauses without their jitter."""
    monkeypatch.setattr(delivering, "JITTER", 0.0)


def verified(request, secret):
    signed = (
        f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    )
    key = b64decode(secret.removeprefix("whsec_"))
    wanted = "v1," + b64encode(hmac(key, signed, sha256).digest()).decode()
    return wanted in request.headers["webhook-signature"].split(" ")


def test_what_is_told_arrives_signed(there, viewer, set_clock):
    made, secret = make_endpoint(viewer=viewer, address=there.address, wanted=["shelf.fallen"])
    message_id = fell()
    assert there.requests == []
    run_due()

    (request,) = there.requests
    assert json.loads(request.body) == {
        "type": "shelf.fallen",
        "timestamp": "2026-03-01T10:00:00.123Z",
        "data": {"shelf": 1, "words": "架子"},
    }
    assert request.headers["webhook-id"] == message_id
    assert request.headers["webhook-timestamp"] == str(int(set_clock.moment.timestamp()))
    assert verified(request, secret)
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.outcome, row.status, row.answer) == (
        "delivered", 1, "taken", 200, "thanks",
    )  # fmt: skip
    assert (row.due_at, row.tried_at) == (None, set_clock.moment)
    made.refresh_from_db()
    assert (made.delivered_at, made.failing_since) == (set_clock.moment, None)
    assert not Job.objects.filter(state__in=["waiting", "dead"]).exists()


def test_the_same_occasion_is_one_message_and_goes_out_once(there, endpoint):
    assert fell() == fell()
    run_due()
    assert fell() == there.ids[0]
    run_due()
    assert len(there.requests) == Delivery.objects.count() == 1
    assert fell("shelf 2") != there.ids[0]
    run_due()
    assert len(there.requests) == 2


def test_only_who_asked_for_a_topic_is_told(there, endpoint, viewer):
    both, _ = make_endpoint(
        viewer=viewer, address=f"{there.address}&both", wanted=["shelf.fallen", "book.burnt"]
    )
    fell("book 1", topic="book.burnt")
    run_due()
    assert [row.endpoint for row in Delivery.objects.all()] == [both]
    assert [one.path for one in there.requests] == ["/hooks?key=k&both"]


def test_one_message_has_the_same_id_for_everybody(there, endpoint, viewer):
    make_endpoint(viewer=viewer, address=f"{there.address}&2", wanted=["shelf.fallen"])
    message_id = fell()
    run_due()
    assert there.ids == [message_id, message_id]


def test_what_is_rolled_back_was_never_told(there, endpoint):
    with pytest.raises(RuntimeError), transaction.atomic():
        fell()
        raise RuntimeError
    run_due()
    assert there.requests == []
    assert not Delivery.objects.exists()


def test_a_topic_that_nobody_offers_is_an_error(endpoint):
    with pytest.raises(UnknownTopicError):
        fell(topic="shelf.flown")
    assert not Delivery.objects.exists()


def test_what_failed_is_tried_again_ever_more_rarely_for_a_day_and_given_up(
    there, endpoint, set_clock, no_chance
):
    there.status = 500
    fell()
    run_due()
    begun, waits = set_clock.moment, []
    while (row := Delivery.objects.get()).state == "failed":
        assert row.attempts == len(waits) + 1
        waits.append((row.due_at - set_clock.moment).total_seconds())
        set_clock.moment = row.due_at - timedelta(seconds=1)
        run_due()
        assert len(there.requests) == row.attempts
        set_clock.moment = row.due_at
        run_due()
    assert waits == [10, 40, 160, 640, 2560, 10_240, 21_600, 21_600, 21_600]
    assert (row.state, row.attempts, row.due_at, row.outcome, row.status) == (
        "given_up", TRIES, None, "refused", 500,
    )  # fmt: skip
    assert timedelta(hours=20) < set_clock.moment - begun < timedelta(hours=26)
    assert len(set(there.ids)) == 1 and len(there.ids) == TRIES
    set_clock.go_on(timedelta(days=2))
    run_due()
    assert len(there.requests) == TRIES


def test_pauses_are_spread(set_clock):
    first = {pause_after(1) for _ in range(200)}
    assert len(first) > 100
    assert FIRST_PAUSE * 0.8 <= min(first) < FIRST_PAUSE < max(first) <= FIRST_PAUSE * 1.2
    assert pause_after(TRIES) <= LONGEST_PAUSE * 1.2


def test_each_try_is_signed_anew_with_its_own_time(there, endpoint, set_clock, no_chance):
    there.status = 503
    fell()
    run_due()
    there.status = 200
    set_clock.go_on(timedelta(seconds=10))
    run_due()
    first, second = there.requests
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 10
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert first.body == second.body
    assert Delivery.objects.get().state == "delivered"
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)


def test_a_message_that_is_refused_keeps_no_other_back(there, endpoint, set_clock):
    there.status = 422
    fell("bad")
    run_due()
    there.status = 200
    fell("good")
    run_due()
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["delivered", "failed"]


def away(monkeypatch):
    """Nobody answers at the other side, as one who asks sees it, without waiting for it."""
    tried = []

    def post(address, body, headers):
        tried.append(headers["webhook-id"])
        return sending.Answer(Outcome.LATE)

    monkeypatch.setattr(sending, "post", post)
    return tried


def test_an_endpoint_that_is_away_costs_one_try_however_much_waits(endpoint, set_clock, monkeypatch):
    tried = away(monkeypatch)
    for n in range(20):
        fell(f"shelf {n}")
    run_due()
    assert len(tried) == 1
    endpoint.refresh_from_db()
    assert endpoint.rests_until == set_clock.moment + timedelta(seconds=10)
    gaps = []
    for _ in range(9):
        endpoint.refresh_from_db()
        gaps.append((endpoint.rests_until - set_clock.moment).total_seconds())
        set_clock.moment = endpoint.rests_until
        run_due()
        assert len(tried) == len(gaps) + 1
    assert gaps == [10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_when_it_is_back_all_that_waits_is_sent(there, endpoint, set_clock, monkeypatch):
    real = sending.post
    away(monkeypatch)
    for n in range(5):
        fell(f"shelf {n}")
    run_due()
    monkeypatch.setattr(sending, "post", real)
    set_clock.go_on(timedelta(seconds=13))
    run_due()
    assert len(there.requests) == 5
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_what_waited_for_an_absent_endpoint_is_given_up_after_a_day_too(endpoint, set_clock, monkeypatch):
    away(monkeypatch)
    for n in range(3):
        fell(f"shelf {n}")
    run_due()
    set_clock.go_on(timedelta(hours=28))
    run_due()
    assert set(Delivery.objects.values_list("state", "outcome")) == {
        ("given_up", "late"),
        ("given_up", "silent"),
    }


def test_an_endpoint_that_fails_for_days_is_paused_and_what_comes_then_waits(there, endpoint, set_clock):
    there.status = 500
    fell("first")
    run_due()
    failing_since = set_clock.moment
    while Delivery.objects.get().state == "failed":
        set_clock.moment = Delivery.objects.get().due_at
        run_due()
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.failures, endpoint.paused_at) == (failing_since, TRIES, None)
    set_clock.moment = failing_since + timedelta(days=3)
    fell("second")
    run_due()
    endpoint.refresh_from_db()
    assert (endpoint.paused_at, endpoint.paused_why) == (set_clock.moment, "failing")
    asked = len(there.requests)
    fell("third")
    set_clock.go_on(timedelta(days=5))
    look_after()
    run_due()
    assert len(there.requests) == asked
    assert Delivery.objects.filter(state__in=Delivery.OPEN).count() == 2


def test_paused_nothing_is_sent_and_resumed_all_of_it(there, endpoint, viewer, set_clock):
    pause(viewer=viewer, endpoint_id=endpoint.pk)
    fell("first")
    fell("second")
    run_due()
    set_clock.go_on(timedelta(days=9))
    look_after()
    run_due()
    assert there.requests == []
    resume(viewer=viewer, endpoint_id=endpoint.pk)
    run_due()
    assert len(there.requests) == 2


def test_a_name_that_turns_to_a_closed_address_gets_nothing(there, endpoint, settings):
    fell()
    settings.ZHIYUE_WEBHOOK_NETWORKS = []
    run_due()
    assert there.requests == []
    row = Delivery.objects.get()
    assert (row.state, row.outcome, row.detail, row.status) == ("failed", "unsafe", "127.0.0.1", None)


def test_nothing_leaves_unsigned(there, endpoint, settings):
    fell()
    settings.SECRET_KEY = "another one, of which nobody told the endpoints"
    run_due()
    assert there.requests == []
    assert Delivery.objects.get().outcome == "unsigned"


def test_whoever_comes_while_another_delivers_comes_again(there, endpoint, set_clock):
    Endpoint.objects.update(busy_until=set_clock.moment + timedelta(seconds=1))
    fell()
    run_due()
    assert there.requests == []
    set_clock.go_on(timedelta(seconds=2))
    run_due()
    assert len(there.requests) == 1


def test_a_job_that_was_discarded_is_made_again(there, endpoint):
    fell()
    Job.objects.all().delete()
    look_after()
    run_due()
    assert len(there.requests) == 1
    look_after()
    assert not Job.objects.filter(state="waiting").exists()


def test_old_messages_are_forgotten(endpoint, set_clock):
    fell("old")
    set_clock.go_on(timedelta(days=29))
    fell("new")
    assert forget_old() == 0
    set_clock.go_on(timedelta(days=1, seconds=1))
    assert forget_old() == 1
    assert Delivery.objects.get().made_at == set_clock.moment - timedelta(days=1, seconds=1)


def test_an_endpoint_that_was_deleted_meanwhile_ends_its_job(there, endpoint, viewer):
    fell()
    endpoints.remove(viewer=viewer, endpoint_id=endpoint.pk)
    run_due()
    assert there.requests == []
    assert not Job.objects.exclude(state="done").exists()
