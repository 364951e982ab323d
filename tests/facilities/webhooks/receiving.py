"""A server on loopback that receives webhooks: it answers as it is told to, and keeps what it was sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Event, Thread
from typing import Literal

Manner = Literal["plain", "mute", "drip", "slow_body", "huge", "nonsense", "hang_up"]


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`status`, `text` and `manner` are how it answers from now on."""

    address: str = ""
    status: int = 200
    text: str = "thanks"
    manner: Manner = "plain"
    location: str = ""
    requests: list[Received] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.requests]


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def do_POST(self) -> None:
        self.told = self.server.told
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.told.requests.append(Received(self.path, headers, body))
        getattr(self, f"_{self.told.manner}")()

    def _head(self, length: int) -> None:
        self.send_response(self.told.status)
        if self.told.location:
            self.send_header("Location", self.told.location)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _plain(self) -> None:
        written = self.told.text.encode()
        self._head(len(written))
        self.wfile.write(written)

    def _mute(self) -> None:
        self.told.over.wait(20)

    def _drip(self) -> None:
        """A line of the head that never ends, a byte at a time."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.told.over.wait(0.05):
            self.wfile.write(b"a")

    def _slow_body(self) -> None:
        self._head(10_000)
        while not self.told.over.wait(0.05):
            self.wfile.write(b"b")

    def _huge(self) -> None:
        self._head(1_000_000_000)
        while not self.told.over.is_set():
            self.wfile.write(b"c" * 65_536)

    def _nonsense(self) -> None:
        self.wfile.write(b"\x00\x01 not HTTP at all\r\n\r\n")

    def _hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    told: Receiver

    def handle_error(self, *_: object) -> None:
        """Who asked has gone: that is what is tried here."""


@contextmanager
def receiver(context: SSLContext | None = None) -> Iterator[Receiver]:
    server = Server(("127.0.0.1", 0), Handler)
    server.told = told = Receiver()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told.address = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/hooks?key=k"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield told
    finally:
        told.over.set()
        server.shutdown()
        server.server_close()
