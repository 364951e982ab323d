"""How the schema is drawn from the endpoints: parameters, problems, headers and scopes are read from them, so that
what is described is what is done."""

from typing import Any, ClassVar, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api.repeating import HEADER, LONGEST_KEY
from zhiyue.experience.api.shapes.lists import ProblemShape
from zhiyue.experience.shell.problems import MEDIA_TYPE

_BODIES = {"POST", "PUT", "PATCH"}
_LIMITS = {
    "RateLimit-Limit": "Requests that may be made in a minute.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "Seconds until they are all there again.",
}
_PROBLEMS = {
    400: "Something in the request can't be used.",
    401: "Nobody is signed in, or the token opens nothing.",
    402: "It has a price.",
    403: "Not open to this account, or to this token's scopes.",
    404: "There is no such thing.",
    406: "Only JSON is spoken here.",
    409: "It can't be done as things are now, or the first request with this key is still running.",
    410: "It is over.",
    412: "It has changed since it was read.",
    413: "The request is too large.",
    415: "The body is not JSON.",
    422: "The idempotency key belongs to another request.",
    429: "Too many requests in a while.",
    502: "A payment provider can't be reached, or refused: ask again, or pay in another way.",
    503: "It isn't given just in case: ask once somebody wants it.",
}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "zhiyue.experience.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        scopes = ", ".join(f"`{scope.value}`" for scope in Scope)
        told = f"A personal token, made on the page /settings/tokens/. Its scopes are some of {scopes}."
        return {"type": "http", "scheme": "bearer", "description": told}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "zhiyue.experience.api.authentication.ViewerAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        told = "The session of the pages. What changes something also needs the header X-CSRFToken."
        return {"type": "apiKey", "in": "cookie", "name": "zy_session", "description": told}


class Schema(AutoSchema):
    """One operation, as its endpoint says."""

    view: Any
    # The tail of each description; what an endpoint shares with others is said here.
    _conditional: ClassVar[str] = "Answers 304 where it is the one you have."

    def get_override_parameters(self) -> list[Any]:
        found: list[Any] = []
        if query := self.view.needs_of(self.method).query:
            found.append(query)
        if self.method == "GET":
            found.append(_header("If-None-Match", "The ETag of what you have. " + self._conditional))
        if self.method == "PATCH":
            found.append(_header("If-Match", "The ETag of what you read: 412 where it changed since."))
        if self._is_repeatable():
            told = "A name of this act, such as a UUID: sent again with it, it is answered again and not done twice."
            found.append(_header(HEADER, told, {"maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"}))
        return found

    def get_description(self) -> str:  # type: ignore[override]
        """What follows the first line of the docstring, and the scope a token needs."""
        _, _, rest = str(super().get_description()).partition("\n\n")
        scope = self.view.needs_of(self.method).scope
        told = [rest.strip(), f"A token needs the scope `{scope.value}`." if scope else ""]
        return "\n\n".join(part for part in told if part)

    def get_summary(self) -> str:
        return str(super().get_description()).partition("\n")[0]

    def get_auth(self) -> list[dict[str, list[str]]]:
        offered: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
        return offered if self.view.members_only else [*offered, {}]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)
        for answer in found.values():
            answer["headers"] = self._headers() | answer.get("headers", {})
        if self.method == "GET":
            found["304"] = {"description": "You have it already.", "headers": self._headers()}
        for status in self._problems():
            told = self._get_response_for_code(  # type: ignore[no-untyped-call]
                ProblemShape, str(status), media_types=[MEDIA_TYPE]
            )
            found[str(status)] = told | {"description": _PROBLEMS[status]}
        return dict(sorted(found.items()))

    def _problems(self) -> list[int]:
        found = {400, 401, 406}
        if self.view.is_limited or self._is_repeatable():
            found.add(429)
        if "{" in self.path:
            found.add(404)
        if self.view.needs_of(self.method).scope:
            found.add(403)
        if self.method in _BODIES and self.get_request_serializer() is not None:
            found |= {413, 415}
        if self.method == "PATCH":
            found.add(412)
        if self._is_repeatable():
            found |= {402, 409, 422}
        return sorted(found | self.view.may_answer)

    def _headers(self) -> dict[str, Any]:
        limits = {
            name: {"description": told, "schema": {"type": "integer", "minimum": 0}}
            for name, told in _LIMITS.items()
        }
        etag = {"ETag": {"description": "A strong one.", "schema": {"type": "string"}}}
        return (limits if self.view.is_limited else {}) | (etag if self.method in {"GET", "PATCH"} else {})

    def _is_repeatable(self) -> bool:
        return bool(getattr(getattr(self.view, self.method.lower(), None), "is_repeatable", False))


def _header(name: str, told: str, more: dict[str, Any] | None = None) -> OpenApiParameter:
    return OpenApiParameter(
        name, {"type": "string", **(more or {})}, OpenApiParameter.HEADER, description=told
    )
