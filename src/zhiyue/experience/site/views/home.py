"""The home page, and the strip that shows how far the demo is filled."""

from itertools import takewhile

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import strip_tags
from django.utils.text import Truncator
from django.views.decorators.http import require_safe

from zhiyue.experience.shell.cards import Shelf
from zhiyue.experience.shell.viewers import PageRequest, actor_of
from zhiyue.experience.site import meta, shelves
from zhiyue.experience.site.continuing import to_go_on_with
from zhiyue.product.catalogue import prose
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.editions import language_of_reader, one_of_each

# htmx takes this status as the end of polling.
STOP_POLLING = 286
_OPENING_WORDS = 96
_NO_PROSE = frozenset("#|->*`1")


@require_safe
def home(request: PageRequest) -> HttpResponse:
    """To read on is one tap for who has begun, to read a free lesson is one tap for who has not."""
    actor = actor_of(request)
    begun = to_go_on_with(actor)
    above = [one.course.id for one in begun]
    for_you = shelves.for_you(actor, besides=above)
    above += [item.course.id for item in for_you.items]
    popular = shelves.popular(actor, besides=above) if for_you.is_personal else None
    above += [item.course.id for item in popular.items] if popular else []
    topics = catalogue.by_topic()
    courses = one_of_each(card for _, cards in topics for card in cards)
    page = {
        "tab": "home",
        "meta": meta.home(request),
        "continuing": begun,
        "opener": None if begun else _opener(for_you),
        "topics": [topic for topic, _ in topics],
        # Asked once, of members whose shelf knows nothing of them yet; visitors find it under “Me”.
        "asks_interests": bool(topics) and request.viewer.is_member and not begun and not for_you.is_personal,
        "course_count": len(courses),
        "lesson_count": sum(card.published_lesson_count for card in courses),
        "for_you": for_you,
        "popular": popular,
        "newest": shelves.newest(besides=above),
    }
    return render(request, "site/home.html", page)


@require_safe
def seeding(request: PageRequest) -> HttpResponse:
    """The strip by itself, asked for every few seconds until the filling is done."""
    response = render(request, "site/parts/seeding.html")
    if not response.content.strip():
        response.status_code = STOP_POLLING
    return response


def _opener(shelf: Shelf) -> dict[str, object] | None:
    """A free lesson to begin with, in its own first words: in the reader's language, where the shelf has one."""
    language = language_of_reader()
    free = [item for item in shelf.items if item.course.free_lesson_slug]
    item = min(free, key=lambda item: item.course.language != language, default=None)
    if item is None or item.course.free_lesson_slug is None:
        return None
    lesson = catalogue.lesson_page(item.course.slug, item.course.free_lesson_slug)
    return {"item": item, "lesson": lesson, "words": _first_words(lesson.body)}


def _first_words(body: str) -> str:
    """How a lesson begins: its first plain paragraphs, cut where a reader wants to know more."""
    paragraphs = takewhile(lambda block: block[:1] not in _NO_PROSE, body.strip().split("\n\n"))
    words = " ".join(strip_tags(prose.render(block)).strip() for block in paragraphs)
    begun = Truncator(words).chars(_OPENING_WORDS, truncate="")
    if words[len(begun) : len(begun) + 1].isalpha() and begun[-1:].isascii():
        # In the middle of a word, in a language that divides them.
        begun = begun.rsplit(" ", 1)[0]
    return begun.rstrip("。：:.…, ") + ("…" if begun[-1:].isascii() else "……")
