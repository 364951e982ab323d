"""What browsers send: exactly once, within bounds, and nothing they have no business telling."""

from datetime import UTC, timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.core import signing
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.conftest import BROWSER
from tests.factories import make_visitor, receive
from zhiyue.collect.errors import BatchTooLarge
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, Quarantined
from zhiyue.collect.selectors import quarantine_counts
from zhiyue.collect.slates import signed, whose
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def told(name="page.viewed", *, at=None, event_id=None, **more):
    properties = {"properties": {"path": "/"}} if name == "page.viewed" and "properties" not in more else {}
    moment = (at or clock.now()).isoformat()
    return {"id": str(event_id or uuid4()), "name": name, "at": moment, **properties, **more}


def slate_of(**chances):
    """Signed as the shelf shows it; `chances` as c1=0.5."""
    by_id = {int(name[1:]): chance for name, chance in chances.items()}
    return signed("for-you", policy="popular", courses=[1, 2, 3], chances=by_id)


def chosen(**more):
    return {"slate": slate_of(), "policy": "popular", "position": 1, **more}


def shown(courses, propensities):
    return {"slate": slate_of(), "policy": "popular", "courses": courses, "propensities": propensities}


def send(*entries, actor, sent_at=None):
    return receive(list(entries), actor=actor, user_agent=BROWSER, sent_at=sent_at)


@pytest.fixture
def actor(visitor):
    return Actor(visitor=visitor)


def test_the_same_event_counts_once_within_and_across_batches(actor):
    one, two = told(), told()
    first = send(one, one, two, actor=actor)
    again = send(two, told(), actor=actor)
    assert (first.accepted, first.duplicates, first.refused) == (2, 1, ())
    assert (again.accepted, again.duplicates) == (1, 1)
    assert Event.objects.count() == 3


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("not an object", "malformed"),
        ({}, "malformed"),
        (told(event_id="no uuid"), "malformed"),
        ({**told(), "at": "yesterday"}, "malformed"),
        ({**told(), "at": "2026-01-01T00:00:00"}, "malformed"),
        ({**told(), "at": "0001-01-01T00:00:00+14:00"}, "malformed"),
        ({**told(), "member_id": 1}, "unknown_property"),
        (told("lesson.finished", course_id=1, lesson_id=1), "wrong_origin"),
        (told("course.enrolled", course_id=1), "wrong_origin"),
        (told(properties={}), "missing_property"),
        (told(properties=[]), "missing_property"),
        (told(properties="path"), "malformed"),
        (told(properties={"path": None}), "missing_property"),
        (told(event_id="-" * 5000 + uuid4().hex), "too_large"),
        (told(event_id="-" * 50 + uuid4().hex), "malformed"),
        (told(properties={"path": "/" * 5001}), "too_large"),
        ({**told(), "colour": "红" * 1700}, "too_large"),
        (told("slate.chosen", course_id=1, properties=chosen(position=10**400)), "out_of_bounds"),
        (told("slate.chosen", course_id=10**400, properties=chosen()), "missing_id"),
        (told("slate.chosen", course_id=1, properties=chosen(propensity=0)), "out_of_bounds"),
        (told("slate.chosen", course_id=1, properties=chosen(propensity=1.01)), "out_of_bounds"),
        (told("slate.chosen", course_id=1, properties=chosen(propensity=float("inf"))), "wrong_type"),
        (told("slate.chosen", course_id=1, properties=chosen(propensity=True)), "wrong_type"),
        (told("slate.chosen", course_id=1, properties=chosen(propensity=10**400)), "wrong_type"),
        (told("slate.shown", properties=shown([1, 2], [0.5])), "out_of_bounds"),
        (told("slate.shown", properties=shown([1, 2], [0.5, 0])), "out_of_bounds"),
        (told("slate.shown", properties=shown([1, 2], [0.5, "1"])), "wrong_type"),
        (told("slate.shown", properties=shown([1, -2], [0.5, 1])), "wrong_type"),
        (told("slate.shown", properties=shown([], [])), "out_of_bounds"),
        (told("offer.seen", course_id=1, properties={"price_fen": -1}), "out_of_bounds"),
        (told(properties={"path": 7}), "wrong_type"),
        (told(properties={"path": "/" * 301}), "out_of_bounds"),
        (told(properties={"path": "/\x00"}), "wrong_type"),
        (told(properties={"path": "/\ud800"}), "wrong_type"),
        (
            told("lesson.progressed", course_id=1, lesson_id=1, properties={"percent": 101, "seconds": 5}),
            "out_of_bounds",
        ),
        (
            told("lesson.progressed", course_id=1, lesson_id=1, properties={"percent": 10, "seconds": 3600}),
            "out_of_bounds",
        ),
    ],
)
def test_what_fails_goes_to_quarantine_with_its_reason_and_the_rest_is_kept(actor, entry, reason):
    receipt = send(told(), entry, actor=actor)
    assert receipt.accepted == 1
    assert receipt.refused == ((1, reason),)
    assert quarantine_counts() == [(reason, 1)]
    assert Event.objects.count() == 1


