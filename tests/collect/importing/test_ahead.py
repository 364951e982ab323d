"""Long files, whose rows a process of their own reads and judges."""

import gc
import os
import re
import signal
import struct
from datetime import timedelta

import pytest

from tests.factories import make_course, make_member
from zhiyue.collect.errors import UnreadableHistory
from zhiyue.collect.importing import ahead, running
from zhiyue.collect.importing.mapping import parse_mapping
from zhiyue.collect.models import Event, HistoryImport
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.places import places

MAPPING = """
[person]
column = "who"
[when]
column = "at"
[event]
name = "course.viewed"
[course]
column = "course"
"""
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def long_from_four_rows(monkeypatch):
    monkeypatch.setattr(ahead, "LONG", 4)
    monkeypatch.setattr(running, "PART", 2)


@pytest.fixture
def learner():
    make_course("intuition")
    return make_member("learner@test.example")


def write(folder, rows):
    path = folder / "past.csv"
    start = clock.now() - timedelta(days=3)
    lines = [
        f"learner@test.example,{(start + timedelta(minutes=n)).isoformat()},intuition" for n in range(rows)
    ]
    path.write_text("\n".join(["who,at,course", *lines]) + "\n", encoding="utf-8")
    return path


def bring(path, report=lambda *_: None):
    mapping = parse_mapping(MAPPING, file=path)
    return running.import_file(path, mapping=mapping, places=places(), by=None, report=report)


def test_it_judges_all_but_the_first_part(tmp_path, learner, monkeypatch):
    judged = []
    parts = ahead.files.parts
    monkeypatch.setattr(
        ahead.files, "parts", lambda *a, **k: (judged.append(len(part)) or part for part in parts(*a, **k))
    )
    path = write(tmp_path, 7)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"nobody@test.example,{clock.now().isoformat()},intuition\n")
    _, outcome = bring(path)
    assert judged == [2]
    assert (outcome.rows, outcome.imported, dict(outcome.reasons)) == (8, 7, {"unknown_person": 1})
    assert [fault.row for fault in outcome.errors] == [8]
    assert Event.objects.count() == 7


def test_it_goes_on_where_it_was_broken_off(tmp_path, learner):
    path = write(tmp_path, 9)

    def fail_after_two(done, total):
        if done == 4:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bring(path, fail_after_two)
    _, outcome = bring(path)
    assert (outcome.rows, outcome.imported, Event.objects.count()) == (9, 9, 9)


@pytest.fixture
def asked(monkeypatch):
    """How many parts the other process was asked for."""
    times = []
    ask = ahead._next
    monkeypatch.setattr(ahead, "_next", lambda told: (times.append(told), ask(told))[1])
    return times


def test_a_file_that_breaks_off_says_so(tmp_path, learner, monkeypatch, asked):
    # Several blocks of what is read at once, and several parts.
    monkeypatch.setattr(running, "PART", 100)
    path = write(tmp_path, 900)
    with path.open("ab") as file:
        file.write(b"learner@test.example,\xff\xfe,intuition\n")
    with pytest.raises(UnreadableHistory) as told:
        bring(path)
    record = HistoryImport.objects.get()
    row = int(re.search(r"past\.csv can't be read after row (\d+):", str(told.value))[1])
    assert record.rows <= row <= 900 and record.rows >= 700
    assert (record.state, record.failure) == ("failed", str(told.value))
    assert (len(asked), Event.objects.count()) == (record.rows // 100, record.rows)


def test_one_that_was_killed_in_the_middle_of_a_word_is_told(tmp_path, learner, monkeypatch):
    reading, writing = ahead.get_context("spawn").Pipe(duplex=False)
    os.write(writing.fileno(), struct.pack("!i", 5000) + b"half of it")
    writing.close()
    with pytest.raises(RuntimeError, match="ended before its time"):
        ahead._next(reading)


def test_what_fails_there_is_told_here(tmp_path, learner):
    reading, writing = ahead.get_context("spawn").Pipe(duplex=False)
    before = signal.getsignal(signal.SIGINT)
    path = write(tmp_path, 3)
    ahead._tell(writing, path, parse_mapping(MAPPING, file=path), None, 2, 0)
    signal.signal(signal.SIGINT, before)
    gc.enable()
    with pytest.raises(RuntimeError, match="AttributeError"):
        ahead._next(reading)


def test_a_process_that_dies_ends_the_import(tmp_path, learner, monkeypatch):
    started = []
    context = ahead.get_context("spawn")
    start = context.Process.start

    def die(process):
        start(process)
        started.append(process)
        process.kill()
        process.join()

    monkeypatch.setattr(context.Process, "start", die)
    with pytest.raises(RuntimeError, match="ended before its time"):
        bring(write(tmp_path, 7))
    assert started
    assert HistoryImport.objects.get().state == "failed"
    assert Event.objects.count() == 2


def test_none_is_left_behind(tmp_path, learner):
    def fail(done, total):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bring(write(tmp_path, 9), fail)
    assert [child for child in ahead.get_context("spawn").active_children() if child.name == "import"] == []
