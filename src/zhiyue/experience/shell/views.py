"""Pages of the shell itself: switches for theme and language, and the living page of the design system."""

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from zhiyue.experience.shell import samples
from zhiyue.experience.shell.context import THEME_COOKIE, THEMES
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest

_YEAR_SECONDS = 365 * 24 * 3600


@require_POST
def theme(request: PageRequest) -> HttpResponse:
    """Remember the choice in a cookie, so that the server writes it and nothing flashes."""
    response = HttpResponseRedirect(safe_next(request, reverse("site:home")))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        secure = request.is_secure()
        response.set_cookie(THEME_COOKIE, chosen, max_age=_YEAR_SECONDS, secure=secure, samesite="Lax")
    return response


@require_POST
def language(request: PageRequest) -> HttpResponseBase:
    return set_language(request)


def design(request: PageRequest) -> HttpResponse:
    """Every component on one page: part of the demo and of working on the code, not shown to the public."""
    if not (settings.ZHIYUE_DEMO or settings.DEBUG):
        raise Http404
    return render(request, "shell/design.html", samples.everything())
