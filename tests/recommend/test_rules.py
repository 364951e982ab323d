"""The academy's own rules: who makes them, what is refused, and what they do to slates."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import make_course
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.corrections import correct_topic
from zhiyue.product.learning.services import dismiss_course, view_course
from zhiyue.recommend.errors import RuleRefused
from zhiyue.recommend.kinds import Reason, Recommended
from zhiyue.recommend.models import Rule
from zhiyue.recommend.rules import Pin, Wish, all_rules, end_rule, in_force, put_rule, with_pins
from zhiyue.recommend.selectors import similar, slate
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db


def as_viewer(user, role="operator"):
    return Viewer(user=user, visitor=None, roles=frozenset({role}))


@pytest.fixture
def viewer(operator):
    return as_viewer(operator)


def ids(found):
    return [item.course_id for item in found.items]


def wish(course, kind="never", **changed):
    told = {"slot": "", "why": "For the summer school", "begins_at": clock.now() - timedelta(minutes=1)}
    return Wish(kind=kind, course_id=course.pk, **{**told, **changed})


def pin(course, place, **changed):
    told = {"slot": "for-you", "ends_at": clock.now() + timedelta(days=7), "place": place}
    return wish(course, "pin", **{**told, **changed})


@pytest.fixture
def reader(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    view_course(actor=actor, course=town[0])
    return actor


# --- what they do ---


def test_a_course_never_to_be_recommended_is_nowhere_in_no_edition(reader, town, viewer):
    english = make_course("data-1-en", language="en", edition_of="data-1")
    assert town[1].pk in ids(similar(town[0].pk))
    row = put_rule(viewer=viewer, wish=wish(town[1]))

    for found in (
        slate(reader, k=16),
        slate(reader, k=16, policy="popular"),
        slate(reader, k=16, slot="explore"),
        similar(town[0].pk, k=16),
    ):
        assert not {town[1].pk, english.pk} & set(ids(found))
    end_rule(viewer=viewer, rule_id=row.pk)
    assert town[1].pk in ids(slate(reader, k=16))


def test_a_factor_moves_a_course_up_or_down_in_the_slot_it_is_for(reader, town, viewer):
    plain = slate(reader, k=16, policy="popular")
    low = plain.items[8]
    put_rule(
        viewer=viewer,
        wish=wish(Course(pk=low.course_id), "weigh", slot="popular", factor=2.0),
    )

    found = slate(reader, k=16, policy="popular")

    (moved,) = [item for item in found.items if item.course_id == low.course_id]
    assert moved.position < low.position
    assert moved.score == pytest.approx(2 * low.score)
    assert ids(slate(reader, k=16)) == ids(slate(reader, k=16, slot="for-you"))
    put_rule(viewer=viewer, wish=wish(Course(pk=low.course_id), "weigh", factor=0.5))
    assert in_force("popular", clock.now()).weighed == {low.course_id: 1.0}
    assert in_force("for-you", clock.now()).weighed == {low.course_id: 0.5}


def test_a_pinned_course_stands_in_its_place_says_so_and_is_listed_once(reader, town, viewer):
    before = slate(reader, k=12)
    course = next(course for course in town if course.pk == ids(before)[7])
    put_rule(viewer=viewer, wish=pin(course, 2))

    found = slate(reader, k=12)

    assert found.items[1].course_id == course.pk
    assert found.items[1].reason == Reason("pinned")
    assert found.items[1].propensity == 1.0
    assert ids(found).count(course.pk) == 1
    assert [item.position for item in found.items] == list(range(1, 13))
    assert [item.score for item in found.items] == sorted((item.score for item in found.items), reverse=True)
    others = [pk for pk in ids(found) if pk != course.pk]
    assert others == [pk for pk in ids(before) if pk != course.pk][: len(others)]
    for elsewhere in (slate(reader, policy="popular"), slate(reader, slot="explore")):
        assert "pinned" not in {item.reason.kind for item in elsewhere.items}


def test_a_pin_is_not_for_whom_it_is_no_suggestion(town, learner, visitor, viewer):
    train_all()
    owner, refuser = Actor(member_id=learner.pk), Actor(visitor=visitor)
    put_rule(viewer=viewer, wish=pin(town[9], 1, slot="popular"))
    assert ids(slate(owner, policy="popular"))[0] == town[9].pk
    grant_course(user=learner, course=town[9])
    dismiss_course(actor=refuser, course=town[9])

    for actor in (owner, refuser):
        assert town[9].pk not in ids(slate(actor, k=16, policy="popular"))
    put_rule(viewer=viewer, wish=wish(town[9]))
    assert town[9].pk not in ids(slate(Actor(), k=16, policy="popular"))


def test_a_pin_is_not_for_whoever_wants_less_of_its_topic(reader, town, viewer):
    put_rule(viewer=viewer, wish=pin(town[9], 1))
    assert ids(slate(reader))[0] == town[9].pk

    correct_topic(actor=reader, topic=town[9].topic, way="less")

    assert town[9].pk not in ids(slate(reader, k=4))


def test_what_is_on_the_page_already_is_left_out_and_a_pin_keeps_its_place(reader, town, viewer):
    put_rule(viewer=viewer, wish=pin(town[9], 3, slot="popular"))
    above = ids(slate(reader, k=6, policy="popular"))
    above.remove(town[9].pk)

    below = ids(slate(reader, k=6, policy="popular", besides=above))

    assert below[2] == town[9].pk
    assert not set(below) & set(above)


def test_a_pinned_course_is_shown_in_the_readers_edition(reader, town, viewer):
    english = make_course("coffee-3-en", language="en", edition_of="coffee-3", topic="coffee")
    put_rule(viewer=viewer, wish=pin(town[11], 1))

    assert ids(slate(reader))[0] == town[11].pk
    Course.objects.filter(pk=town[11].pk).update(status="withdrawn")
    assert ids(slate(reader))[0] == english.pk
    Course.objects.filter(pk=english.pk).update(status="withdrawn")
    assert "pinned" not in {item.reason.kind for item in slate(reader).items}


def test_a_rule_holds_in_its_time_and_a_slate_of_then_shows_what_held_then(reader, town, viewer):
    now = clock.now()
    put_rule(
        viewer=viewer,
        wish=wish(town[1], begins_at=now + timedelta(days=1), ends_at=now + timedelta(days=2)),
    )

    def is_shown(days):
        return town[1].pk in ids(slate(reader, k=16, at=now + timedelta(days=days)))

    assert [is_shown(days) for days in (0, 1.5, 2.5)] == [True, False, True]


def test_pins_push_others_down_and_go_to_the_end_of_a_short_list():
    first, second = (Recommended(pk, 1.0 / pk, Reason("popular"), pk) for pk in (1, 2))

    found = with_pins([first, second], [Pin(9, 7), Pin(1, 8)])

    assert [(item.course_id, item.score, item.position) for item in found] == [
        (8, 1.0, 1), (1, 1.0, 2), (2, 0.5, 3), (7, 0.5, 4),
    ]  # fmt: skip
    assert [item.score for item in with_pins([], [Pin(3, 7)])] == [0.0]


# --- who makes them, and what is refused ---


@pytest.mark.parametrize("role", ["learner", "creator", "agent"])
def test_others_neither_see_nor_make_nor_end_rules(town, viewer, stranger, role):
    row = put_rule(viewer=viewer, wish=wish(town[1]))
    other = as_viewer(stranger, role)

    for act in (
        lambda: all_rules(other),
        lambda: put_rule(viewer=other, wish=wish(town[2])),
        lambda: end_rule(viewer=other, rule_id=row.pk),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert list(Rule.objects.values_list("course_id", "ended_at")) == [(town[1].pk, None)]


def test_making_and_ending_are_audited_and_what_is_sent_twice_counts_once(town, viewer, operator):
    asked = pin(town[1], 3)
    row = put_rule(viewer=viewer, wish=asked)
    assert put_rule(viewer=viewer, wish=replace(asked, begins_at=clock.now())) == row
    ended = end_rule(viewer=viewer, rule_id=row.pk).ended_at
    assert end_rule(viewer=viewer, rule_id=row.pk).ended_at == ended

    made, over = AuditEntry.objects.filter(act__startswith="rule.").order_by("pk")
    assert (made.act, made.by_id, made.why, made.subject_name) == (
        "rule.made", operator.pk, "For the summer school", town[1].title,
    )  # fmt: skip
    assert {name: made.after[name] for name in ("kind", "slot", "place")} == {
        "kind": "pin", "slot": "for-you", "place": 3,
    }  # fmt: skip
    assert (over.act, over.before) == ("rule.ended", made.after)
    assert all_rules(viewer) == ([], [row])
    with pytest.raises(Rule.DoesNotExist):
        end_rule(viewer=viewer, rule_id=row.pk + 1)


LATER = timedelta(days=5)


@pytest.mark.parametrize(
    ("kind", "changed", "field"),
    [
        ("magic", {}, "kind"),
        ("never", {"slot": "nowhere"}, "slot"),
        ("pin", {"slot": ""}, "slot"),
        ("never", {"why": " a "}, "why"),
        ("never", {"why": "x" * 301}, "why"),
        ("never", {"ends_at": -LATER}, "ends_at"),
        ("never", {"begins_at": LATER, "ends_at": timedelta(days=4)}, "ends_at"),
        ("pin", {"place": None}, "place"),
        ("pin", {"place": 0}, "place"),
        ("pin", {"place": 13}, "place"),
        ("pin", {"ends_at": None}, "ends_at"),
        ("pin", {"ends_at": timedelta(days=100)}, "ends_at"),
        ("weigh", {"factor": None}, "factor"),
        ("weigh", {"factor": 0.4}, "factor"),
        ("weigh", {"factor": 2.1}, "factor"),
        ("weigh", {"factor": 1.0}, "factor"),
        ("weigh", {"factor": float("nan")}, "factor"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(town, viewer, kind, changed, field):
    moment = clock.now()
    base = {"slot": "for-you", "place": 1, "ends_at": LATER, "begins_at": timedelta(0), "factor": None}
    told = {**base, **changed} if kind == "pin" else changed
    told = {name: moment + value if isinstance(value, timedelta) else value for name, value in told.items()}

    with pytest.raises(RuleRefused) as refused:
        put_rule(viewer=viewer, wish=wish(town[1], kind, **told))

    assert refused.value.field == field
    assert not Rule.objects.exists()
    assert not AuditEntry.objects.filter(act="rule.made").exists()


@pytest.fixture
def in_english():
    with translation.override("en"):
        yield


@pytest.mark.usefixtures("in_english")
def test_a_rule_is_about_a_course_that_is_out(town, viewer):
    english = make_course("data-1-en", language="en", edition_of="data-1")
    Course.objects.filter(pk=town[2].pk).update(status="draft")

    for course in (english, town[2]):
        with pytest.raises(RuleRefused, match="Choose one of the courses that are out"):
            put_rule(viewer=viewer, wish=wish(course))


@pytest.mark.usefixtures("in_english")
def test_one_place_has_one_pin_and_one_course_one_place(town, viewer):
    row = put_rule(viewer=viewer, wish=pin(town[1], 3))
    in_a_week = clock.now() + timedelta(days=8)

    with pytest.raises(RuleRefused, match=f"“{town[1].title}” has this place"):
        put_rule(viewer=viewer, wish=pin(town[2], 3))
    with pytest.raises(RuleRefused, match="pinned to place 3 in that time"):
        put_rule(viewer=viewer, wish=pin(town[1], 4))
    put_rule(viewer=viewer, wish=pin(town[2], 4))
    put_rule(viewer=viewer, wish=pin(town[2], 3, slot="popular"))
    put_rule(
        viewer=viewer,
        wish=pin(town[3], 3, begins_at=in_a_week, ends_at=in_a_week + timedelta(days=1)),
    )
    end_rule(viewer=viewer, rule_id=row.pk)
    put_rule(viewer=viewer, wish=pin(town[5], 3, begins_at=clock.now(), ends_at=in_a_week))
    put_rule(viewer=viewer, wish=wish(town[1]))
    with pytest.raises(RuleRefused, match="such a rule for this course already"):
        put_rule(viewer=viewer, wish=wish(town[1], why="Another reason"))
    assert Rule.objects.count() == 6
