"""What every template may use without its view naming it."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from zhiyue.core.accounts.selectors import may_see_desk

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "zy_theme"


def page(request: HttpRequest) -> dict[str, object]:
    """Viewer, theme, name of the academy. What needs the database is looked up where a template asks."""
    viewer = getattr(request, "viewer", None)
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    return {
        "viewer": viewer,
        "opens_desk": SimpleLazyObject(lambda: viewer is not None and may_see_desk(viewer)),
        "theme": theme if theme in THEMES else "auto",
        "content_language": settings.LANGUAGE_CODE,
        "site_name": settings.ZHIYUE_SITE_NAME,
        "is_demo": settings.ZHIYUE_DEMO,
    }
