"""When a browser was last used, for the list of devices; and proofs of who sits there, before what protects an account
is changed."""

from collections.abc import Callable
from typing import cast

from allauth.core.exceptions import ReauthenticationRequired
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from zhiyue.core.accounts.models import User
from zhiyue.experience.entrance.safety.freshness import confirm_first
from zhiyue.experience.shell.viewers import PageRequest

_EVERY_SECONDS = 600


class LastSeenMiddleware:
    """Notes it at most every ten minutes, and only where the page knew its member anyway."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.USERSESSIONS_TRACK_ACTIVITY and getattr(request, "was_shown_to_member", False):
            self._note(cast(PageRequest, request))
        return response

    def _note(self, request: PageRequest) -> None:
        """Where the API took a token, `request.user` is its owner, who needn't be whose session this is."""
        key, user = request.session.session_key, request.user
        is_theirs = isinstance(user, User) and request.session.get(SESSION_KEY) == str(user.pk)
        if key and is_theirs and cache.add(f"seen:{key}", 1, timeout=_EVERY_SECONDS):
            UserSession.objects.create_from_request(request)


class ConfirmFirstMiddleware:
    """Leads to the proof before django-allauth does, which would write the whole form into the session until then, and
    passwords with it. Its place is behind the one of django-allauth."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ReauthenticationRequired):
            return None
        return confirm_first(request, back=request.get_full_path())
