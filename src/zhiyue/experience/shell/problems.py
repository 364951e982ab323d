"""How programs are told what went wrong: one shape, RFC 9457, for every error below /api/."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.errors import Refused

Words = str | Promise
MEDIA_TYPE = "application/problem+json"
# Where each kind is explained. A path, so that it reads the same behind every host name.
PAGE = "/api/docs/problems/"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. `advice` is what a programmer does about it."""

    code: str
    status: int
    title: Words
    advice: Words


KINDS = {
    kind.code: kind
    for kind in (
        Kind(
            "bad_request",
            400,
            pgettext_lazy("problem", "The request can't be read"),
            pgettext_lazy("problem", "Look at what your program sends; the same request will fail again."),
        ),
        Kind(
            "parse_error",
            400,
            pgettext_lazy("problem", "The body is not readable JSON"),
            pgettext_lazy("problem", "Send valid JSON, in UTF-8, nested at most 32 levels."),
        ),
        Kind(
            "invalid",
            400,
            pgettext_lazy("problem", "Some values can't be used"),
            pgettext_lazy("problem", "“errors” names each one, with the place it stands at."),
        ),
        Kind(
            "bad_cursor",
            400,
            pgettext_lazy("problem", "The cursor doesn't fit this list"),
            pgettext_lazy(
                "problem", "Follow “next” and “previous” as they are given, or begin again without a cursor."
            ),
        ),
        Kind(
            "not_authenticated",
            401,
            pgettext_lazy("problem", "Nobody is signed in"),
            pgettext_lazy("problem", "Send a personal token: Authorization: Bearer zy_…"),
        ),
        Kind(
            "invalid_token",
            401,
            pgettext_lazy("problem", "The token opens nothing"),
            pgettext_lazy(
                "problem", "It was mistyped, ended or has expired. Make another one in your settings."
            ),
        ),
        Kind(
            "permission_denied",
            403,
            pgettext_lazy("problem", "This is not open to you"),
            pgettext_lazy("problem", "Use an account whose role may do this."),
        ),
        Kind(
            "insufficient_scope",
            403,
            pgettext_lazy("problem", "The token's scopes don't cover this"),
            pgettext_lazy("problem", "Make a token with the scope that “detail” names."),
        ),
        Kind(
            "csrf_failed",
            403,
            pgettext_lazy("problem", "The CSRF token is missing or wrong"),
            pgettext_lazy(
                "problem", "Pages send X-CSRFToken with their session. Programs use a personal token."
            ),
        ),
        Kind(
            "agreements_pending",
            403,
            pgettext_lazy("problem", "The member hasn't accepted the agreements in force"),
            pgettext_lazy(
                "problem",
                "No program accepts them: let the member do so at /sign-in/agreements/, then send the request again.",
            ),
        ),
        Kind(
            "not_found",
            404,
            pgettext_lazy("problem", "There is nothing at this address"),
            pgettext_lazy("problem", "Addresses of the API end without a slash; the schema lists them all."),
        ),
        Kind(
            "method_not_allowed",
            405,
            pgettext_lazy("problem", "The address doesn't take this method"),
            pgettext_lazy("problem", "The header Allow names those it takes."),
        ),
        Kind(
            "not_acceptable",
            406,
            pgettext_lazy("problem", "Only JSON is spoken here"),
            pgettext_lazy("problem", "Accept application/json, or leave the header out."),
        ),
        Kind(
            "in_progress",
            409,
            pgettext_lazy("problem", "The first request with this key is still running"),
            pgettext_lazy("problem", "Wait as long as Retry-After says and send the same request again."),
        ),
        Kind(
            "precondition_failed",
            412,
            pgettext_lazy("problem", "It has changed since you read it"),
            pgettext_lazy("problem", "Read it again, and decide anew with its new ETag."),
        ),
        Kind(
            "too_large",
            413,
            pgettext_lazy("problem", "The request is too large"),
            pgettext_lazy("problem", "Send less at once: 1 MB at most, and 100 events a batch."),
        ),
        Kind(
            "unsupported_media_type",
            415,
            pgettext_lazy("problem", "The body is of a kind that isn't read here"),
            pgettext_lazy("problem", "Send Content-Type: application/json."),
        ),
        Kind(
            "key_reused",
            422,
            pgettext_lazy("problem", "The idempotency key belongs to another request"),
            pgettext_lazy("problem", "Take a new key for each act; repeat one only with the very same body."),
        ),
        Kind(
            "too_many",
            429,
            pgettext_lazy("problem", "Too many requests in a while"),
            pgettext_lazy("problem", "Wait as long as Retry-After says."),
        ),
        Kind(
            "server_error",
            500,
            pgettext_lazy("problem", "Something broke on our side"),
            pgettext_lazy("problem", "It is in the academy's log. Try again later."),
        ),
        Kind(
            "unavailable",
            503,
            pgettext_lazy("problem", "The academy is resting for a moment"),
            pgettext_lazy("problem", "Wait as long as Retry-After says."),
        ),
        Kind(
            "just_in_case",
            503,
            pgettext_lazy("problem", "A lesson isn't given just in case"),
            pgettext_lazy(
                "problem",
                "Opening it counts: ask without Sec-Purpose or Purpose, once somebody wants to read it.",
            ),
        ),
    )
}


def problem(
    request: HttpRequest,
    code: str,
    *,
    status: int | None = None,
    detail: Words = "",
    errors: Sequence[Mapping[str, str]] = (),
    more: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """The members of a problem. A code that is not in the table is a refusal's: its words are the detail."""
    kind = KINDS.get(code)
    title = kind.title if kind else code.replace("_", " ").capitalize()
    found: dict[str, Any] = {
        "type": f"{PAGE}#{code}",
        "title": str(title),
        "status": status or (kind.status if kind else 400),
        "detail": str(detail or (kind.advice if kind else "")),
        "code": code,
        "instance": request.path,
    }
    if errors:
        found["errors"] = list(errors)
    return {**found, **(more or {})}


def told(
    request: HttpRequest,
    code: str,
    *,
    status: int | None = None,
    detail: Words = "",
) -> JsonResponse:
    """A problem as an answer, for what fails before the API is reached."""
    members = problem(request, code, status=status, detail=detail)
    return JsonResponse(members, status=members["status"], content_type=MEDIA_TYPE)


def refusals() -> list[type[Refused]]:
    """Every refusal the academy knows, by code: what the page about problems lists besides KINDS."""
    found: dict[str, type[Refused]] = {}
    waiting = list(Refused.__subclasses__())
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.code not in KINDS:
            found.setdefault(one.code, one)
    return [found[code] for code in sorted(found)]
