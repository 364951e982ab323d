"""The table of events: whole, within its columns, and no line larger than an event may be."""

import json
from uuid import uuid4

import pytest

from zhiyue.collect.cleaning import EVENT_BYTES, clean
from zhiyue.collect.errors import NotInVocabulary
from zhiyue.collect.models import Event
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.consent.purposes import NOTHING, Purpose
from zhiyue.core.kit import clock

LONGEST_LETTER = "𠮷"


def largest(wanted):
    match wanted.type:
        case "text":
            return LONGEST_LETTER * int(wanted.most)
        case "int_list":
            return [2**62] * int(wanted.most)
        case "number_list":
            return [1.2345678901234567e-9] * 40
        case "choice":
            return max(wanted.choices, key=len)
    return {"int": 2**53, "number": -1.7976931348623157e308, "bool": False}[wanted.type]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_nothing_that_fits_the_table_is_larger_than_an_event_may_be(kind):
    event = {
        "id": "x" * 45,
        "name": kind.name,
        "at": "x" * 60,
        "course_id": 2**62,
        "lesson_id": 2**62,
        "properties": {one.name: largest(one) for one in kind.properties},
    }
    assert len(json.dumps(event, ensure_ascii=False).encode()) <= EVENT_BYTES


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_line_of_the_table_fits_the_log_and_says_what_it_needs(kind):
    assert len(kind.name) <= Event._meta.get_field("name").max_length
    assert kind.meaning.endswith(".")
    assert kind.serves != NOTHING
    assert kind.origins <= {"browser", "server", "import"}
    assert "import" in kind.origins
    assert kind.days_kept >= 180
    assert all(bool(one.choices) == (one.type == "choice") for one in kind.properties)
    assert all(one.along in kind.by_name for one in kind.properties if one.along)
    assert all(bool(one.along) == (one.type == "number_list") for one in kind.properties)


def test_no_browser_tells_of_orders_accounts_or_anybodys_finished_lesson():
    told = {name for name, kind in KINDS.items() if "browser" in kind.origins}
    assert told == {
        "page.viewed",
        "slate.shown",
        "slate.chosen",
        "search.chosen",
        "offer.seen",
        "preview.started",
        "preview.progressed",
        "preview.ended",
        "lesson.progressed",
    }


def test_only_what_a_service_cannot_do_without_is_kept_without_consent():
    necessary = {name for name, kind in KINDS.items() if kind.is_necessary}
    assert necessary == {
        "course.enrolled",
        "trial.started",
        "order.placed",
        "order.paid",
        "code.redeemed",
        "coupon.used",
        "order.failed",
        "order.cancelled",
        "order.expired",
        "order.refund_asked",
        "order.refunded",
        "message.stopped",
        "member.signed_up",
        "member.signed_in",
        "consent.chosen",
    }


def test_consent_decides_line_by_line_what_an_event_is_stored_for():
    assert KINDS["page.viewed"].stored_for(Purpose.PERSONALISATION) is None
    assert KINDS["course.viewed"].stored_for(Purpose.PERSONALISATION) == Purpose.PERSONALISATION
    assert KINDS["slate.shown"].stored_for(Purpose.EXPERIMENTS) == Purpose.EXPERIMENTS
    assert KINDS["message.sent"].stored_for(Purpose.ANALYTICS) is None
    assert KINDS["order.paid"].stored_for(NOTHING) == NOTHING


def test_an_order_may_be_about_no_course_but_not_about_a_lesson():
    order = {"origin": "server", "event_id": uuid4(), "properties": {"order": 1, "amount_fen": 100}}
    now = clock.now()
    told = {**order, "name": "order.placed", "occurred_at": now, "received_at": now}

    assert clean(**told, course_id=None, lesson_id=None).course_id is None
    assert clean(**told, course_id=7, lesson_id=None).course_id == 7
    for course_id, lesson_id in ((0, None), (None, 3), (7, 3)):
        with pytest.raises(NotInVocabulary):
            clean(**told, course_id=course_id, lesson_id=lesson_id)