def test_a_wrong_clock_is_corrected_within_bounds(actor):
    now = clock.now()
    send(
        told(at=now + timedelta(hours=3)),
        told(at=now - timedelta(days=30)),
        told(at=now - timedelta(days=2)),
        actor=actor,
    )
    ahead, behind, believed = Event.objects.order_by("pk")
    assert (ahead.corrections, behind.corrections, believed.corrections) == (
        ["clock_ahead"],
        ["clock_behind"],
        [],
    )
    assert ahead.occurred_at == ahead.recorded_at
    assert behind.occurred_at == behind.recorded_at
    assert believed.occurred_at == now - timedelta(days=2)


@pytest.mark.parametrize("hours", [-26, -1, 1, 8, 26])
def test_a_wrong_clock_is_set_right_by_when_the_batch_left(actor, monkeypatch, hours):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    theirs = now + timedelta(hours=hours)
    send(told(at=theirs - timedelta(minutes=3)), actor=actor, sent_at=theirs)
    [event] = Event.objects.all()
    assert (event.occurred_at, event.corrections) == (now - timedelta(minutes=3), ["clock_shifted"])


def test_a_batch_that_was_a_moment_on_its_way_is_left_as_it_is(actor, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    at = now - timedelta(minutes=3)
    send(told(at=at), actor=actor, sent_at=now - timedelta(seconds=5))
    [event] = Event.objects.all()
    assert (event.occurred_at, event.corrections) == (at, [])


def test_a_clock_beyond_all_bounds_is_not_believed(actor, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    theirs = now + timedelta(days=400)
    send(told(at=theirs), actor=actor, sent_at=theirs)
    [event] = Event.objects.all()
    assert (event.occurred_at, event.corrections) == (now, ["clock_ahead"])


def test_a_clock_that_was_set_right_may_still_be_beyond_bounds(actor, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    theirs = now + timedelta(hours=8)
    far = {**told(), "at": "0001-01-01T00:00:00Z"}
    early = theirs - timedelta(hours=10)
    send(told(at=theirs - timedelta(days=8)), far, actor=actor, sent_at=theirs)
    send({**told(), "at": "0001-01-01T00:00:00Z"}, actor=actor, sent_at=early)
    corrections = list(Event.objects.order_by("pk").values_list("corrections", flat=True))
    assert corrections == [
        ["clock_shifted", "clock_behind"],
        ["clock_behind"],
        ["clock_shifted", "clock_behind"],
    ]


def test_every_type_of_property_is_kept_as_it_came(actor):
    properties = {**shown([3, 1], [1, 0.25]), "slate": slate_of(c1=0.25)}
    assert send(told("slate.shown", properties=properties), actor=actor).refused == ()
    kept = Event.objects.get().properties
    assert kept == {**properties, "slate": "for-you", "made_on": kept["made_on"], "showing": kept["showing"]}


def test_a_property_that_is_told_to_be_nothing_is_not_there(actor):
    nothing = {**chosen(), "propensity": None, "contest": None, "made_on": None}
    offer = {"price_fen": 9900, "list_price_fen": None}
    told_of = [
        told("slate.chosen", course_id=1, properties=nothing),
        told("slate.shown", properties={**shown([1, 2], None), "showing": None}),
        told("offer.seen", course_id=1, properties=offer),
    ]
    assert send(*told_of, actor=actor).refused == ()
    choice, showing, seen = (row.properties for row in Event.objects.order_by("pk"))
    assert choice.keys() == {"slate", "policy", "position", "made_on", "showing"}
    assert showing.keys() == {"slate", "policy", "courses", "made_on", "showing"}
    assert seen == {"price_fen": 9900}


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("slate.chosen", chosen(slate="for-you")),
        ("slate.chosen", chosen(slate=slate_of()[:-1] + "_")),
        ("slate.chosen", chosen(slate=signing.Signer(salt="other").sign_object(["for-you", "popular", {}]))),
        ("slate.chosen", chosen(policy="hybrid")),
        ("slate.chosen", chosen(policy="=1+1")),
        ("slate.chosen", chosen(propensity=0.5)),
        ("slate.chosen", chosen(propensity=0.5, slate=slate_of(c2=0.5))),
        ("slate.chosen", chosen(propensity=1, slate=slate_of(c1=0.5))),
        ("slate.shown", shown([1, 2], [1, 0.001])),
        ("slate.chosen", chosen(slate=signed("for-you", policy="popular", courses=[2, 129, 16512]))),
        ("slate.chosen", chosen(slate=signed("for-you", policy="popular", courses=[]))),
        ("slate.shown", shown([1, 4], [1, 1])),
        ("slate.shown", {**shown([1, 2], [1, 1]), "slate": slate_of(c2=0.5)}),
    ],
)
def test_what_is_told_of_a_slate_is_what_was_signed(actor, name, properties):
    about = {"course_id": 1} if name == "slate.chosen" else {}
    receipt = send(told(name, properties=properties, **about), actor=actor)
    assert receipt.refused == ((0, "forged_slate"),)
    assert not Event.objects.exists()


def test_a_signed_slate_is_stored_under_its_own_name(actor):
    known = [
        told("slate.chosen", course_id=1, properties=chosen(propensity=1)),
        told("slate.chosen", course_id=1, properties=chosen()),
        told("slate.chosen", course_id=1, properties=chosen(propensity=0.1, slate=slate_of(c1=0.1, c2=0.3))),
    ]
    assert send(*known, actor=actor).accepted == 3
    assert [row.properties["slate"] for row in Event.objects.all()] == ["for-you"] * 3
    assert Event.objects.latest("pk").properties["propensity"] == 0.1


def test_a_choice_is_of_the_one_showing_it_was_made_from(actor):
    mornings, evenings = slate_of(c2=0.5), slate_of(c2=0.5)
    told_of = [
        told("slate.shown", properties={**shown([1, 2], [1, 0.5]), "slate": mornings}),
        told("slate.shown", properties={**shown([1, 2], [1, 0.5]), "slate": evenings}),
        told("slate.chosen", course_id=2, properties=chosen(propensity=0.5, slate=evenings)),
    ]
    assert send(*told_of, actor=actor).accepted == 3
    first, second, choice = (row.properties["showing"] for row in Event.objects.order_by("pk"))
    assert first != second == choice
    assert "contest" not in Event.objects.latest("pk").properties


def test_what_a_browser_says_of_the_showing_is_what_was_signed_or_nothing(actor):
    made_up = {"showing": "mine", "contest": 7, "policy_chance": 1e-9}
    drawn = signed("for-you", policy="popular", courses=[1], contest=3, policy_chance=0.25)
    earlier = ["for-you", "popular", {}, "nonce", 3, 0.25]
    before_the_upgrade = signing.Signer(salt="zhiyue.collect.slates").sign_object(earlier)
    told_of = [
        told("slate.chosen", course_id=1, properties={**chosen(slate=slate), **made_up})
        for slate in (drawn, slate_of(), before_the_upgrade)
    ]
    assert send(*told_of, actor=actor).accepted == 3
    lot, plain, old = (row.properties for row in Event.objects.order_by("pk"))
    assert (lot["contest"], lot["policy_chance"]) == (3, 0.25)
    assert lot["showing"] not in ("mine", plain["showing"])
    assert plain.keys() == {"slate", "policy", "position", "made_on", "showing"}
    assert old.keys() == {"slate", "policy", "position"}


def test_of_a_slate_that_was_made_for_somebody_else_the_showing_is_not_told(actor):
    other = Actor(member_id=1, visitor=actor.visitor)
    made = [
        signed("for-you", policy="popular", courses=[1], contest=3, made_for=whose(one))
        for one in (actor, other)
    ]
    assert len({whose(actor), whose(other), whose(Actor(visitor=uuid4())), whose(Actor())}) == 4
    told_of = [told("slate.chosen", course_id=1, properties=chosen(slate=slate)) for slate in made]
    assert send(*told_of, actor=actor).accepted == 2
    own, others = (row.properties for row in Event.objects.order_by("pk"))
    assert (own["contest"], own["made_on"]) == (3, clock.business_day().isoformat())
    assert others == {"slate": "for-you", "policy": "popular", "position": 1}


@pytest.mark.parametrize("most", [40, 10**4, 2**31 - 1])
def test_a_long_signed_slate_is_as_long_as_events_may_tell(actor, most):
    courses = np.random.default_rng(1).choice(most, 40, replace=False) + 1
    drawn = int(courses[7])
    slate = signed(
        "recommendations", policy="a-policy-with-a-long-name", courses=courses.tolist(),
        chances={drawn: 0.1234567890123456}, contest=2**31 - 1, policy_chance=1 / 3, made_for=whose(actor),
    )  # fmt: skip
    properties = {**chosen(slate=slate, policy="a-policy-with-a-long-name"), "propensity": 0.1234567890123456}
    told_of = [
        told(
            "slate.chosen",
            course_id=course,
            properties=properties if course == drawn else {**properties, "propensity": 1},
        )
        for course in courses.tolist()
    ]
    assert send(*told_of, actor=actor).accepted == 40
    beyond = told("slate.chosen", course_id=most + 1, properties={**properties, "propensity": 1})
    assert send(beyond, actor=actor).refused == ((0, "forged_slate"),)


def test_the_chance_is_what_was_signed_to_the_last_digit_and_whether_or_not_it_is_told(actor):
    hair = 1 - 5e-10
    plain, drawn = slate_of(), slate_of(c2=1 / 3)
    told_of = [
        told("slate.chosen", course_id=1, properties=chosen(slate=plain, propensity=hair)),
        told("slate.shown", properties={**shown([1, 2], [hair, hair]), "slate": plain}),
        told("slate.chosen", course_id=2, properties=chosen(slate=drawn)),
        told("slate.shown", properties={**shown([1, 2], None), "slate": drawn}),
        told("slate.shown", properties={**shown([2, 1], [0.33333333333, 1]), "slate": drawn}),
    ]
    assert send(*told_of, actor=actor).accepted == 5
    kept = [row.properties for row in Event.objects.order_by("pk")]
    found = [one.get("propensity", one.get("propensities")) for one in kept]
    assert found == [1, [1, 1], 1 / 3, [1, 1 / 3], [1 / 3, 1]]


def test_a_slate_of_before_the_courses_were_signed_tells_of_no_showing(actor):
    today = clock.business_day().isoformat()
    earlier = ["for-you", "popular", {"2": 0.5}, [whose(actor), today, "nonce", 3, 0.25]]
    slate = signing.Signer(salt="zhiyue.collect.slates").sign_object(earlier)
    assert send(told("slate.chosen", course_id=2, properties=chosen(slate=slate)), actor=actor).accepted == 1
    assert Event.objects.get().properties == {
        "slate": "for-you", "policy": "popular", "position": 1, "propensity": 0.5
    }  # fmt: skip


def test_programs_are_kept_out(actor):
    receipt = receive([told()], actor=actor, user_agent="Googlebot/2.1")
    assert receipt.refused == ((0, "robot"),)
    assert Event.objects.count() == 0


def test_what_programs_send_is_only_counted(actor):
    receive([told(), {}], actor=actor, user_agent="Googlebot/2.1")
    assert not Quarantined.objects.exists()
    assert quarantine_counts() == [("robot", 2)]


def test_a_batch_too_large_is_refused_whole(actor):
    with pytest.raises(BatchTooLarge):
        send(*[told() for _ in range(101)], actor=actor)
    assert (Event.objects.count(), Quarantined.objects.count()) == (0, 0)


def test_nobodys_batch_is_not_stored():
    assert send(told(), actor=Actor()).accepted == 0
    assert Event.objects.count() == 0


def test_nobodys_rubbish_is_counted_and_not_kept():
    assert send({}, {}, actor=Actor()).refused == ((0, "malformed"), (1, "malformed"))
    assert quarantine_counts() == [("malformed", 2)]
    assert Quarantined.objects.count() == 0


def test_the_caller_may_refuse_an_event_for_a_reason_of_its_own(actor):
    receipt = receive([told()], actor=actor, user_agent=BROWSER, refuse=lambda event: "not_today")
    assert receipt.refused == ((0, "not_today"),)


@pytest.mark.django_db(transaction=True)
def test_events_are_judged_before_the_transaction_begins(actor):
    inside = []

    def refuse(event):
        inside.append(connection.in_atomic_block)
        return ""

    receipt = receive([told(), told()], actor=actor, user_agent=BROWSER, refuse=refuse)
    assert (receipt.accepted, inside) == (2, [False, False])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


# Nearly right: a name and properties of the table, with any value.
NEARLY = st.sampled_from([kind for kind in KINDS.values() if "browser" in kind.origins]).flatmap(
    lambda kind: st.fixed_dictionaries(
        {
            "id": st.uuids().map(str) | JSON,
            "name": st.just(kind.name),
            "at": st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()) | JSON,
            "properties": st.fixed_dictionaries(
                {}, optional={one.name: JSON | st.floats() | st.integers() for one in kind.properties}
            ),
        },
        optional={"course_id": st.integers() | JSON, "lesson_id": st.integers() | JSON},
    )
)


class TestAnything(TestCase):
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.lists(JSON | NEARLY, min_size=1, max_size=4))
    def test_whatever_is_sent_is_stored_or_quarantined_and_never_breaks_the_door(self, batch):
        before = Event.objects.count() + Quarantined.objects.count()
        receipt = send(*batch, actor=Actor(visitor=make_visitor()))
        assert receipt.accepted + receipt.duplicates + len(receipt.refused) == len(batch)
        assert Event.objects.count() + Quarantined.objects.count() == before + receipt.accepted + len(
            receipt.refused
        )
