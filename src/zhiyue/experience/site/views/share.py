"""Pictures of a course for sharing it: the card that links show, and a poster with a code to scan."""

from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import override, pgettext
from django.views.decorators.http import require_safe
from limits import RateLimitItemPerMinute

from zhiyue.core.academy.selectors import academy
from zhiyue.experience.shell.limits import Allowance, address_of, spend
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.site.drawing import compose, gallery, paint
from zhiyue.experience.site.drawing.compose import Shared
from zhiyue.experience.site.moved import moved
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.models import Course

_KEPT = "public, max-age=3600"
# For an address, which a whole school may share. Whoever crawls everything waits now and then.
PICTURES = RateLimitItemPerMinute(120)


@require_safe
def card(request: PageRequest, slug: str) -> HttpResponseBase:
    """1200 × 630; without words where the machine has no font that can write Chinese."""
    try:
        shared = _shared(request, slug)
    except Course.DoesNotExist:
        return moved(catalogue.course_moved_to(slug), "site:card")
    return _png(gallery.png(compose.card(shared)) or gallery.png(compose.plain(shared)) or b"")


@require_safe
def poster(request: PageRequest, slug: str) -> HttpResponseBase:
    """1080 × 1440; where it can't be painted here, the drawing that browsers can."""
    try:
        shared = _shared(request, slug)
    except Course.DoesNotExist:
        return moved(catalogue.course_moved_to(slug), "site:poster")
    painted = gallery.png(compose.poster(shared))
    return _png(painted) if painted else redirect("site:poster_drawing", slug)


@require_safe
def poster_drawing(request: PageRequest, slug: str) -> HttpResponse:
    try:
        shared = _shared(request, slug)
    except Course.DoesNotExist as missing:
        raise Http404 from missing
    answer = HttpResponse(paint.svg(compose.poster(shared)), content_type="image/svg+xml")
    answer["Cache-Control"] = _KEPT
    return answer


def _shared(request: PageRequest, slug: str) -> Shared:
    """Pictures travel without their reader's cookies, so their words are Chinese for everybody. Raises TooMany."""
    spend([Allowance(PICTURES, "share picture", address_of(request))])
    found = catalogue.course_page(slug)
    with override(settings.LANGUAGE_CODE):
        return Shared(
            slug=found.slug,
            topic_slug=found.topic.slug,
            topic=found.topic.name,
            keyword=found.keyword,
            title=found.title,
            subtitle=found.subtitle,
            teacher=found.teacher.name,
            academy=academy().name,
            address=urljoin(_origin(request), reverse("site:course", args=[found.slug])),
            call=pgettext("share", "Scan to begin"),
        )


def _origin(request: PageRequest) -> str:
    """The academy's own address where the settings say it. What a request says of itself holds any port, and each
    would be another picture."""
    named = [urlsplit(origin) for origin in settings.CSRF_TRUSTED_ORIGINS]
    own = [origin for origin in named if origin.hostname in settings.ALLOWED_HOSTS]
    asked = urlsplit(request.build_absolute_uri("/"))
    chosen = next((origin for origin in own if origin.hostname == asked.hostname), own[0] if own else asked)
    return f"{chosen.scheme}://{chosen.netloc}/"


def _png(painted: bytes) -> HttpResponse:
    answer = HttpResponse(painted, content_type="image/png")
    answer["Cache-Control"] = _KEPT
    return answer
