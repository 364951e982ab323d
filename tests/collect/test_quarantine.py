"""What was kept out: every one counted, a bounded sample kept, both forgotten in time."""

from datetime import timedelta
from importlib import import_module
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from tests.conftest import BROWSER
from tests.factories import make_visitor, receive
from zhiyue.collect import quarantine
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import QuarantineCount, Quarantined
from zhiyue.collect.quarantine_acts import of_people
from zhiyue.collect.selectors import quarantine_counts
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db

UNKNOWN = {"id": "0" * 32, "name": "nonsense", "at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def at(monkeypatch):
    """`at(days)` moves the clock to the noon that many days after today's."""
    noon = clock.day_start(clock.business_day()) + timedelta(hours=12)

    def move(days):
        monkeypatch.setattr(clock, "now", lambda: noon + timedelta(days=days))

    move(0)
    return move


@pytest.fixture
def send(visitor):
    return lambda *entries, actor=None: receive(
        list(entries), actor=actor or Actor(visitor=visitor), user_agent=BROWSER
    )


def test_past_the_days_sample_of_a_reason_only_its_count_grows(send, at, monkeypatch):
    monkeypatch.setattr(quarantine, "SAMPLE", 3)
    send({}, {})
    send({}, UNKNOWN, {})
    send({})
    assert quarantine_counts() == [("malformed", 5), ("unknown_event", 1)]
    assert Quarantined.objects.filter(reason="malformed").count() == 3
    assert Quarantined.objects.filter(reason="unknown_event").count() == 1
    at(1)
    send({})
    assert Quarantined.objects.filter(reason="malformed").count() == 4
    assert quarantine_counts() == [("malformed", 6), ("unknown_event", 1)]


def test_one_visitor_leaves_the_others_room_in_the_days_sample(send, at, visitor):
    other = make_visitor()
    for _ in range(6):
        send(*[{}] * 100)
    send(UNKNOWN)
    send({}, UNKNOWN, actor=Actor(visitor=other))
    sample = Quarantined.objects.order_by().values_list("visitor", "reason").annotate(n=Count("pk"))
    assert {(who, reason): n for who, reason, n in sample} == {
        (visitor, "malformed"): 20,
        (visitor, "unknown_event"): 1,
        (other, "malformed"): 1,
        (other, "unknown_event"): 1,
    }
    assert quarantine_counts() == [("malformed", 601), ("unknown_event", 2)]
    at(1)
    send({})
    assert Quarantined.objects.filter(visitor=visitor, reason="malformed").count() == 21


def test_a_member_is_one_sender_in_all_browsers(send, learner, visitor):
    for _ in range(2):
        send(*[{}] * 15, actor=Actor(member_id=learner.pk, visitor=uuid4()))
    send({}, actor=Actor(visitor=visitor))
    assert Quarantined.objects.filter(member=learner).count() == 20
    assert Quarantined.objects.count() == 21


def test_nobodys_rubbish_takes_no_room_in_the_sample(send, at, monkeypatch):
    monkeypatch.setattr(quarantine, "SAMPLE", 1)
    send({}, {}, actor=Actor())
    send({"id": 1})
    assert [row.payload for row in Quarantined.objects.all()] == ['{"id": 1}']
    assert quarantine_counts() == [("malformed", 3)]


def test_a_payload_is_cut_and_what_no_database_takes_replaced(send):
    send({"\x00\ud800": "x" * 3000})
    [row] = Quarantined.objects.all()
    assert (row.payload[:20], len(row.payload)) == ('{"\\u0000?": "' + "x" * 7, 2000)


def test_both_are_forgotten_after_two_weeks(send, at):
    send({}, {})
    at(13)
    assert quarantine.expire() == 0
    assert quarantine_counts() == [("malformed", 2)]
    at(14)
    assert quarantine_counts() == []
    assert QuarantineCount.objects.count() == 1
    at(14.01)
    assert quarantine.expire() == 2
    assert (Quarantined.objects.count(), QuarantineCount.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_expiry_deletes_a_batch_at_a_time_and_commits_each(send, at, monkeypatch):
    monkeypatch.setattr(quarantine, "EXPIRY_BATCH", 2)
    send({}, {}, {}, {}, {})
    at(15)
    with CaptureQueriesContext(connection) as asked:
        assert quarantine.expire() == 5
    texts = [query["sql"] for query in asked]
    deletions = [n for n, text in enumerate(texts) if text.startswith('DELETE FROM "collect_quarantined"')]
    assert len(deletions) == 3
    assert all(texts[n - 1].startswith("BEGIN") and texts[n + 1] == "COMMIT" for n in deletions)
    assert Quarantined.objects.count() == 0


def test_a_hundred_refusals_ask_hardly_more_than_two(send):
    def queries(n):
        with CaptureQueriesContext(connection) as asked:
            send(*[{}] * n)
        return len(asked)

    assert (queries(2), queries(100)) == (8, 8)


@pytest.mark.django_db(transaction=True)
def test_refusals_at_once_are_all_counted(send):
    barrier = Barrier(4)

    def refuse() -> None:
        barrier.wait(timeout=20)
        for _ in range(5):
            send({}, UNKNOWN)
        connection.close()

    threads = [Thread(target=refuse) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert quarantine_counts() == [("malformed", 20), ("unknown_event", 20)]


def test_what_was_refused_before_there_were_counts_is_counted(send):
    send({}, {}, UNKNOWN)
    QuarantineCount.objects.all().delete()
    import_module("zhiyue.collect.migrations.0002_quarantinecount").count_what_is_there(apps, None)
    assert quarantine_counts() == [("malformed", 2), ("unknown_event", 1)]
    send({})
    assert quarantine_counts() == [("malformed", 3), ("unknown_event", 1)]


def test_what_was_kept_out_of_people_leaves_programs_and_nobody_out(send, visitor, learner, operator):
    viewer = Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))
    send({})
    send(UNKNOWN, actor=Actor(member_id=learner.pk, visitor=visitor))
    send({}, actor=Actor())
    receive([{}], actor=Actor(visitor=visitor), user_agent="curl/8")
    assert [row.reason for row in of_people(viewer)] == ["unknown_event", "malformed"]
    assert [row.reason for row in of_people(viewer, actor=Actor(visitor=visitor))] == ["malformed"]
    assert [row.reason for row in of_people(viewer, actor=Actor(member_id=learner.pk))] == ["unknown_event"]
    assert not of_people(viewer, actor=Actor()).exists()
    with pytest.raises(NotAllowed):
        of_people(Viewer(user=learner, visitor=None, roles=frozenset()))


def test_an_entry_is_kept_until_the_day_on_which_it_is_forgotten(send, at):
    send({})
    until = quarantine.kept_until(Quarantined.objects.get())
    assert until - clock.now() == timedelta(days=14)
    at(14)
    assert quarantine.expire() == 0
    at(14.01)
    assert quarantine.expire() == 1
