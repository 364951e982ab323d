"""What every address of the API has in common: who asks, how often, with which parameters, and what is kept of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import pgettext
from rest_framework.exceptions import NotAuthenticated, PermissionDenied, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import PersonalToken, User
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import cursors
from zhiyue.experience.api.authentication import (
    CsrfFailed,
    InsufficientScope,
    InvalidToken,
    TokenAuthentication,
    ViewerAuthentication,
)
from zhiyue.experience.api.conditions import with_etag
from zhiyue.experience.api.limits import guessing_allowance, headers_of, request_allowance, spend_request
from zhiyue.experience.api.renderers import OneJSONRenderer
from zhiyue.experience.shell.limits import Allowance
from zhiyue.experience.shell.viewers import PageRequest

Handler = Callable[..., Response]
_SAFE = {"GET", "HEAD"}
_FOREIGN = {"cross-site", "same-site"}
_VARY = ("Accept-Language", "Authorization", "Cookie")


@dataclass(frozen=True, slots=True)
class Needs:
    """What one method asks of whoever calls it: a token's scope, and which parameters it takes."""

    scope: Scope | None = None
    query: type[Serializer[Any]] | None = None


_NOTHING = Needs()


def needs(scope: Scope, query: type[Serializer[Any]] | None = None) -> Callable[[Handler], Handler]:
    """Say of a method what it needs."""

    def say(handler: Handler) -> Handler:
        handler.needs = Needs(scope, query)  # type: ignore[attr-defined]
        return handler

    return say


class JsonNegotiation(DefaultContentNegotiation):
    """JSON for whoever takes JSON or anything; a query can't choose."""

    def filter_renderers(self, renderers: Any, format: str | None) -> Any:
        return renderers


class Endpoint(APIView):
    """One address. Its methods name by `needs` the scope of a token and the parameters they take."""

    authentication_classes: Any = (TokenAuthentication, ViewerAuthentication)
    renderer_classes: Any = (OneJSONRenderer,)
    content_negotiation_class = JsonNegotiation
    members_only: ClassVar[bool] = False
    is_personal: ClassVar[bool] = False
    is_limited: ClassVar[bool] = True
    # Problems that only this address may answer with, for the schema.
    may_answer: ClassVar[frozenset[int]] = frozenset()
    asked: Mapping[str, Any]
    _allowance: Allowance | None = None

    def needs_of(self, method: str | None) -> Needs:
        """What `method` needs; HEAD asks for what GET does."""
        name = "get" if method == "HEAD" else (method or "").lower()
        return getattr(getattr(self, name, None), "needs", _NOTHING)

    @property
    def page(self) -> PageRequest:
        return cast(PageRequest, self.request._request)

    @property
    def viewer(self) -> Viewer:
        return self.page.viewer

    @property
    def member(self) -> User:
        """Who is signed in. Raises NotAuthenticated."""
        if self.viewer.user is None:
            raise NotAuthenticated
        return self.viewer.user

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.format_kwarg = None
        # Before all else: what is refused below counts too, and says what is left.
        self._count(request)
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        self._check_origin(request)
        if self.members_only and request.method != "OPTIONS":
            _ = self.member
        self._check_scope(request)
        self.asked = self._read_query(request)

    def _count(self, request: Request) -> None:
        """Find out who asks, and count it. Raises InvalidToken, CsrfFailed, TooMany."""
        try:
            self.perform_authentication(request)
        except InvalidToken:
            # Everywhere: else events, which have limits of their own, would be the place to guess at.
            self._spend(guessing_allowance(self.page))
            raise
        except CsrfFailed:
            if self.is_limited:
                self._spend(request_allowance(self.page, None))
            raise
        if self.is_limited:
            self._spend(request_allowance(self.page, request.auth))

    def _spend(self, allowance: Allowance) -> None:
        self._allowance = allowance
        spend_request(allowance)

    def _check_origin(self, request: Request) -> None:
        """What changes something and rests on cookies alone, without a token of any kind, must come from our own pages:
        browsers say where it comes from. Raises PermissionDenied."""
        is_proved = request.successful_authenticator is not None
        if request.method in _SAFE or request.method == "OPTIONS" or is_proved:
            return
        if request.headers.get("Sec-Fetch-Site") in _FOREIGN:
            raise PermissionDenied

    def _check_scope(self, request: Request) -> None:
        scope = self.needs_of(request.method).scope
        if scope and isinstance(request.auth, PersonalToken) and scope.value not in request.auth.scopes:
            raise InsufficientScope(scope)

    def _read_query(self, request: Request) -> Mapping[str, Any]:
        """The parameters as the method's query says. One that nobody knows is a mistake, and told as one."""
        shape = self.needs_of(request.method).query
        known = sorted(shape().fields) if shape else []
        wrong: dict[str, list[str]] = {}
        for name in request.query_params:
            if name not in known:
                wrong[f"query {name}"] = [_unknown(known)]
            elif len(request.query_params.getlist(name)) > 1:
                wrong[f"query {name}"] = [pgettext("api", "Send it once.")]
        query = shape(data=request.query_params) if shape else None
        if query is not None and not query.is_valid():
            wrong |= {
                f"query {name}": told for name, told in cast(dict[str, list[str]], query.errors).items()
            }
        if wrong:
            raise ValidationError(wrong)
        return cast(Mapping[str, Any], query.validated_data) if query is not None else {}

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(final, _VARY)
        if not self.page.was_shown_to_member:
            # What members see is kept by no cache at all: the shell's middleware says so.
            patch_cache_control(final, no_cache=True, **({"private": True} if self.is_personal else {}))
        if self._allowance is not None:
            for name, value in headers_of(self._allowance).items():
                final[name] = value
        if request.method in _SAFE and final.status_code == 200:
            return with_etag(request, final)
        return final

    def listed(
        self, rows: QuerySet[Any] | Sequence[QuerySet[Any]], *, order: tuple[str, ...]
    ) -> cursors.Page:
        """The page of `rows` that was asked for."""
        return cursors.page(
            rows, order=order, cursor=self.asked.get("cursor", ""), size=self.asked["page_size"]
        )

    def list_answer(self, found: cursors.Page, items: object) -> Response:
        """A page of a list, with links to its neighbours in the body and in the header Link."""
        links = {"next": self._link(found.next), "previous": self._link(found.previous)}
        told = ", ".join(
            f'<{url}>; rel="{"prev" if rel == "previous" else rel}"' for rel, url in links.items() if url
        )
        return Response({"items": items, **links}, headers={"Link": told} if told else {})

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        query = self.request.query_params.copy()
        query["cursor"] = cursor
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """The methods, in Allow."""
        return Response(status=204)


def _unknown(known: list[str]) -> str:
    if not known:
        return pgettext("api", "This address takes no parameters.")
    return pgettext("api", "There is no such parameter. There are: %(known)s.") % {"known": ", ".join(known)}
