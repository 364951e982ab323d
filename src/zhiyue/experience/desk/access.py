"""The one door of the desk. Who may pass is decided by `accounts`; every view of the desk wears this."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_cache_control

from zhiyue.core.accounts.errors import SecondFactorRequired
from zhiyue.core.accounts.permissions import OF_THE_DESK, Permission
from zhiyue.experience.shell.viewers import PageRequest

P = ParamSpec("P")
View = Callable[Concatenate[PageRequest, P], HttpResponseBase]


def for_the_desk(permission: Permission | None = None) -> Callable[[View[P]], View[P]]:
    """A view of the desk, for holders of `permission` (None: of any that opens a page of the desk).

    Visitors are asked to sign in and come back, members without it are refused; nothing is kept in caches.
    """
    needed = OF_THE_DESK if permission is None else frozenset({permission})

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.viewer.is_member:
                return _to_sign_in(request)
            if not any(request.viewer.may(one) for one in needed):
                waiting = any(request.viewer.waits_for(one) for one in needed)
                raise SecondFactorRequired if waiting else PermissionDenied
            response = view(request, *args, **kwargs)
            patch_cache_control(response, private=True, no_store=True)
            return response

        return guarded

    return guard


def _to_sign_in(request: PageRequest) -> HttpResponseBase:
    """A part of a page can't be a sign-in form: there the whole page goes to it."""
    if request.htmx:
        here = request.htmx.current_url_abs_path or reverse("desk:desk")
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = _sign_in_address(here)
        return answer
    # What was posted is gone after signing in, so the way back is a page.
    back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("desk:desk")
    return HttpResponseRedirect(_sign_in_address(back))


def _sign_in_address(back: str) -> str:
    return f"{reverse('entrance:sign_in')}?{urlencode({'next': back})}"
