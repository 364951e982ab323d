"""What travels is compressed: pages as they are made, files when they are built."""

import gzip
from pathlib import Path

import brotli
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from zhiyue.experience.shell.middleware import CompressionMiddleware
from zhiyue.experience.shell.templatetags.shell import BUILT, asset

pytestmark = pytest.mark.django_db

EITHER = {"accept-encoding": "gzip, deflate, br"}


def body_of(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def sent(response):
    request = RequestFactory().get("/", headers=EITHER)
    return CompressionMiddleware(lambda _: response)(request)


@pytest.mark.parametrize("name", ["site.css", "site.js"])
@pytest.mark.parametrize(
    ("accepted", "encoding", "unpack"),
    [("gzip, deflate, br", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress)],
)
def test_styles_and_scripts_lie_compressed(client, name, accepted, encoding, unpack):
    address = asset(name)
    answer = client.get(address, headers={"accept-encoding": accepted})
    assert answer["Content-Encoding"] == encoding
    assert answer["Vary"] == "Accept-Encoding"
    packed = body_of(answer)
    plain = (BUILT / "assets" / Path(address).name).read_bytes()
    assert unpack(packed) == plain
    assert len(packed) < len(plain) / 2


def test_who_takes_no_compression_gets_none(client):
    address = asset("site.css")
    answer = client.get(address, headers={"accept-encoding": "identity"})
    assert "Content-Encoding" not in answer
    assert body_of(answer) == (BUILT / "assets" / Path(address).name).read_bytes()
    assert "Content-Encoding" not in client.get("/")


def test_a_page_is_compressed_and_its_length_tells_nothing(client):
    answer = client.get("/", headers=EITHER)
    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert "</html>" in gzip.decompress(answer.content).decode()
    has_name = 8
    assert answer.content[3] & has_name, "Django pads by a file name of chance length"


def test_a_members_page_stays_with_the_member(signed_in, learner):
    answer = signed_in(learner).get("/settings/", headers=EITHER)
    assert answer["Content-Encoding"] == "gzip"
    assert "no-store" in answer["Cache-Control"]


def test_what_is_no_page_travels_as_it_is(client):
    assert "Content-Encoding" not in client.get("/api/v1/topics", headers=EITHER)
    assert not client.get("/api/v1/topics", headers=EITHER)["ETag"].startswith("W/")
    stream = StreamingHttpResponse(["data: x\n\n"] * 100, content_type="text/event-stream")
    assert "Content-Encoding" not in sent(stream)
    assert "Content-Encoding" not in sent(HttpResponse("x" * 1000, content_type="text/csv"))
    assert "Content-Encoding" in sent(HttpResponse("x" * 1000))
