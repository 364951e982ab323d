"""Doors of surfaces: visitors are led to sign in and back, members who may not pass are refused. Who may do what is
decided by `accounts`."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_cache_control

from zhiyue.core.accounts.errors import SecondFactorRequired
from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.shell.known import is_known
from zhiyue.experience.shell.redirects import safe_address
from zhiyue.experience.shell.viewers import PageRequest

P = ParamSpec("P")
View = Callable[Concatenate[PageRequest, P], HttpResponseBase]


def for_holders(needed: Collection[Permission], *, home: str) -> Callable[[View[P]], View[P]]:
    """A view for holders of any of `needed`; nothing of it is kept in caches. `home` is the address, by name, to come
    back to where the view's own is no page."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.viewer.is_member:
                return by_sign_in(request, home=home)
            if not any(request.viewer.may(one) for one in needed):
                waiting = any(request.viewer.waits_for(one) for one in needed)
                raise SecondFactorRequired if waiting else PermissionDenied
            response = view(request, *args, **kwargs)
            patch_cache_control(response, private=True, no_store=True)
            return response

        return guarded

    return guard


def by_sign_in(request: PageRequest, *, home: str) -> HttpResponse:
    """To where one signs in, and back."""
    return by_way_of(request, "entrance:sign_in", home=home)


def by_entering(request: PageRequest, back: str) -> HttpResponse:
    """To where strangers become members, or members of a browser that is known sign in, and then on to `back`."""
    stop = "entrance:sign_in" if is_known(request) else "entrance:sign_up"
    return HttpResponseRedirect(f"{reverse(stop)}?{urlencode({'next': back})}")


def by_way_of(request: PageRequest, stop: str, *, home: str, **query: str) -> HttpResponse:
    """To the page `stop`, and from there back to where the request came from. `stop` and `home` are names of
    addresses; what else the stop has to know is `query`."""
    # What was posted is gone after the stop, so the way back is the page with the form.
    back = (
        request.get_full_path() if request.method in ("GET", "HEAD") else _sent_from(request, reverse(home))
    )
    if request.htmx:
        back = request.htmx.current_url_abs_path or reverse(home)
    address = f"{reverse(stop)}?{urlencode({**query, 'next': back})}"
    if not request.htmx:
        return HttpResponseRedirect(address)
    # A part of a page can't hold another page: the whole one goes there.
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = address
    return answer


def _sent_from(request: PageRequest, fallback: str) -> str:
    """The page whose form was sent, without its host."""
    page = urlsplit(safe_address(request, request.headers.get("Referer", ""), fallback))
    return page._replace(scheme="", netloc="").geturl()
