"""Artefacts in a place that several machines see: a machine copies each once, checks it, and goes by its own copy."""

import os
import socket
import threading
import time
from collections import Counter
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest
from django.core.management import CommandError, call_command

from tests.services import s3_server
from zhiyue.collect.kinds import Actor
from zhiyue.collect.places import Place, Unreachable
from zhiyue.recommend import memory
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.offers import COLD
from zhiyue.recommend.selectors import slate
from zhiyue.recommend.services import train

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    with s3_server() as bucket:
        yield bucket


@pytest.fixture(params=["folder", "bucket"])
def place(request, settings, tmp_path):
    """The settings name a place; its address is told."""
    if request.param == "folder":
        settings.ZHIYUE_ARTEFACTS_URL = (tmp_path / "shared?").as_uri()
    else:
        server = request.getfixturevalue("server")
        settings.ZHIYUE_ARTEFACTS_URL = f"s3://{server.name}/models"
        settings.ZHIYUE_S3_ENDPOINT = server.endpoint
        settings.ZHIYUE_S3_REGION = "us-east-1"
        settings.ZHIYUE_S3_KEY_ID, settings.ZHIYUE_S3_SECRET = server.key_id, server.secret
    found = Place.at(settings.ZHIYUE_ARTEFACTS_URL)
    yield found
    if request.param == "bucket":
        for name in found.files():
            found.delete(name)


@pytest.fixture
def machine(settings, tmp_path):
    """Lets this process be another machine: it sees the database and the place, and has a folder of its own."""

    def enter(name: str) -> Path:
        settings.ZHIYUE_DATA_DIR = tmp_path / name
        memory.forget()
        return tmp_path / name / "artefacts"

    return enter


def shown() -> str:
    """What is served once everything that has to be copied was."""
    memory.forget()
    memory.newest("hybrid", waits=True)
    return slate(Actor(visitor=uuid4())).version


def when_fetched() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("fetch "):
            thread.join(timeout=60)
            assert not thread.is_alive()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_another_machine_copies_what_was_trained_and_serves_it(place, machine, town):
    first = machine("first")
    artefact = train(policy="hybrid")
    name = Path(artefact.path).name
    assert names(first) == list(place.files()) == [name]

    second = machine("second")

    assert shown() == artefact.version
    assert (second / name).read_bytes() == (first / name).read_bytes()
    assert names(second) == [name]
    # Once: what it has, it goes by.
    place.delete(name)
    assert shown() == artefact.version


def test_a_damaged_copy_is_copied_again(place, machine, town):
    machine("first")
    artefact = train(policy="hybrid")
    second = machine("second")
    shown()
    (second / Path(artefact.path).name).write_bytes(b"half a file")
    assert shown() == artefact.version


def test_where_the_place_holds_something_else_the_one_before_is_served(place, machine, town):
    machine("first")
    before, newest = train(policy="hybrid"), train(policy="hybrid")
    name = Path(newest.path).name
    place.delete(name)
    place.put(name, pa.py_buffer(b"something else"))
    machine("second")
    assert shown() == before.version
    place.delete(name)
    place.delete(Path(before.path).name)
    machine("third")
    assert shown() == COLD


def test_what_is_dropped_goes_there_too(place, machine, town, django_capture_on_commit_callbacks):
    machine("first")
    with django_capture_on_commit_callbacks(execute=True):
        kept = [train(policy="popular").path for _ in range(5)][2:]
    assert sorted(place.files()) == sorted(Path(path).name for path in kept)


def test_a_machine_that_trains_nothing_clears_away_what_it_copied(place, machine, town):
    machine("first")
    first = train(policy="popular")
    second = machine("second")
    memory.newest("popular", waits=True)
    os.utime(second / Path(first.path).name, (1_700_000_000, 1_700_000_000))

    machine("first")
    Artefact.objects.filter(pk=first.pk).delete()
    newest = train(policy="popular")
    machine("second")
    slate(Actor(visitor=uuid4()), policy="popular")
    when_fetched()
    memory.forget()
    slate(Actor(visitor=uuid4()), policy="popular")

    assert names(second) == [Path(newest.path).name]


def test_a_place_that_does_not_answer_leaves_what_serves_as_it_is(machine, town, settings, tmp_path):
    machine("first")
    served = train(policy="hybrid")
    # A file stands where the folder should be.
    (tmp_path / "occupied").write_text("")
    settings.ZHIYUE_ARTEFACTS_URL = (tmp_path / "occupied" / "models").as_uri()

    with pytest.raises((Unreachable, OSError)):
        train(policy="hybrid")

    assert [row.pk for row in Artefact.objects.all()] == [served.pk]
    assert shown() == served.version
    machine("second")
    assert shown() == COLD


def test_a_page_gets_what_there_is_while_a_thread_fetches_and_then_the_fetched(place, machine, town):
    machine("first")
    before = train(policy="hybrid")
    second = machine("second")
    assert slate(Actor(visitor=uuid4())).version == COLD
    when_fetched()
    assert names(second) == [Path(before.path).name]
    memory.forget()
    assert slate(Actor(visitor=uuid4())).version == before.version

    machine("first")
    newest = train(policy="hybrid")
    machine("second")
    assert slate(Actor(visitor=uuid4())).version == before.version
    when_fetched()
    memory.forget()
    assert slate(Actor(visitor=uuid4())).version == newest.version


def test_a_bucket_that_never_answers_keeps_no_page_waiting_and_one_thread_of_a_policy(
    machine, town, settings, caplog
):
    machine("first")
    train(policy="hybrid"), train(policy="hybrid")
    silent = socket.create_server(("127.0.0.1", 0))
    settings.ZHIYUE_ARTEFACTS_URL = "s3://bucket/models"
    settings.ZHIYUE_S3_ENDPOINT = f"http://127.0.0.1:{silent.getsockname()[1]}"
    settings.ZHIYUE_S3_KEY_ID, settings.ZHIYUE_S3_SECRET = "key", "secret"
    machine("second")
    begun = time.monotonic()
    for _ in range(5):
        memory.forget()
        found = slate(Actor(visitor=uuid4()))
        assert (found.version, len(found.items)) == (COLD, 12)
    assert time.monotonic() - begun < 10
    fetching = Counter(one.name for one in threading.enumerate() if one.name.startswith("fetch "))
    assert list(fetching.values()) == [1]
    silent.close()
    when_fetched()
    assert "cannot be fetched, the one before it is served" in caplog.text


def test_the_command_says_that_the_place_cannot_be_reached(machine, town, settings, tmp_path):
    machine("first")
    (tmp_path / "occupied").write_text("")
    settings.ZHIYUE_ARTEFACTS_URL = (tmp_path / "occupied" / "models").as_uri()
    with pytest.raises(CommandError) as refused:
        call_command("recommend", "train", "--policy", "popular", stdout=StringIO(), stderr=StringIO())
    assert refused.value.returncode == 1
    assert str(tmp_path / "occupied") in str(refused.value)
    assert not Artefact.objects.exists()


def test_the_command_waits_for_what_it_explains(place, machine, town):
    machine("first")
    made = train(policy="hybrid")
    machine("second")
    out = StringIO()
    call_command("recommend", "explain", "p0@test.example", stdout=out)
    assert made.version in out.getvalue()
