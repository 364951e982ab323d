"""Conditional requests: an ETag on whatever is read, 304 where the reader has it already, 412 where it moved on."""

from hashlib import sha256
from typing import Any, cast

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.kit import clock
from zhiyue.experience.api.limits import LIMIT_HEADERS
from zhiyue.experience.api.renderers import OneJSONRenderer
from zhiyue.experience.shell.problems import KINDS

# Where an answer says which showing it is (`collect.slates`).
SHOWING = "slate"
_OF_THE_REQUEST = (*LIMIT_HEADERS, "Link")


class PreconditionFailed(APIException):
    status_code = 412
    default_code = "precondition_failed"
    default_detail = cast(Any, KINDS["precondition_failed"].advice)


def etag_of(body: bytes) -> str:
    """A strong one: the same bytes."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def is_sent(request: Request, told: object) -> bool:
    """Does whoever asks get these words: by a GET, and neither have them already nor want another state of them?"""
    tag = etag_of(OneJSONRenderer().render(told))
    return request.method == "GET" and get_conditional_response(request._request, etag=tag) is None


def with_etag(request: Request, response: Response) -> Response:
    """Give an answer its ETag once it is rendered; to whoever has read it already, 304."""

    def finish(rendered: HttpResponse) -> HttpResponse | None:
        tag = _tag(response.data, rendered.content)
        rendered["ETag"] = tag
        if request.method not in {"GET", "HEAD"}:
            # The new state of what was changed; its conditions were those of the old one.
            return None
        answer = get_conditional_response(request._request, etag=tag, response=rendered)
        if answer is None or answer is rendered:
            return None
        # Django's 304 keeps what caches need. It counts like any answer, and leads to the same neighbours.
        for name in _OF_THE_REQUEST:
            if name in rendered:
                answer[name] = rendered[name]
        return answer

    response.add_post_render_callback(finish)
    return response


def _tag(told: object, body: bytes) -> str:
    """A list of recommendations is handed out each time as a showing of its own, which changes nothing in the list:
    whoever has it already may go on showing it all day."""
    if isinstance(told, dict) and SHOWING in told:
        same = {**told, SHOWING: clock.business_day().isoformat()}
        return f"W/{etag_of(OneJSONRenderer().render(same))}"
    return etag_of(body)


def check_unchanged(request: Request, now: object) -> None:
    """Raises PreconditionFailed where If-Match names other states than `now`, a representation about to be changed."""
    wanted = request.headers.get("If-Match")
    if wanted is None:
        return
    tags = parse_etags(wanted)
    if tags != ["*"] and etag_of(OneJSONRenderer().render(now)) not in tags:
        raise PreconditionFailed
