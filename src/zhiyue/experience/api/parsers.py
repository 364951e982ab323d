"""How the API reads what it is sent. What the values mean is checked by `shapes` and by services."""

import json
import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import pgettext, pgettext_lazy
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

# An event's properties are four levels down; whoever reads a value further may walk it recursively.
DEEPEST = 32
BYTES_AT_MOST = 1_000_000
NOT_JSON = pgettext_lazy("api", "This is no JSON:")
TOO_DEEP = pgettext_lazy("api", "The JSON is nested too deeply.")
NO_TEXT = pgettext_lazy(
    "api",
    "A text holds half of a surrogate pair (\\ud800 to \\udfff), which is no character: send both halves.",
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class ShallowJSONParser(JSONParser):
    """JSON of at most 1 MB and 32 levels, whose texts are characters. Anything else would end in a fault of ours: a 500
    for what is a bad request."""

    bytes_at_most = BYTES_AT_MOST
    deepest = DEEPEST
    is_of_characters = True

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        content = stream.read(self.bytes_at_most + 1)
        if len(content) > self.bytes_at_most:
            raise RequestDataTooBig
        try:
            found = self.read(content, media_type, parser_context)
        except RecursionError as why:
            raise ParseError(TOO_DEEP) from why
        level: list[object] = [found]
        for _ in range(self.deepest):
            if self.is_of_characters:
                _refuse_halves(level)
            level = [inner for outer in level for inner in _inside(outer)]
            if not level:
                return found
        raise ParseError(TOO_DEEP)

    def read(
        self, content: bytes, media_type: str | None, parser_context: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        found: dict[str, Any] = super().parse(BytesIO(content), media_type, parser_context)
        return found


class EventsParser(ShallowJSONParser):
    """A batch of events: at most 256 kB and 8 levels, and no object that names something twice, of which one reader
    takes the first and another the last. One event with half a character is refused alone, not its batch."""

    bytes_at_most = 256_000
    deepest = 8
    is_of_characters = False

    def read(
        self, content: bytes, media_type: str | None, parser_context: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(
                content.decode(), parse_constant=_no_number, object_pairs_hook=_once
            )
        except ValueError as why:
            # Also what is no UTF-8, and a number of more digits than Python reads.
            raise ParseError(f"{NOT_JSON} {why}") from why
        return found


def _no_number(word: str) -> object:
    raise ValueError(word)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(pgettext("api", "An object names something twice."))
    return found


def _refuse_halves(values: Iterable[object]) -> None:
    """Raises ParseError where a text of these objects and lists, not of those within, is none that can be kept or
    answered; JSON may write it all the same."""
    for value in values:
        inside = value if isinstance(value, list) else [value]
        own = [*value, *value.values()] if isinstance(value, dict) else inside
        if any(isinstance(text, str) and _SURROGATE.search(text) for text in own):
            raise ParseError(NO_TEXT)


def _inside(value: object) -> list[object]:
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [inner for inner in values if isinstance(inner, dict | list)]
