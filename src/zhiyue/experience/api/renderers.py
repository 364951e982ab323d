"""How the API writes what it tells."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer


class OneJSONRenderer(JSONRenderer):
    """JSON in one form. DRF's indents for `Accept: application/json; indent=4`: the same state would have another
    ETag for each reader, and caches, which aren't told to look at Accept, would hand one's form to another."""

    def get_indent(self, accepted_media_type: str, renderer_context: Mapping[str, Any]) -> None:
        return None


class PdfRenderer(BaseRenderer):
    """A file as it is. What goes wrong is told in JSON, as everywhere."""

    media_type = "application/pdf"
    format = "pdf"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return data if isinstance(data, bytes) else bytes(OneJSONRenderer().render(data))
