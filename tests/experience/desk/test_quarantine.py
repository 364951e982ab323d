"""The page of the quarantine: counts, the sample, an entry that is only ever text, and the two things to do."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from zhiyue.collect.models import Event, QuarantineCount, Quarantined
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.product.learning import replaying

pytestmark = pytest.mark.django_db

VIEWED = {
    "id": "6f1c9c1e-0c0f-4c1e-9b1e-0d7a3b1c2d3e",
    "name": "page.viewed",
    "at": "2026-11-24T02:00:00Z",
    "properties": {"path": "/"},
}


def put(reason="unknown_event", *, payload=None, name="page.viewed", member=None, visitor=None, whole=True):
    QuarantineCount.objects.get_or_create(
        day=clock.business_day(), reason=reason, defaults={"n": 3, "kept": 1}
    )
    return Quarantined.objects.create(
        received_at=clock.now(),
        reason=reason,
        detail="<b>why</b>",
        payload=json.dumps(payload or VIEWED),
        is_whole=whole,
        name=name,
        member=member,
        visitor=visitor,
    )


def test_an_empty_quarantine_says_so(read):
    page = read("/desk/quarantine/")
    assert "Nothing was kept out in two weeks." in page
    assert "The sample, newest first" not in page


def test_reasons_stand_with_their_counts_and_their_two_weeks(read, learner):
    put(member=learner)
    QuarantineCount.objects.create(
        day=clock.business_day() - timedelta(days=3), reason="unknown_event", n=12, kept=0
    )
    page = read("/desk/quarantine/")
    assert "Not in the table of events" in page
    assert "<dt>two weeks</dt><dd>15</dd>" in page
    assert "<dt>today</dt><dd>3</dd>" in page
    assert page.count('class="bar-filled"') == 2
    assert "小林" in page


def test_the_sample_is_narrowed_to_a_reason(read, learner):
    put(member=learner)
    put("robot", name="", member=learner)
    assert "without a name" in read("/desk/quarantine/")
    page = read("/desk/quarantine/", reason="unknown_event")
    assert "without a name" not in page
    assert "Looked at a page" in page


def test_an_entry_is_shown_as_text_and_never_carried_out(desk, learner):
    row = put(payload={"name": "<script>alert(1)</script>"}, name="<i>x</i>", member=learner)
    for address in ("/desk/quarantine/", f"/desk/quarantine/{row.pk}/"):
        page = desk.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<i>x" not in page
        assert "<b>why" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_an_entry_that_is_gone_is_a_404(desk):
    assert desk.get("/desk/quarantine/7/").status_code == 404


def test_a_reason_is_judged_again(desk, visitor):
    put(visitor=visitor)
    answer = desk.post("/desk/quarantine/replay/", {"reason": "unknown_event"}, follow=True)
    assert "1 taken in." in answer.content.decode()
    assert (Event.objects.get().visitor, Quarantined.objects.get().outcome) == (visitor, "accepted")
    again = desk.post("/desk/quarantine/replay/", {"reason": "unknown_event"}, follow=True)
    assert "There is nothing here that can be judged again." in again.content.decode()


def test_one_entry_is_judged_again_and_what_was_cut_is_not(desk, visitor):
    row, cut = put(visitor=visitor), put(visitor=visitor, whole=False)
    assert "Judge again" in desk.get(f"/desk/quarantine/{row.pk}/").content.decode()
    desk.post(f"/desk/quarantine/{row.pk}/replay/")
    assert "Judge again" not in desk.get(f"/desk/quarantine/{row.pk}/").content.decode()
    assert "It was too long, or held what can" in desk.get(f"/desk/quarantine/{cut.pk}/").content.decode()
    desk.post(f"/desk/quarantine/{cut.pk}/replay/")
    assert Event.objects.count() == 1


def test_what_was_not_kept_is_said_to_be_so_and_offers_nothing(desk, read, visitor):
    sent, other = put("robot", visitor=visitor, whole=False), put("malformed", visitor=visitor, whole=False)
    Quarantined.objects.update(payload="")
    assert "What robots send isn't kept, so it can't be judged again." in read(f"/desk/quarantine/{sent.pk}/")
    assert "What was sent wasn't kept, so it can't be judged again." in read(f"/desk/quarantine/{other.pk}/")
    assert '<pre class="payload' not in read(f"/desk/quarantine/{sent.pk}/")
    assert "Judge again" not in read("/desk/quarantine/")
    put("unknown_event", visitor=visitor)
    assert read("/desk/quarantine/").count("Judge again") == 1


def test_a_reason_that_does_not_exist_is_a_404_and_one_that_kept_nothing_out_is_not(desk):
    assert desk.get("/desk/quarantine/", {"reason": "foo"}).status_code == 404
    assert desk.get("/desk/quarantine/", {"reason": "robot"}).status_code == 200
    QuarantineCount.objects.create(day=clock.business_day(), reason="foo", n=1, kept=0)
    assert desk.get("/desk/quarantine/", {"reason": "foo"}).status_code == 200


def test_the_reason_is_told_in_the_readers_language_above_the_technical_one(desk, learner):
    row = put(member=learner)
    desk.cookies["zy_language"] = "zh-hans"
    page = desk.get(f"/desk/quarantine/{row.pk}/").content.decode()
    assert '<dd>不在事件表中<code class="code-name">&lt;b&gt;why&lt;/b&gt;</code></dd>' in page


def test_the_audit_log_names_the_reason_of_a_single_entry(desk, visitor):
    row, other = put("unknown_event", visitor=visitor), put("malformed", visitor=visitor)
    desk.post(f"/desk/quarantine/{row.pk}/replay/")
    desk.post(f"/desk/quarantine/{other.pk}/throw-away/")
    noted = AuditEntry.objects.order_by("pk").values_list("act", "subject_name")
    assert list(noted) == [
        ("quarantine.replayed", "unknown_event"),
        ("quarantine.thrown_away", "malformed"),
    ]


@pytest.mark.parametrize("act", ["replay", "throw-away"])
@pytest.mark.parametrize("number", [0, 7, 10**30])
def test_an_entry_that_there_is_not_is_not_found(desk, act, number):
    assert desk.post(f"/desk/quarantine/{number}/{act}/").status_code == 404


def test_many_are_left_to_a_job(desk, visitor, monkeypatch):
    monkeypatch.setattr(replaying, "AT_ONCE", 0)
    put(visitor=visitor)
    page = desk.post("/desk/quarantine/replay/", {"reason": "unknown_event"}, follow=True).content.decode()
    assert "They are many" in page
    assert Job.objects.filter(name="learning.replay_quarantine").count() == 1


def test_entries_are_thrown_away_alone_or_by_reason(desk, visitor):
    one, other = put(visitor=visitor), put(visitor=visitor)
    put("robot", visitor=visitor)
    desk.post(f"/desk/quarantine/{one.pk}/throw-away/")
    assert Quarantined.objects.filter(reason="unknown_event").get() == other
    desk.post("/desk/quarantine/throw-away/", {"reason": "unknown_event"})
    assert Quarantined.objects.get().reason == "robot"


def test_a_full_page_asks_the_database_no_more_than_an_almost_empty_one(desk, learner):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            desk.get("/desk/quarantine/")
        return len(asked)

    put(member=learner)
    one = queries()
    for reason in ("robot", "malformed", "unknown_event") * 5:
        put(reason, member=learner)
    assert queries() == one
