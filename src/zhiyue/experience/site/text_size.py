"""The size in which somebody reads lessons: four steps, kept in a cookie of this device."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

SIZES: Sequence[str] = ("s", "m", "l", "xl")
COOKIE = "zy_text"
_YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class TextSize:
    """`smaller` and `larger` are the steps beside `now`, empty at the ends."""

    now: str
    smaller: str
    larger: str


def of(request: HttpRequest) -> TextSize:
    kept = request.COOKIES.get(COOKIE, "")
    place = SIZES.index(kept) if kept in SIZES else 1
    return TextSize(
        now=SIZES[place],
        smaller=SIZES[place - 1] if place else "",
        larger=SIZES[place + 1] if place + 1 < len(SIZES) else "",
    )


def remember(request: HttpRequest, response: HttpResponse, size: str) -> None:
    """What is no size changes nothing. A script may write the same cookie."""
    if size in SIZES:
        response.set_cookie(COOKIE, size, max_age=_YEAR_SECONDS, secure=request.is_secure(), samesite="Lax")
