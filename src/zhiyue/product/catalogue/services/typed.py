"""What authors type, as it is kept: in a form, or in a table that is imported. Each function raises BadFact where it
can't be; forms say some of it earlier."""

from collections.abc import Mapping

from django.db.models import Model
from django.utils.translation import pgettext

from zhiyue.core.kit.columns import first_too_long
from zhiyue.product.catalogue.errors import BadFact, NotNow

BODY_AT_MOST = 200_000
MINUTES_AT_MOST = 600
CHAPTERS_AT_MOST = 60
LESSONS_AT_MOST = 500
# Of texts whose column takes any length.
TEXTS: Mapping[str, int] = {"summary": 5_000, "bio": 2_000}


def course_title(text: str) -> str:
    title = " ".join(text.split())
    if not 2 <= len(title) <= 60:
        raise BadFact("title", pgettext("catalogue", "Give it a title of 2 to 60 characters."))
    return title


def part_title(text: str) -> str:
    """Of a chapter or a lesson."""
    title = " ".join(text.split())
    if not 1 <= len(title) <= 80:
        raise BadFact("title", pgettext("catalogue", "Give it a title of 1 to 80 characters."))
    return title


def long_text(text: str) -> str:
    """Lines end as they are kept, before anybody counts characters: browsers send two signs for each end."""
    return text.replace("\r\n", "\n")


def lesson_body(text: str) -> str:
    body = long_text(text).strip()
    if len(body) > BODY_AT_MOST:
        words = pgettext("catalogue", "This lesson is longer than 200,000 characters. Make two of it.")
        raise BadFact("body", words)
    return body


def lesson_minutes(minutes: int) -> int:
    if not 1 <= minutes <= MINUTES_AT_MOST:
        raise BadFact("minutes", pgettext("catalogue", "Between 1 and 600 minutes, please."))
    return minutes


def first_words(title: str) -> str:
    """A word for the cover until the author finds a better one."""
    first = title.split(maxsplit=1)[0]
    return first[:12] if first.isascii() else first[:4]


def check_outline(*, chapters: int = 0, lessons: int = 0) -> None:
    """May a course have as many? Raises NotNow."""
    if chapters > CHAPTERS_AT_MOST:
        raise NotNow(pgettext("catalogue", "A course has 60 chapters at most. Make a second course of it."))
    if lessons > LESSONS_AT_MOST:
        raise NotNow(pgettext("catalogue", "A course has 500 lessons at most. Make a second course of it."))


def check_lengths(model: type[Model], values: Mapping[str, object]) -> None:
    """Raises BadFact for the first of these fields that is too long for the model."""
    excess = first_too_long(model, values, TEXTS)
    if excess:
        words = pgettext("catalogue", "%(n)s characters at most. Shorten it.")
        raise BadFact(excess.field, words % {"n": excess.limit})
