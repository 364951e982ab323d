"""What every template may use without its view naming it."""

from pathlib import PurePosixPath

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from zhiyue.core.academy.models import Academy
from zhiyue.core.academy.selectors import academy
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import leads_to_desk
from zhiyue.product.commerce.checkout import takes_payments
from zhiyue.product.commerce.flash import flash_prices

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "zy_theme"


def page(request: HttpRequest) -> dict[str, object]:
    """Viewer, theme, name of the academy. What needs the database is looked up where a template asks."""
    viewer = getattr(request, "viewer", None)
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    return {
        "viewer": viewer,
        "consent": getattr(request, "consent", None),
        "opens_desk": SimpleLazyObject(lambda: viewer is not None and leads_to_desk(viewer)),
        "opens_studio": SimpleLazyObject(lambda: viewer is not None and viewer.may(Permission.USE_STUDIO)),
        "theme": theme if theme in THEMES else "auto",
        "content_language": settings.LANGUAGE_CODE,
        "academy": SimpleLazyObject(academy),
        "academy_logo": SimpleLazyObject(lambda: logo_address(academy())),
        "site_name": SimpleLazyObject(lambda: academy().name),
        "is_demo": settings.ZHIYUE_DEMO,
        # Of all cards of a page at once, whichever shelves they stand on.
        "flash_prices": SimpleLazyObject(lambda: flash_prices() if takes_payments() else {}),
    }


def logo_address(shown: Academy) -> str:
    """Where the uploaded logo is served; empty where the drawn mark stands."""
    if not shown.logo:
        return ""
    return reverse("shell:logo", args=[PurePosixPath(shown.logo).stem.removeprefix("logo-")])
