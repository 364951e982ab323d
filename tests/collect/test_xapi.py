"""Events become statements and come back as they went; foreign statements are read as far as they say enough."""

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhiyue.collect.cleaning import check
from zhiyue.collect.errors import NotInVocabulary
from zhiyue.collect.vocabulary import KINDS
from zhiyue.collect.xapi import VERBS, Subject, to_statement, told_by
from zhiyue.core.kit import clock

BASE = "https://academy.example"
ADL = "http://adlnet.gov/expapi/verbs/"


def statement_of(name, *, about=None, properties=None, person="learner@test.example"):
    return to_statement(
        event_id=uuid4(),
        name=name,
        person=person,
        about=about or Subject(),
        properties=properties or {},
        occurred_at=clock.now(),
        base=BASE,
    )


def read(statement):
    return told_by((json.dumps(statement),))


def reason_of(line):
    with pytest.raises(NotInVocabulary) as refusal:
        told_by((line,))
    return refusal.value.reason


def test_every_kind_of_event_has_a_verb():
    assert set(VERBS) == set(KINDS)


def test_a_statement_says_what_other_systems_understand():
    statement = statement_of(
        "lesson.progressed", about=Subject("intuition", "two"), properties={"percent": 40, "seconds": 30}
    )
    assert statement["verb"]["id"] == f"{ADL}progressed"
    assert statement["object"]["id"] == f"{BASE}/courses/intuition/two/"
    assert statement["object"]["definition"]["type"].endswith("/lesson")
    assert statement["result"] == {
        "duration": "PT30S",
        "extensions": {"https://w3id.org/xapi/cmi5/result/extensions/progress": 40},
    }
    assert statement["actor"]["account"] == {"homePage": BASE, "name": "learner@test.example"}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_an_event_comes_back_as_it_went(name):
    about = {"course": Subject("c-1"), "lesson": Subject("c-1", "l-1")}.get(KINDS[name].about, Subject())
    properties = {"percent": 40, "words": "统计", "courses": [1, 2]}
    statement = statement_of(name, about=about, properties=properties)
    told = read(statement)
    assert (told.name, told.course, told.properties) == (name, about.course, properties)
    assert told.lesson == about.lesson
    assert (told.event_id, told.when) == (statement["id"], statement["timestamp"])
    assert (told.person_by, told.person) == ("email", "learner@test.example")


@pytest.mark.parametrize(
    ("verb", "address", "name"),
    [
        ("experienced", "/courses/c/", "course.viewed"),
        ("registered", "/courses/c", "course.enrolled"),
        ("completed", "/courses/c/lessons/l", "lesson.finished"),
        ("initialized", "/courses/c/l/?from=home", "lesson.started"),
    ],
)
def test_a_foreign_statement_is_read_by_verb_and_object(verb, address, name):
    told = read(
        {
            "actor": {"mbox": "mailto:a@b.example"},
            "verb": {"id": f"{ADL}{verb}"},
            "object": {"id": f"https://old.example{address}"},
            "timestamp": "2026-01-01T00:00:00.123456789Z",
        }
    )
    assert (told.name, told.course, told.person) == (name, "c", "a@b.example")
    assert told.when == "2026-01-01T00:00:00.123456Z"


@pytest.mark.parametrize(
    ("name", "by"), [("a@b.example", "email"), ("+8613800138000", "phone"), ("42", "username")]
)
def test_an_account_is_looked_up_by_what_it_looks_like(name, by):
    assert read(statement_of("course.viewed", person=name)).person_by == by


WHOLE = {
    "actor": {"mbox": "mailto:a@b.example"},
    "verb": {"id": f"{ADL}completed"},
    "object": {"id": "https://old.example/courses/c/l"},
    "timestamp": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"actor": None}, "unknown_person"),
        ({"actor": {"mbox": 3}}, "unknown_person"),
        ({"verb": "completed"}, "malformed"),
        ({"verb": {"id": f"{ADL}exploded"}}, "unknown_event"),
        ({"object": {"id": "https://old.example/quiz/9"}}, "unknown_event"),
        ({"timestamp": None}, "malformed"),
        ({"context": {"extensions": {f"{BASE}/xapi/event": {"name": "a", "properties": 3}}}}, "malformed"),
    ],
)
def test_what_a_statement_lacks_is_named(change, reason):
    assert reason_of(json.dumps(WHOLE | change)) == reason


@pytest.mark.parametrize("line", ["", "rubbish", "[]", "3", "[" * 5000, '{"a": NaN'])
def test_what_is_no_statement_is_malformed(line):
    assert reason_of(line) == "malformed"


def test_a_line_that_is_too_long_is_refused():
    assert reason_of(json.dumps(WHOLE | {"more": "x" * 70_000})) == "too_large"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys((*WHOLE, "id", "context", "result"), JSON)))
def test_whatever_it_says_it_is_read_or_refused(statement):
    try:
        told = told_by((json.dumps(statement),))
    except NotInVocabulary:
        return
    assert isinstance(told.name, str) and told.person


CMI5 = "https://w3id.org/xapi/cmi5/result/extensions/progress"
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), float("nan"), float("inf")])
DURATIONS = st.text(max_size=5) | st.integers(0, 10**30).map("PT{}S".format) | st.just(f"P{'9' * 400}D")


@given(NUMBERS | st.booleans() | st.none(), DURATIONS)
def test_however_much_was_read_it_is_a_number_or_refused(progress, duration):
    result = {"duration": duration, "extensions": {CMI5: progress}}
    verb = {"id": "http://adlnet.gov/expapi/verbs/progressed"}
    about = {"id": "https://old.example/courses/intuition/lessons/one"}
    line = json.dumps(WHOLE | {"verb": verb, "object": about, "result": result})
    told = told_by((line,))
    try:
        check(name=told.name, origin="import", course_id=1, lesson_id=1, properties=told.properties)
    except NotInVocabulary:
        return
    assert 0 <= told.properties["percent"] <= 100


def test_an_id_is_kept_where_there_is_one():
    assert UUID(read(statement_of("page.viewed")).event_id)
    assert read(WHOLE).event_id == ""
