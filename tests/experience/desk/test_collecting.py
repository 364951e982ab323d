"""The page of what is collected: what it says, its moving part, and the acts on it."""

from uuid import uuid4

import pytest
from django.utils import translation

from tests.factories import make_course, make_visitor, receive
from zhiyue.collect.cleaning import clean
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, HistoryImport
from zhiyue.collect.services import import_history, record
from zhiyue.collect.vocabulary import KINDS, Property
from zhiyue.collect.vocabulary.kinds import choice, row_id, word
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.experience.desk import collected

pytestmark = pytest.mark.django_db

ADDRESS = "/desk/collecting/"


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def client(signed_in, operator):
    client = signed_in(operator)
    client.cookies["zy_language"] = "en"
    return client


def text(client, address=ADDRESS):
    answer = client.get(address, headers={"accept-language": "en"})
    assert answer.status_code == 200
    return answer.content.decode()


def an_import(learner, **told):
    row = HistoryImport.objects.create(
        file_name="past.csv", form="csv", state="done", started_at=clock.now(), imported=1, **told
    )
    record("course.viewed", actor=Actor(member_id=learner.pk), course_id=7)
    Event.objects.update(source=row)
    return row


def test_it_shows_what_came_in_and_what_did_not(client, visitor, django_capture_on_commit_callbacks):
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    receive([{"rubbish": 1}], actor=Actor(visitor=visitor), user_agent="Mozilla/5.0")
    with django_capture_on_commit_callbacks(execute=True):
        record("course.saved", actor=Actor(visitor=make_visitor(NOTHING)), course_id=7)
    page = text(client)
    assert "1 event in the last hour" in page
    assert "Of 100 events 33.3 were stored; 33.3 lacked consent, 33.3 were not clean" in page
    assert "Saved a course" in page
    assert page.count('width="0.8"') == 1


def test_an_empty_academy_says_what_will_stand_here(client):
    page = text(client)
    assert "Nothing came in yet" in page
    assert "None: whoever came had consented." in page
    assert "Nobody has looked yet." in page
    assert "“zhiyue import events” brings the past in" in page


def test_its_moving_part_is_asked_for_alone(client, visitor):
    assert "<html" not in text(client, f"{ADDRESS}now/")
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    assert "1 event in the last hour" in text(client, f"{ADDRESS}now/")


def test_acts_of_simulated_members_are_told_apart_from_imported_files(client, learner, settings):
    an_import(learner)
    Event.objects.update(origin="import")
    an_act = clean(
        name="course.viewed", origin="import", event_id=uuid4(), course_id=7, lesson_id=None, properties={},
        occurred_at=clock.now(), received_at=clock.now(),
    )  # fmt: skip
    import_history(events=[(an_act, Actor(member_id=learner.pk))])
    settings.ZHIYUE_DEMO = True
    assert "1 imported · 1 simulated" in text(client, f"{ADDRESS}now/")
    settings.ZHIYUE_DEMO = False
    assert '<dd class="measure-note">2 imported</dd>' in text(client, f"{ADDRESS}now/")


def test_it_costs_the_same_however_much_there_is(client, visitor, django_assert_max_num_queries):
    text(client)
    for _ in range(5):
        record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    with django_assert_max_num_queries(32):
        text(client)


def test_the_days_come_as_a_table(client, visitor):
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    lines = text(client, "/desk/collecting.csv").splitlines()
    assert lines[0] == "day,stored,unconsented,quarantined"
    assert lines[-1] == f"{clock.business_day().isoformat()},1,0,0"
    assert len(lines) == 15


def test_the_table_of_events_names_every_kind(client, visitor):
    record("course.viewed", actor=Actor(visitor=visitor), course_id=7)
    page = text(client, f"{ADDRESS}events/")
    assert all(f">{name}</code>" in page for name in KINDS)
    assert "whole number, 0–100" in page
    assert "`" not in page
    assert "; <code>found</code> is how much was found" in page
    assert "always: the service needs it" in page


def test_bounds_are_told_in_words():
    told = [
        Property("percent", "int", least=0, most=100),
        Property("n", "int", required=False),
        row_id("order_id"),
        Property("share", "number", most=1, required=False),
        Property("weight", "number"),
        Property("propensity", "number", least=1e-9, most=1),
        word("query", most=60),
        choice("vote", "up", "down", "none"),
        Property("by_hand", "bool"),
        Property("courses", "int_list", least=1, most=40),
        Property("scores", "number_list", least=0, most=1, along="courses"),
    ]
    assert [collected.bounds(one) for one in told] == [
        "whole number, 0–100",
        "whole number, at least 0; optional",
        "id",
        "number, 0–1; optional",
        "number, at least 0",
        "number, >0–1",
        "text, 1–60 letters",
        "one of up / down / none",
        "yes or no",
        "list of 1–40 ids",
        "as many numbers as `courses`, 0–1 each",
    ]


class TestImports:
    def test_are_listed_with_what_became_of_them(self, client, learner):
        an_import(learner, refused=1, errors=[[7, "unknown_person", "There is no member “<b>”."]])
        page = text(client)
        assert "past.csv" in page
        assert "Row 7: There is no member “&lt;b&gt;”." in page

    def test_are_undone(self, client, learner):
        row = an_import(learner)
        client.post(f"{ADDRESS}imports/{row.pk}/undo/")
        assert not Event.objects.exists()
        assert "1 event was taken out again." in text(client)
        assert "Take them out" not in text(client)

    def test_undone_twice_say_so(self, client, learner):
        row = an_import(learner)
        client.post(f"{ADDRESS}imports/{row.pk}/undo/")
        assert client.post(f"{ADDRESS}imports/{row.pk}/undo/").status_code == 409

    def test_that_are_not_there_are_not_found(self, client):
        assert client.post(f"{ADDRESS}imports/99/undo/").status_code == 404


def test_the_lake_is_looked_at_in_the_background_once(client):
    for _ in range(2):
        answer = client.post(f"{ADDRESS}lake/verify/")
        assert answer["Location"] == f"{ADDRESS}#lake"
    assert Job.objects.filter(name="collect.verify").count() == 1


def test_an_event_is_there_with_the_next_look(client, visitor):
    """What the page shows is asked anew each time: nothing is kept for later."""
    make_course("intuition")
    batch = [
        {
            "id": str(uuid4()),
            "name": "page.viewed",
            "at": clock.now().isoformat(),
            "properties": {"path": "/"},
        }
    ]
    receive(batch, actor=Actor(visitor=visitor), user_agent="Mozilla/5.0")
    assert "1 event in the last hour" in text(client, f"{ADDRESS}now/")
