"""How large a request may be at all. Django keeps a whole body on the disk before anything here is asked, so the web
server's way in counts what comes; the page that says so is made by the middleware, like every other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.http import HttpRequest

# The largest upload is a picture of 5 MB; what is a little larger is still told so by its own form.
BYTES_AT_MOST = 8_000_000
_TOO_LARGE = "zhiyue.too_large"

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class CountedBodies:
    """Hands the application no body that is, or says that it is, larger than `BYTES_AT_MOST`: it gets none then, and
    the request is marked."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = _counted(scope, receive)
        await self.application(scope, receive, send)


def is_too_large(request: HttpRequest) -> bool:
    return _TOO_LARGE in getattr(request, "scope", {})


def _counted(scope: Scope, receive: Receive) -> Receive:
    came = 0

    async def counted() -> Message:
        nonlocal came
        if _TOO_LARGE in scope:
            # Nothing more is asked of the client, also not whether it is still there: the answer is short.
            await asyncio.Event().wait()
        if _said_length(scope) > BYTES_AT_MOST:
            return _cut_off(scope)
        message = await receive()
        came += len(message.get("body", b""))
        return _cut_off(scope) if came > BYTES_AT_MOST else message

    return counted


def _cut_off(scope: Scope) -> Message:
    scope[_TOO_LARGE] = True
    return {"type": "http.request", "body": b"", "more_body": False}


def _said_length(scope: Scope) -> int:
    """What Content-Length says; 0 where it says nothing that can be read."""
    said = dict(scope["headers"]).get(b"content-length", b"")
    return int(said[:20]) if said.isdigit() else 0
