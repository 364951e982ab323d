"""Tables that leave the academy: CSV sent piece by piece, however long, and how its cells are written."""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from itertools import islice

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from zhiyue.core.kit import clock
from zhiyue.core.kit.sheets import csv_lines

_LINES_AT_ONCE = 500


def csv_download(
    request: HttpRequest, filename: str, header: Iterable[object], rows: Iterable[Iterable[object]]
) -> StreamingHttpResponse:
    """A guarded CSV file for spreadsheets. `rows` may read the database while it is sent."""
    parts = _in_parts(csv_lines(header, rows))
    # Django would collect a plain iterator whole before an asynchronous server sends its first byte.
    is_async = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(
        _awaited(parts) if is_async else parts, content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def yuan_cell(fen: int) -> str:
    """An amount as a spreadsheet reads it."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def moment_cell(moment: datetime | None) -> str:
    """A moment by the academy's clock."""
    return moment.astimezone(clock.business_zone()).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def _in_parts(lines: Iterator[str]) -> Iterator[str]:
    while part := "".join(islice(lines, _LINES_AT_ONCE)):
        yield part


async def _awaited(parts: Iterator[str]) -> AsyncIterator[str]:
    while part := await sync_to_async(lambda: next(parts, ""))():
        yield part
