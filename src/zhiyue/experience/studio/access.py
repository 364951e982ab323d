"""The one door of the studio. Who may change which course is decided by the catalogue; every view wears this."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.cache import patch_cache_control

from zhiyue.core.accounts.errors import SecondFactorRequired
from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.authoring import may_change_all, require_author

P = ParamSpec("P")


def for_the_studio(
    view: Callable[Concatenate[PageRequest, P], HttpResponseBase],
) -> Callable[Concatenate[PageRequest, P], HttpResponseBase]:
    """Visitors are asked to sign in and come back, members without the role are refused, creators accept their
    agreement first; what isn't there is a 404; nothing is kept in caches."""

    @wraps(view)
    def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.viewer.is_member:
            return _to_sign_in(request)
        if not request.viewer.may(Permission.USE_STUDIO):
            waiting = request.viewer.waits_for(Permission.USE_STUDIO)
            raise SecondFactorRequired if waiting else PermissionDenied
        if request.method in ("GET", "HEAD") and not request.htmx:
            # Not when something is sent: what was typed would be lost to a version that came into force meanwhile.
            require_author(request.viewer)
        try:
            response = view(request, *args, **kwargs)
        except ObjectDoesNotExist as missing:
            raise Http404 from missing
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


def page(
    request: PageRequest, template: str, values: dict[str, object], *, status: int = 200
) -> HttpResponse:
    """A page of the studio; its navigation knows who orders topics and teachers."""
    values = {"orders_all": may_change_all(request.viewer), **values}
    return render(request, f"studio/{template}", values, status=status)


def _to_sign_in(request: PageRequest) -> HttpResponseBase:
    """A part of a page can't be a sign-in form: there the whole page goes to it."""
    studio = reverse("studio:courses")
    back = request.get_full_path() if request.method in ("GET", "HEAD") else studio
    if request.htmx:
        back = request.htmx.current_url_abs_path or studio
    address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"
    if not request.htmx:
        return HttpResponseRedirect(address)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = address
    return answer
