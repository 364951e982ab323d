"""What machines ask for by fixed names: robots.txt, the sitemap, the manifest and icons."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap as answer_sitemap
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponsePermanentRedirect,
    JsonResponse,
)
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from zhiyue.core.academy.selectors import academy
from zhiyue.product.catalogue import sitemap as addresses
from zhiyue.product.catalogue.sitemap import Address

# Nothing here means anything to a stranger.
_CLOSED = (
    "/desk/",
    "/studio/",
    "/api/",
    "/settings/",
    "/privacy/",
    "/learning/",
    "/me/",
    "/welcome/",
    "/checkout/",
    "/orders/",
    "/coupons/",
    "/redeem/",
    "/pay/",
    "/sign-in/",
    "/sign-up/",
)
_DAY_SECONDS = 24 * 3600


class _Map(Sitemap):  # type: ignore[type-arg]  # generic in its stubs alone
    """Pages whose address has the name `name`, one for each of what `read` gives."""

    def __init__(self, name: str, read: Callable[[], list[Address]]) -> None:
        self.name, self.read = name, read

    def items(self) -> list[Address]:
        return self.read()

    def location(self, item: Address) -> str:
        return reverse(self.name, args=item.slugs)

    def lastmod(self, item: Address) -> datetime | None:
        return item.changed_at


def _one_page() -> list[Address]:
    return [Address((), None)]


_MAPS: "dict[str, type[Sitemap[Any]] | Sitemap[Any]]" = {
    "home": _Map("site:home", _one_page),
    "explore": _Map("site:courses", _one_page),
    "help": _Map("site:help", _one_page),
    "topics": _Map("site:topic", addresses.topics),
    "teachers": _Map("site:teacher", addresses.teachers),
    "courses": _Map("site:course", addresses.courses),
    "lessons": _Map("site:lesson", addresses.free_lessons),
}


@require_safe
def sitemap(request: HttpRequest) -> HttpResponseBase:
    """Every page a stranger may read: published courses, their free lessons, topics and teachers."""
    return answer_sitemap(request, _MAPS)


@require_safe
@cache_control(max_age=_DAY_SECONDS)
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _CLOSED)]
    lines += ["", f"Sitemap: {request.build_absolute_uri(reverse('site:sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """What a phone needs to put the academy on its home screen."""
    name = academy().name
    page = {
        "name": name,
        "short_name": name[:12],
        "description": academy().tagline,
        "lang": "zh-Hans",
        "start_url": reverse("site:home"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#faf8f4",
        "theme_color": "#faf8f4",
        "icons": [
            {"src": static(f"shell/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": use}
            for size, use in ((192, "any"), (512, "any"), (512, "maskable"))
        ],
    }  # fmt: skip
    answer = JsonResponse(page, content_type="application/manifest+json")
    answer["Cache-Control"] = "max-age=3600"
    return answer


@require_safe
def favicon(request: HttpRequest) -> HttpResponsePermanentRedirect:
    return HttpResponsePermanentRedirect(static("shell/favicon.ico"))


@require_safe
def touch_icon(request: HttpRequest) -> HttpResponsePermanentRedirect:
    return HttpResponsePermanentRedirect(static("shell/apple-touch-icon.png"))
