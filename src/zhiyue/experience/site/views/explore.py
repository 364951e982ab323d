"""Exploring: every course with facets, and the page of one topic."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from zhiyue.experience.shell.cards import Shelf, show
from zhiyue.experience.shell.viewers import PageRequest, actor_of
from zhiyue.experience.site import exploring, meta
from zhiyue.experience.site.moved import moved
from zhiyue.product.catalogue import browse
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.editions import language_of_reader
from zhiyue.product.catalogue.explore import explore
from zhiyue.product.commerce.selectors import learners_of


@require_safe
def courses(request: PageRequest) -> HttpResponse:
    """Courses that fit every facet. Asked in place, only what changed comes back: the results, or the next page."""
    wanted = exploring.wanted_of(request.GET)
    topics = catalogue.topics()
    actor = actor_of(request)
    order = exploring.places(wanted, actor)
    heading = exploring.heading(wanted, topics)
    found = explore(wanted, language=language_of_reader(), places=order)
    shown = exploring.facets(found, topics)
    page = {
        "tab": "courses",
        "meta": meta.courses(request, str(heading)),
        "heading": heading,
        "wanted": wanted,
        "found": found,
        "facets": shown,
        "chips": exploring.chips(wanted, shown),
        "ways_out": [] if found.total else exploring.ways_out(wanted, shown, found),
        "sorts": exploring.sorts(actor),
        "items": show(found.cards, learners=learners_of(card.id for card in found.cards)),
        "more": exploring.next_page(wanted, found),
    }
    response = render(request, _part(request), page)
    # The same address has a page and its parts.
    patch_vary_headers(response, ["HX-Request"])
    return response


def _part(request: PageRequest) -> str:
    if not request.htmx or request.htmx.history_restore_request:
        return "site/courses.html"
    if request.htmx.target == "more-courses":
        return "site/parts/more_courses.html"
    return "site/parts/explored.html"


@require_safe
def topic(request: PageRequest, slug: str) -> HttpResponseBase:
    """What a topic is about, where to begin in it, its courses and who teaches it."""
    found = browse.topic(slug)
    if found is None:
        return moved(browse.topic_moved_to(slug), "site:topic")
    cards = browse.courses_of_topic(found.pk)
    way = browse.where_to_begin(cards)
    on_the_way = {card.id for card in way}
    learners = learners_of(card.id for card in cards)
    others = [card for card in cards if card.id not in on_the_way]
    page = {
        "tab": "courses",
        "meta": meta.topic(request, found, len(cards)),
        "topic": found,
        "course_count": len(cards),
        "path": show(way, learners=learners),
        # Each course stands on the page once.
        "others": Shelf(key="topic", title="", items=show(others, learners=learners)),
        "teachers": browse.teachers_of_topic(found.pk),
    }
    return render(request, "site/topic.html", page)
