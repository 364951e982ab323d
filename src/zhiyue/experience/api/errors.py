"""What a program is told when something fails: problems as RFC 9457 has them, for DRF's errors and for refusals."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as Denied
from rest_framework.response import Response

from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.errors import TOO_LARGE
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.problems import KINDS, MEDIA_TYPE, problem
from zhiyue.product.learning.errors import LessonClosed

# Where a wrong value stands, by the beginning of the key under which a serializer names it.
_PLACES = {"query ": "parameter", "header ": "header", "path ": "parameter"}


def answer(failure: Exception, context: dict[str, Any]) -> Response | None:
    """A problem for what is told on purpose; anything else is a fault and rises."""
    request = context["request"]
    headers: dict[str, str] = {}
    if isinstance(failure, RequestDataTooBig):
        members = problem(request, "too_large", detail=TOO_LARGE)
    elif isinstance(failure, Refused):
        if isinstance(failure, TooMany):
            headers["Retry-After"] = str(failure.retry_after)
        more = {"why": failure.access.why} if isinstance(failure, LessonClosed) else None
        members = problem(
            request,
            failure.code,
            status=failure.status,
            detail=failure.message,
            errors=_of_a_field(failure),
            more=more,
        )
    else:
        known = _as_api(failure)
        if known is None:
            return None
        headers = _headers(known)
        members = _members(request, known)
    return Response(members, status=members["status"], headers=headers, content_type=MEDIA_TYPE)


def _of_a_field(failure: Refused) -> list[dict[str, str]]:
    """Where a refusal is about one value, which it names as the body does."""
    field = getattr(failure, "field", "")
    return [{"detail": str(failure.message), "pointer": f"#/{field}"}] if field else []


def _as_api(failure: Exception) -> APIException | None:
    if isinstance(failure, APIException):
        return failure
    if isinstance(failure, Http404):
        return NotFound()
    return Denied() if isinstance(failure, PermissionDenied) else None


def _members(request: Any, failure: APIException) -> dict[str, Any]:
    if isinstance(failure, ValidationError):
        return problem(request, "invalid", errors=list(_wrong_values(failure.detail)))
    code = failure.get_codes()
    code = code if isinstance(code, str) and code in KINDS else _code_of(failure.status_code)
    # DRF's own words for these say less than ours.
    own = code in {
        "not_found",
        "permission_denied",
        "not_authenticated",
        "method_not_allowed",
        "not_acceptable",
    }
    detail = "" if own and failure.detail == failure.default_detail else str(failure.detail)
    return problem(request, code, status=failure.status_code, detail=detail)


def _code_of(status: int) -> str:
    return next((kind.code for kind in KINDS.values() if kind.status == status), "bad_request")


def _headers(failure: APIException) -> dict[str, str]:
    found = {}
    if getattr(failure, "auth_header", None):
        found["WWW-Authenticate"] = str(failure.auth_header)  # type: ignore[attr-defined]
    if getattr(failure, "wait", None):
        found["Retry-After"] = str(failure.wait)  # type: ignore[attr-defined]
    return found


def _wrong_values(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """One entry a message, with the JSON pointer (RFC 6901) of its value, or the parameter's name."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _wrong_values(inner, _below(pointer, str(name)))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            yield from _wrong_values(
                inner, pointer if isinstance(inner, str) else _below(pointer, str(place))
            )
    else:
        for beginning, kind in _PLACES.items():
            if pointer.startswith(beginning):
                yield {"detail": str(detail), kind: pointer.removeprefix(beginning)}
                return
        yield {"detail": str(detail), "pointer": f"#{pointer}"}


def _below(pointer: str, name: str) -> str:
    if not pointer and any(name.startswith(beginning) for beginning in _PLACES):
        return name
    if name == "non_field_errors":
        return pointer
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
