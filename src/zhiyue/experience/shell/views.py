"""Pages of the shell itself: switches for theme and language, and the living page of the design system."""

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from zhiyue.core.academy.logo import FOLDER
from zhiyue.core.academy.logo import read as read_logo
from zhiyue.core.accounts.profiles import keep_language
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
    """Remember the choice in a cookie, and of members in their account."""
    if request.viewer.user is not None:
        keep_language(user=request.viewer.user, language=request.POST.get("language", ""))
    return set_language(request)


@require_safe
def logo(request: PageRequest, digest: str) -> HttpResponse:
    """The academy's logo. Its address is made of its content, so that caches may keep it for good."""
    try:
        picture = read_logo(f"{FOLDER}/logo-{digest}.png")
    except FileNotFoundError as gone:
        raise Http404 from gone
    answer = HttpResponse(picture, content_type="image/png")
    patch_cache_control(answer, public=True, max_age=_YEAR_SECONDS, immutable=True)
    return answer


def design(request: PageRequest) -> HttpResponse:
    """Every component on one page: part of the demo and of working on the code, not shown to the public."""
    if not (settings.ZHIYUE_DEMO or settings.DEBUG):
        raise Http404
    return render(request, "shell/design.html", samples.everything())
