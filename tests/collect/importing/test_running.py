"""Past events come in once, whole, with every refused row named; and go out again."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import RFC_4122, uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from tests.factories import make_course, make_member
from zhiyue.collect.errors import BadRefusals, ImportNotFound, ImportNotInState, UnreadableHistory
from zhiyue.collect.importing import running, undoing
from zhiyue.collect.importing.mapping import parse_mapping
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import ConsentCount, Event, HistoryImport, SealedDay
from zhiyue.collect.services import record
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import NOTHING, Purpose
from zhiyue.core.consent.services import choose
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.places import places

pytestmark = pytest.mark.django_db

MAPPING = """
[person]
column = "who"
[when]
column = "at"
[event]
column = "act"
names = { look = "course.viewed", read = "lesson.progressed" }
[course]
column = "course"
[lesson]
column = "lesson"
[id]
column = "id"
[properties]
percent = "percent"
seconds = "seconds"
"""
HEADER = "id,who,at,act,course,lesson,percent,seconds"
YESTERDAY = clock.now().replace(microsecond=0) - timedelta(days=1)


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def course(db):
    return make_course("intuition")


def line(who="learner@test.example", *, id="", at=YESTERDAY, act="look", course="intuition", rest=",,"):
    when = at if isinstance(at, str) else at.isoformat()
    return f"{id},{who},{when},{act},{course},{rest}"


def write(folder, *lines, name="past.csv"):
    path = folder / name
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def bring(path, text=MAPPING, **more):
    mapping = parse_mapping(text, file=path)
    return running.import_file(
        path, mapping=mapping, places=places(), by=None, report=lambda *_: None, **more
    )


def attempt(path, text=MAPPING, **more):
    mapping = parse_mapping(text, file=path)
    return running.try_file(path, mapping=mapping, places=places(), report=lambda *_: None, **more)


def told(outcome):
    return (outcome.imported, outcome.repeated, outcome.refused, outcome.unconsented)


def test_rows_become_events(folder, learner, course):
    lesson = course.lessons.get(slug="two")
    path = write(folder, line(), line(act="read", rest="two,40,30"))
    record_, outcome = bring(path)
    assert told(outcome) == (2, 0, 0, 0)
    view, read = Event.objects.order_by("name")
    assert (view.name, view.member_id, view.course_id, view.origin) == (
        "course.viewed",
        learner.pk,
        course.pk,
        "import",
    )
    assert (view.occurred_at, view.source_id) == (YESTERDAY, record_.pk)
    assert (read.lesson_id, read.properties) == (lesson.pk, {"percent": 40, "seconds": 30})
    assert record_.state == HistoryImport.State.DONE
    assert AuditEntry.objects.get(act="history.imported").after["imported"] == 2


def test_the_same_file_again_adds_nothing(folder, learner, course):
    path = write(folder, line(), line(at=YESTERDAY - timedelta(hours=1)))
    bring(path)
    _, outcome = bring(path)
    assert told(outcome) == (0, 2, 0, 0)
    assert Event.objects.count() == 2


def test_a_row_that_stands_twice_in_a_file_is_one_event(folder, learner, course):
    path = write(folder, line(), line())
    assert told(attempt(path)) == (1, 1, 0, 0)
    assert told(bring(path)[1]) == (1, 1, 0, 0)


def test_a_number_of_a_row_tells_rows_apart_and_is_no_id(folder, learner, stranger, course):
    path = write(folder, line(id="1"), line(id="1"), line(id="2"), line(id="1", who=stranger.email))
    assert told(bring(path)[1]) == (3, 1, 0, 0)


def test_a_uuid_is_the_id_of_one_event(folder, learner, course):
    known = uuid4()
    path = write(folder, line(id=known), line(id=known, at=YESTERDAY - timedelta(hours=2)))
    assert told(bring(path)[1]) == (1, 1, 0, 0)
    assert Event.objects.get().event_id == known


REFUSED = [
    (line(who="nobody@test.example"), "unknown_person"),
    (line(at="yesterday"), "malformed"),
    (line(at="2999-01-01T00:00:00+00:00"), "in_the_future"),
    (line(at="1999-01-01T00:00:00+00:00"), "kept_no_longer"),
    (line(at="0001-01-01T00:00:00"), "malformed"),
    (line(act="eat"), "unknown_event"),
    (line(course="nowhere"), "unknown_course"),
    (line(course=""), "missing_id"),
    (line(act="read", rest="nine,40,30"), "unknown_lesson"),
    (line(act="read", rest="two,400,30"), "out_of_bounds"),
    (line(act="read", rest="two,forty,30"), "wrong_type"),
    (line(act="read", rest="two,40,"), "missing_property"),
]


@pytest.mark.parametrize(("row", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_a_row_that_can_not_be_taken_is_refused_with_its_reason(folder, learner, course, row, reason):
    _, outcome = bring(write(folder, row, line()))
    assert told(outcome) == (1, 0, 1, 0)
    [fault] = outcome.errors
    assert (fault.row, fault.reason) == (1, reason)


def test_refused_rows_are_written_to_a_file(folder, learner, course):
    path = write(folder, line(), line(who="=cmd"), line(act="eat"))
    bring(path, refused_to=folder / "refused.csv")
    assert (folder / "refused.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "row,reason,detail",
        "2,unknown_person,There is no member with the email “=cmd”.",
        "3,unknown_event,“eat” is not in the table of events.",
    ]


def test_a_dry_run_tells_all_and_writes_nothing(folder, learner, course):
    record("course.viewed", actor=Actor(member_id=learner.pk), course_id=course.pk)
    known = Event.objects.get()
    path = write(folder, line(id=known.event_id), line(), line(act="eat"))
    assert told(attempt(path)) == (1, 1, 1, 0)
    assert Event.objects.count() == 1
    assert not HistoryImport.objects.exists()
    assert not AuditEntry.objects.exists()


class TestConsent:
    def test_what_who_refuses_did_is_counted_and_not_stored(
        self, folder, course, django_capture_on_commit_callbacks
    ):
        make_member("no@test.example", granted=NOTHING)
        with django_capture_on_commit_callbacks(execute=True):
            _, outcome = bring(write(folder, line(who="no@test.example")))
        assert told(outcome) == (0, 0, 0, 1)
        assert not Event.objects.exists()
        count = ConsentCount.objects.get()
        assert (count.name, count.n, count.day) == ("course.viewed", 1, clock.business_day(YESTERDAY))

    def test_what_the_operator_states_holds_for_who_was_not_asked_here(self, folder, course):
        make_member("unasked@test.example", granted=None)
        make_member("no@test.example", granted=NOTHING)
        path = write(folder, line(who="unasked@test.example"), line(who="no@test.example"))
        _, outcome = bring(path, MAPPING + '[consent]\nstated = ["analytics"]\n')
        assert told(outcome) == (1, 0, 0, 1)
        assert Event.objects.get().purposes == Purpose.ANALYTICS

    def test_without_a_statement_nobody_is_taken_to_have_consented(self, folder, course):
        make_member("unasked@test.example", granted=None)
        assert told(bring(write(folder, line(who="unasked@test.example")))[1]) == (0, 0, 0, 1)


class TestBrokenOff:
    @pytest.fixture(autouse=True)
    def small_parts(self, monkeypatch):
        monkeypatch.setattr(running, "PART", 3)

    def rows(self, n):
        return [line(at=YESTERDAY - timedelta(minutes=m)) for m in range(n)]

    def test_it_goes_on_behind_its_last_part(self, folder, learner, course):
        path = write(folder, *self.rows(10))
        calls = []

        def fail_after_two(done, total):
            calls.append(done)
            if len(calls) == 2:
                raise ZeroDivisionError

        mapping = parse_mapping(MAPPING, file=path)
        with pytest.raises(ZeroDivisionError):
            running.import_file(path, mapping=mapping, places=places(), by=None, report=fail_after_two)
        broken = HistoryImport.objects.get()
        assert (broken.state, broken.rows, Event.objects.count()) == ("failed", 6, 6)
        again, outcome = bring(path)
        assert (again.pk, again.state) == (broken.pk, "done")
        assert told(outcome) == (10, 0, 0, 0)
        assert (Event.objects.count(), outcome.rows) == (10, 10)

    def test_what_was_refused_before_is_told_too(self, folder, learner, course):
        rows = self.rows(8)
        rows[0] = line(who="nobody@test.example")
        rows[5] = line(course="alchemy")
        path, refused = write(folder, *rows), folder / "refused.csv"

        def fail(done, total):
            if done == 3:
                raise ZeroDivisionError

        mapping = parse_mapping(MAPPING, file=path)
        told_to = {"mapping": mapping, "places": places(), "by": None, "refused_to": refused}
        with pytest.raises(ZeroDivisionError):
            running.import_file(path, report=fail, **told_to)
        _, outcome = running.import_file(path, report=lambda *_: None, **told_to)
        assert outcome.reasons == {"unknown_person": 1, "unknown_course": 1}
        numbers = [one.split(",")[0] for one in refused.read_text(encoding="utf-8-sig").splitlines()]
        assert numbers == ["row", "1", "6"]
        # The same where the first file is gone meanwhile.
        HistoryImport.objects.update(state="failed")
        refused.unlink()
        running.import_file(path, report=lambda *_: None, **told_to)
        assert refused.read_text(encoding="utf-8-sig").count("\n") == 3

    def test_who_stops_it_finds_it_broken_off(self, folder, learner, course):
        path = write(folder, *self.rows(6))

        def stop(done, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            running.import_file(
                path, mapping=parse_mapping(MAPPING, file=path), places=places(), by=None, report=stop
            )
        assert HistoryImport.objects.get().state == "failed"

    def test_a_file_that_changes_while_it_is_read_is_no_import(self, folder, learner, course):
        path = write(folder, *self.rows(9))

        def change(done, total):
            path.write_text(path.read_text(encoding="utf-8") + line() + "\n", encoding="utf-8")

        with pytest.raises(UnreadableHistory, match=r"past\.csv changed while it was read"):
            running.import_file(
                path, mapping=parse_mapping(MAPPING, file=path), places=places(), by=None, report=change
            )
        record_ = HistoryImport.objects.get()
        assert (record_.state, record_.rows) == ("failed", 3)
        assert "changed while it was read" in record_.failure

    def test_a_part_is_whole_or_not_there(self, folder, learner, course, monkeypatch):
        path = write(folder, *self.rows(6))
        keep = HistoryImport.save

        def break_once(self, *args, **more):
            if self.rows == 6:
                raise ZeroDivisionError
            keep(self, *args, **more)

        monkeypatch.setattr(HistoryImport, "save", break_once)
        with pytest.raises(ZeroDivisionError):
            bring(path)
        monkeypatch.setattr(HistoryImport, "save", keep)
        assert Event.objects.count() == 3
        assert told(bring(path)[1]) == (6, 0, 0, 0)


def test_the_refused_rows_are_never_written_over_the_file(folder, learner, course):
    path = write(folder, line(), line(who="nobody@test.example"))
    before = path.read_bytes()
    for bring_in in (attempt, bring):
        for target in (path, folder, folder / "nowhere" / "refused.csv"):
            with pytest.raises(BadRefusals):
                bring_in(path, refused_to=target)
    assert (path.read_bytes(), Event.objects.count(), HistoryImport.objects.count()) == (before, 0, 0)


def test_made_ids_begin_with_the_moment_and_say_that_they_are_made(folder, learner, course):
    bring(write(folder, line(), line(at=YESTERDAY - timedelta(hours=1)), line(at="1969-12-31T23:59:59Z")))
    earlier, later = Event.objects.order_by("occurred_at").values_list("event_id", flat=True)
    assert earlier.int < later.int
    for one, moment in ((earlier, YESTERDAY - timedelta(hours=1)), (later, YESTERDAY)):
        assert one.int >> 80 == int(moment.timestamp() * 1000)
        assert (one.version, one.variant) == (8, RFC_4122)


def test_equal_moments_keep_the_order_of_the_file(folder, learner):
    slugs = [f"c{n}" for n in range(12)]
    courses = {make_course(slug).pk: slug for slug in slugs}
    bring(write(folder, *(line(course=slug) for slug in slugs)))
    assert [courses[pk] for pk in Event.objects.order_by("pk").values_list("course_id", flat=True)] == slugs


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai", "Pacific/Kiritimati"])
def test_a_year_that_no_calendar_has_is_refused(folder, learner, course, settings, zone):
    settings.ZHIYUE_TIME_ZONE = zone
    rows = [line(at=at) for at in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00")]
    _, outcome = bring(write(folder, *rows, line()))
    assert told(outcome) == (1, 0, 3, 0)


def test_an_act_of_while_they_refused_is_not_brought_in(folder, learner, course, monkeypatch):
    def choose_days_ago(days, granted):
        monkeypatch.setattr(clock, "now", lambda: now - timedelta(days=days))
        choose(member_id=learner.pk, visitor=None, granted=granted, way=Choice.Way.SETTINGS)
        monkeypatch.setattr(clock, "now", lambda: now)

    now = clock.now()
    choose_days_ago(20, NOTHING)
    choose_days_ago(10, Purpose.ANALYTICS)
    rows = [line(at=now - timedelta(days=days)) for days in (30, 15, 5)]
    _, outcome = bring(write(folder, *rows))
    assert told(outcome) == (2, 0, 0, 1)
    found = Event.objects.order_by("occurred_at").values_list("purposes", flat=True)
    assert list(found) == [int(Purpose.ANALYTICS)] * 2


def test_a_quote_that_is_never_closed_takes_nothing_with_it(folder, learner, course):
    path = write(folder, line(), '"a' + line(), line())
    with pytest.raises(UnreadableHistory, match="after row 1"):
        bring(path)
    assert Event.objects.count() == 0


def test_its_days_are_sealed_soon(folder, learner, course):
    record_, _ = bring(write(folder, line()))
    assert Job.objects.filter(name="collect.seal").count() == 1
    Job.objects.all().delete()
    undoing.undo(import_id=record_.pk, by=None)
    assert Job.objects.filter(name="collect.seal").count() == 1


def test_two_who_bring_the_same_file_in_store_each_row_once(folder, learner, course, monkeypatch):
    monkeypatch.setattr(running, "PART", 2)
    path = write(folder, *(line(at=YESTERDAY - timedelta(minutes=m)) for m in range(6)))

    def another_does_the_rest(done, total):
        if done == 2:
            bring(path)

    mapping = parse_mapping(MAPPING, file=path)
    with pytest.raises(ImportNotInState):
        running.import_file(path, mapping=mapping, places=places(), by=None, report=another_does_the_rest)
    record_ = HistoryImport.objects.get()
    assert (record_.state, record_.rows, record_.imported, Event.objects.count()) == ("done", 6, 6, 6)


class TestUndone:
    def test_what_an_import_brought_goes_and_nothing_else(self, folder, learner, course, operator):
        record("course.viewed", actor=Actor(member_id=learner.pk), course_id=course.pk)
        mine = Event.objects.get()
        path = write(folder, line(), line(id=mine.event_id))
        record_, _ = bring(path)
        viewer = Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))
        assert undoing.undo_on_the_desk(viewer=viewer, import_id=record_.pk) == 1
        assert Event.objects.get() == mine
        record_.refresh_from_db()
        assert (record_.state, record_.undone_at is not None) == ("undone", True)
        entry = AuditEntry.objects.get(act="history.undone")
        assert (entry.by_id, entry.after["removed"]) == (operator.pk, 1)

    def test_its_days_are_read_anew(self, folder, learner, course):
        record_, _ = bring(write(folder, line()))
        day = clock.business_day(YESTERDAY)
        SealedDay.objects.update_or_create(day=day, defaults={"file": "sealed.parquet"})
        undoing.undo(import_id=record_.pk, by=None)
        assert SealedDay.objects.get(day=day).file == ""

    def test_one_that_runs_stops_and_leaves_nothing(self, folder, learner, course, monkeypatch):
        monkeypatch.setattr(running, "PART", 1)
        path = write(folder, *(line(at=YESTERDAY - timedelta(minutes=m)) for m in range(4)))

        def undo_after_two(done, total):
            if done == 2:
                undoing.undo(import_id=HistoryImport.objects.get().pk, by=None)

        mapping = parse_mapping(MAPPING, file=path)
        with pytest.raises(ImportNotInState):
            running.import_file(path, mapping=mapping, places=places(), by=None, report=undo_after_two)
        assert (HistoryImport.objects.get().state, Event.objects.count()) == ("undone", 0)

    def test_what_a_broken_off_undoing_left_goes_with_the_next(self, folder, learner, course):
        record_, _ = bring(write(folder, line()))
        HistoryImport.objects.update(state="undone")
        assert undoing.undo(import_id=record_.pk, by=None) == 1

    def test_twice_is_refused(self, folder, learner, course):
        record_, _ = bring(write(folder, line()))
        undoing.undo(import_id=record_.pk, by=None)
        with pytest.raises(ImportNotInState):
            undoing.undo(import_id=record_.pk, by=None)

    def test_what_is_not_there_is_refused(self, db):
        with pytest.raises(ImportNotFound):
            undoing.undo(import_id=7, by=None)

    @pytest.mark.parametrize("role", ["learner", "creator", "agent"])
    def test_strangers_may_not(self, folder, learner, course, stranger, role):
        record_, _ = bring(write(folder, line()))
        viewer = Viewer(user=stranger, visitor=None, roles=frozenset({role}))
        with pytest.raises(NotAllowed):
            undoing.undo_on_the_desk(viewer=viewer, import_id=record_.pk)
        with pytest.raises(NotAllowed):
            undoing.imports(viewer)
        assert Event.objects.count() == 1

    def test_after_it_the_file_may_come_again(self, folder, learner, course):
        path = write(folder, line())
        record_, _ = bring(path)
        undoing.undo(import_id=record_.pk, by=None)
        again, outcome = bring(path)
        assert (again.pk != record_.pk, told(outcome)) == (True, (1, 0, 0, 0))


class TestFiles:
    def test_parquet_with_moments_and_numbers(self, folder, learner, course):
        lesson = course.lessons.get(slug="two")
        table = pa.table(
            {
                "who": ["learner@test.example", None],
                "at": pa.array([YESTERDAY, YESTERDAY], pa.timestamp("us", tz="UTC")),
                "act": ["read", "read"],
                "course": ["intuition", "intuition"],
                "lesson": ["two", "two"],
                "percent": pa.array([40, 50], pa.int8()),
                "seconds": pa.array([30.0, 30.0]),
                "id": [str(uuid4()), str(uuid4())],
            }
        )
        path = folder / "past.parquet"
        pq.write_table(table, path)
        _, outcome = bring(path)
        assert told(outcome) == (1, 0, 1, 0)
        event = Event.objects.get()
        assert (event.lesson_id, event.properties, event.occurred_at) == (
            lesson.pk,
            {"percent": 40, "seconds": 30},
            YESTERDAY,
        )

    def test_times_of_another_zone_and_form(self, folder, learner, course):
        text = MAPPING.replace(
            'column = "at"', 'column = "at"\nformat = "%d/%m/%Y %H:%M"\nzone = "Europe/Berlin"'
        )
        day = YESTERDAY.astimezone(UTC)
        bring(write(folder, line(at=day.strftime("%d/%m/%Y 12:00"))), text)
        moment = Event.objects.get().occurred_at
        assert moment.date() == day.date()
        assert moment.hour in (10, 11)  # noon in Berlin

    @pytest.mark.parametrize(("form", "factor"), [("epoch", 1), ("epoch_ms", 1000)])
    def test_seconds_since_1970(self, folder, learner, course, form, factor):
        text = MAPPING.replace('column = "at"', f'column = "at"\nformat = "{form}"')
        bring(write(folder, line(at=str(int(YESTERDAY.timestamp()) * factor))), text)
        assert Event.objects.get().occurred_at == YESTERDAY

    def test_a_missing_column_is_named_with_those_there_are(self, folder, learner, course):
        path = folder / "past.csv"
        path.write_text("who,when\na,b\n", encoding="utf-8")
        with pytest.raises(UnreadableHistory, match=r"no column “at”, “act”.*it has: who, when"):
            bring(path)
        # It never began.
        assert not HistoryImport.objects.exists()

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00rubbish", b"PAR1 not really"])
    @pytest.mark.parametrize("name", ["past.csv", "past.parquet"])
    def test_rubbish_is_refused_in_words(self, folder, learner, course, content, name):
        path = folder / name
        path.write_bytes(content)
        with pytest.raises(UnreadableHistory):
            attempt(path)
        assert not Event.objects.exists()


class TestCommand:
    def run(self, *words):
        out = StringIO()
        call_command("import", *words, stdout=out, stderr=StringIO())
        return out.getvalue()

    def test_it_tries_brings_lists_and_undoes(self, folder, learner, course):
        path = write(folder, line(), line(act="eat"))
        mapping = folder / "mapping.toml"
        mapping.write_text(MAPPING, encoding="utf-8")
        words = ("events", str(path), "--mapping", str(mapping))
        assert self.run(*words, "--dry-run").startswith("Nothing was written. It would be:\n2 rows: 1 new")
        said = self.run(*words)
        number = HistoryImport.objects.get().pk
        assert f"zhiyue import undo {number}" in said
        assert "row 2: “eat” is not in the table of events." in said
        assert "past.csv" in self.run("list")
        assert self.run("undo", str(number)) == "1 events went.\n"

    def test_a_table_as_excel_in_chinese_saves_it_is_read_and_that_is_told(self, folder, learner, course):
        path = write(folder, line())
        path.write_bytes(path.read_text(encoding="utf-8").replace("who,", "人员,").encode("gb18030"))
        mapping = folder / "mapping.toml"
        mapping.write_text(MAPPING.replace('"who"', '"人员"'), encoding="utf-8")
        heard = StringIO()
        call_command(
            "import", "events", str(path), "--mapping", str(mapping), stdout=StringIO(), stderr=heard
        )
        assert Event.objects.count() == 1
        assert "past.csv is read as GB18030" in heard.getvalue()

    def test_it_says_what_is_wrong(self, folder, learner):
        with pytest.raises(CommandError, match="There is no file"):
            self.run("events", str(folder / "none.csv"))
        path = write(folder, line())
        with pytest.raises(CommandError, match=r"\[person\] column is missing"):
            self.run("events", str(path))
        with translation.override("en"), pytest.raises(CommandError, match="There is no such import"):
            self.run("undo", "99")


class TestStatements:
    def test_foreign_statements_come_in(self, folder, learner, course):
        statements = [
            {
                "id": str(uuid4()),
                "actor": {"mbox": "mailto:Learner@test.example"},
                "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
                "object": {"id": f"https://old.example/courses/intuition{path}"},
                "timestamp": YESTERDAY.isoformat(),
                **more,
            }
            for verb, path, more in [
                ("experienced", "", {}),
                ("completed", "/lessons/two", {}),
                ("progressed", "/lessons/two", {"result": {
                    "duration": "PT1M30S",
                    "extensions": {"https://w3id.org/xapi/cmi5/result/extensions/progress": 55},
                }}),
                ("terminated", "/lessons/two", {}),
            ]
        ]  # fmt: skip
        path = folder / "past.jsonl"
        path.write_text("\n".join(json.dumps(one) for one in statements) + "\nrubbish\n", encoding="utf-8")
        _, outcome = bring(path, "")
        assert told(outcome) == (3, 0, 2, 0)
        assert [(fault.row, fault.reason) for fault in outcome.errors] == [
            (4, "unknown_event"),
            (5, "malformed"),
        ]
        assert list(Event.objects.order_by("name").values_list("name", "properties")) == [
            ("course.viewed", {}),
            ("lesson.finished", {}),
            ("lesson.progressed", {"percent": 55, "seconds": 60}),
        ]

    def test_signs_that_no_database_takes_are_told_as_question_marks(self, folder, learner, course, operator):
        statement = {
            "actor": {"mbox": "mailto:a\ud800\x00@old.example"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": {"id": "https://old.example/courses/intuition"},
            "timestamp": YESTERDAY.isoformat(),
        }
        path = folder / "past.jsonl"
        path.write_text(json.dumps(statement), encoding="utf-8")
        record_, outcome = bring(path, "", refused_to=folder / "refused.csv")
        assert outcome.reasons == {"unknown_person": 1}
        record_.refresh_from_db()
        assert record_.errors[0][2] == "There is no member with the email “a??@old.example”."

    def test_another_systems_number_is_nobody_here(self, folder, learner, course):
        statement = {
            "actor": {"account": {"homePage": "https://old.example", "name": str(learner.pk)}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": {"id": "https://old.example/courses/intuition"},
            "timestamp": datetime.now(UTC).isoformat(),
        }
        path = folder / "past.jsonl"
        path.write_text(json.dumps(statement), encoding="utf-8")
        assert bring(path, "")[1].reasons == {"unknown_person": 1}


def test_a_later_choice_is_asked_in_every_part(folder, learner, course, monkeypatch):
    monkeypatch.setattr(running, "PART", 1)
    path = write(folder, line(), line(at=YESTERDAY - timedelta(hours=1)))

    def withdraw(done, total):
        choose(member_id=learner.pk, visitor=None, granted=NOTHING, way=Choice.Way.SETTINGS)

    mapping = parse_mapping(MAPPING, file=path)
    _, outcome = running.import_file(path, mapping=mapping, places=places(), by=None, report=withdraw)
    assert told(outcome) == (1, 0, 0, 1)
