"""How the API writes what it tells."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer


class OneJSONRenderer(JSONRenderer):
    """JSON in one form. DRF's indents for `Accept: application/json; indent=4`: the same state would have another
    ETag for each reader, and caches, which aren't told to look at Accept, would hand one's form to another."""

    def get_indent(self, accepted_media_type: str, renderer_context: Mapping[str, Any]) -> None:
        return None
