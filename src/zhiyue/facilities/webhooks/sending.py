"""One message to one address: connect to where the name led when it was judged, write, read a little, within a time
that nobody on the other side can stretch."""

import io
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from time import monotonic
from typing import Any

from zhiyue.facilities.webhooks.addresses import NameUnknown, Spot, Target, judged, read
from zhiyue.facilities.webhooks.errors import AddressRefused
from zhiyue.facilities.webhooks.models import Outcome

CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 15.0
# Its status is the answer; what is said besides is for people, and isn't waited for longer.
BODY_SECONDS = 2.0
ANSWER_BYTES = 2_000
# More of a name's addresses aren't tried.
MOST_SPOTS = 3
DETAIL_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try. `detail` is the machine's own word, `text` the beginning of what was answered."""

    outcome: Outcome
    status: int | None = None
    text: str = ""
    detail: str = ""
    took_ms: int = 0

    @property
    def is_taken(self) -> bool:
        return self.outcome == Outcome.TAKEN

    @property
    def is_away(self) -> bool:
        """Would the next message fare no better?"""
        return self.outcome in (Outcome.LATE, Outcome.UNREACHABLE, Outcome.UNTRUSTED, Outcome.UNSAFE)


def post(address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send `body`, follow no redirect, use no proxy. Never raises for what the other side does."""
    began = monotonic()
    try:
        target = read(address)
        answer = _exchange(target, judged(target), body, headers)
    except (AddressRefused, NameUnknown, OSError, HTTPException) as why:
        answer = _failed(why)
    took = round((monotonic() - began) * 1000)
    return Answer(answer.outcome, answer.status, answer.text, answer.detail[:DETAIL_CHARACTERS], took)


def _failed(why: Exception) -> Answer:
    if isinstance(why, AddressRefused):
        return Answer(Outcome.UNSAFE, detail=why.about)
    if isinstance(why, NameUnknown):
        return Answer(Outcome.UNREACHABLE, detail=f"{why}: no such name")
    if isinstance(why, TimeoutError):
        return Answer(Outcome.LATE)
    if isinstance(why, ssl.SSLError):
        return Answer(Outcome.UNTRUSTED, detail=str(why))
    # A connection that was closed without an answer is both of these.
    outcome = Outcome.UNREACHABLE if isinstance(why, OSError) else Outcome.GARBLED
    return Answer(outcome, detail=getattr(why, "strerror", None) or str(why))


class _Clock:
    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def left(self) -> float:
        """Raises TimeoutError where nothing is."""
        seconds = self._ends - monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def shorten(self, seconds: float) -> None:
        self._ends = min(self._ends, monotonic() + seconds)


class _Reader(io.RawIOBase):
    """Reads from a socket as long as the clock lets it: a byte now and then prolongs nothing."""

    def __init__(self, sock: socket.socket, time: _Clock) -> None:
        self._sock, self._time = sock, time

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._time.left())
        return self._sock.recv_into(buffer)


class _Wire:
    """As much of a socket as http.client asks of one. Whoever opened the socket closes it."""

    def __init__(self, sock: socket.socket, time: _Clock) -> None:
        self._sock, self._time = sock, time

    def sendall(self, given: bytes) -> None:
        self._sock.settimeout(self._time.left())
        self._sock.sendall(given)

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._time))

    def close(self) -> None:
        pass


def _exchange(target: Target, spots: Sequence[Spot], body: bytes, headers: Mapping[str, str]) -> Answer:
    time = _Clock(WHOLE_SECONDS)
    with closing(_connected(target, spots, time)) as sock:
        connection = HTTPConnection(target.host, target.port)
        connection.sock = _Wire(sock, time)
        told = {"Host": target.netloc, "Accept-Encoding": "identity", "Connection": "close", **headers}
        connection.request("POST", target.path, body=body, headers=told)
        response = connection.getresponse()
        time.shorten(BODY_SECONDS)
        return _judge(response.status, response.headers.get("Location", ""), _beginning(response))


def _connected(target: Target, spots: Sequence[Spot], time: _Clock) -> socket.socket:
    """A socket to the first of these that takes us. The name is looked up no more; TLS is told it, and holds the other
    side to it."""
    for n, spot in enumerate(spots[:MOST_SPOTS], 1):
        family = socket.AF_INET if spot.version == 4 else socket.AF_INET6
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(min(CONNECT_SECONDS, time.left()))
            sock.connect((str(spot), target.port))
        except OSError:
            sock.close()
            if n == len(spots[:MOST_SPOTS]):
                raise
            continue
        return _wrapped(sock, target, time) if target.scheme == "https" else sock
    raise NameUnknown(target.host)


def _wrapped(sock: socket.socket, target: Target, time: _Clock) -> socket.socket:
    try:
        sock.settimeout(time.left())
        return ssl.create_default_context().wrap_socket(sock, server_hostname=target.host)
    except OSError:
        sock.close()
        raise


def _beginning(response: HTTPResponse) -> str:
    """What it answers, as far as that comes soon."""
    found = b""
    try:
        while len(found) < ANSWER_BYTES and (piece := response.read1(ANSWER_BYTES - len(found))):
            found += piece
    except (OSError, HTTPException):
        pass
    return found.decode("utf-8", errors="replace").replace("\x00", "\ufffd")


def _judge(status: int, leads_to: str, text: str) -> Answer:
    if 200 <= status < 300:
        return Answer(Outcome.TAKEN, status, text)
    if 300 <= status < 400:
        return Answer(Outcome.REDIRECTED, status, text, leads_to.replace("\x00", ""))
    return Answer(Outcome.REFUSED, status, text)
