"""Who is asking: the holder of a personal token, or the member of a session (and then with a CSRF token). What a wrong
token costs is counted by the endpoint."""

from typing import Any, cast

from django.utils.translation import pgettext_lazy
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from zhiyue.core.accounts.models import PersonalToken, User
from zhiyue.core.accounts.second_factor import viewer_of
from zhiyue.core.accounts.tokens import Scope, token_for
from zhiyue.experience.shell.viewers import PageRequest


class InvalidToken(AuthenticationFailed):
    default_code = "invalid_token"
    default_detail = pgettext_lazy("api", "The token was mistyped, ended or has expired.")


class CsrfFailed(PermissionDenied):
    default_code = "csrf_failed"
    default_detail = pgettext_lazy(
        "api", "A session needs its CSRF token in X-CSRFToken. Programs use a personal token instead."
    )


class InsufficientScope(APIException):
    """The token is good, but was made for other things."""

    status_code = 403
    default_code = "insufficient_scope"

    def __init__(self, scope: Scope) -> None:
        super().__init__(
            pgettext_lazy("api", "This needs a token with the scope “%(scope)s”.") % {"scope": scope.value}
        )
        self.auth_header = f'Bearer realm="api", error="insufficient_scope", scope="{scope.value}"'


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer zy_…`. Whoever sends one is its member, whatever session comes along."""

    def authenticate(self, request: Request) -> tuple[User, PersonalToken] | None:
        kind, _, key = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        page = cast(PageRequest, request._request)
        # Whatever comes of it, a program is nobody's browser.
        page.visitor_key, page.visitor_is_new = None, False
        token = token_for(key.strip())
        if token is None:
            raise InvalidToken
        page.viewer = viewer_of(token.user)
        page.was_shown_to_member = True
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class ViewerAuthentication(SessionAuthentication):
    """The member of the session, as pages know them."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        user = cast(PageRequest, request._request).viewer.user
        if user is None:
            return None
        try:
            self.enforce_csrf(request)
        except PermissionDenied as why:
            raise CsrfFailed from why
        return user, None
