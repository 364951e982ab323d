"""A body larger than anything the academy takes is cut off at the door, with the page that says so."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application

from zhiyue.collect.models import Event
from zhiyue.experience.shell.bodies import BYTES_AT_MOST, CountedBodies

pytestmark = pytest.mark.django_db(transaction=True)

CHUNK = b"x" * 100_000
FORM = b"application/x-www-form-urlencoded"


class Client:
    """Sends a body piece by piece, for as long as it is asked for more."""

    def __init__(self, chunks: int) -> None:
        self.left, self.taken = chunks, 0
        self.status, self.headers, self.body = 0, {}, b""

    async def receive(self):
        if not self.left:
            # It waits for the answer.
            await asyncio.Event().wait()
        self.left, self.taken = self.left - 1, self.taken + 1
        return {"type": "http.request", "body": CHUNK, "more_body": self.left > 0}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message["body"]


def post(path: str, *, chunks: int, **headers: str) -> Client:
    client = Client(chunks)
    sent = {"host": "testserver", "content-type": FORM.decode(), "cookie": "zy_language=en"}
    named = {**sent, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }  # fmt: skip
    application: Callable[..., Awaitable[None]] = CountedBodies(get_asgi_application())
    async_to_sync(application)(scope, client.receive, client.send)
    return client


@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/events"])
def test_a_body_that_says_it_is_too_large_is_not_even_asked_for(path):
    client = post(path, chunks=1, content_length=str(BYTES_AT_MOST + 1))
    assert (client.status, client.taken) == (413, 0)
    assert not Event.objects.exists()


def test_a_body_that_says_nothing_is_cut_off_where_it_grows_too_large():
    client = post("/sign-in/", chunks=1_000)
    assert (client.status, client.taken) == (413, BYTES_AT_MOST // len(CHUNK) + 1)
    assert "larger than the academy takes" in client.body.decode()
    # It is a page like every other.
    assert "script-src" in client.headers["Content-Security-Policy"]


def test_programs_are_told_of_a_large_body_as_json():
    client = post("/api/v1/events", chunks=1_000)
    assert (client.status, client.headers["Content-Type"]) == (413, "application/problem+json")
    assert json.loads(client.body)["code"] == "too_large"


def test_a_part_of_a_page_gets_a_note():
    client = post("/sign-in/", chunks=1_000, hx_request="true")
    assert (client.status, client.headers["HX-Retarget"]) == (413, "#toasts")
    assert "<html" not in client.body.decode()


def test_a_body_as_large_as_is_taken_arrives_whole():
    arrived = []

    async def application(scope, receive, send):
        while not arrived or arrived[-1]["more_body"]:
            arrived.append(await receive())

    client = Client(BYTES_AT_MOST // len(CHUNK))
    scope = {"type": "http", "headers": [(b"content-length", str(BYTES_AT_MOST).encode())]}
    async_to_sync(CountedBodies(application))(scope, client.receive, client.send)
    assert sum(len(message["body"]) for message in arrived) == BYTES_AT_MOST
    assert list(scope) == ["type", "headers"]


@pytest.mark.parametrize("said", ["-1", "many", "²", ""])
def test_a_length_that_cannot_be_read_is_counted_instead(said):
    assert post("/sign-in/", chunks=1_000, content_length=said).status == 413


def test_what_is_no_request_passes_untouched():
    seen = []

    async def application(scope, receive, send):
        seen.append((scope, receive, send))

    async_to_sync(CountedBodies(application))({"type": "lifespan"}, "receive", "send")
    assert seen == [({"type": "lifespan"}, "receive", "send")]
