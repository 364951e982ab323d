"""How the API reads what it is sent. What the values mean is checked by `shapes` and by services."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import pgettext_lazy
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

# An event's properties are four levels down; whoever reads a value further may walk it recursively.
DEEPEST = 32
# A hundred events, the largest thing that is sent, are a tenth of it.
BYTES_AT_MOST = 1_000_000
TOO_DEEP = pgettext_lazy("api", "The JSON is nested too deeply.")


class ShallowJSONParser(JSONParser):
    """JSON of at most 1 MB and 32 levels. Deeper would end in a fault of ours: a 500 for what is a bad request."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        content = stream.read(BYTES_AT_MOST + 1)
        if len(content) > BYTES_AT_MOST:
            raise RequestDataTooBig
        try:
            found: dict[str, Any] = super().parse(BytesIO(content), media_type, parser_context)
        except RecursionError as why:
            raise ParseError(TOO_DEEP) from why
        level: list[object] = [found]
        for _ in range(DEEPEST):
            level = [inner for outer in level for inner in _inside(outer)]
            if not level:
                return found
        raise ParseError(TOO_DEEP)


def _inside(value: object) -> list[object]:
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [inner for inner in values if isinstance(inner, dict | list)]
