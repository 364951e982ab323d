"""Searching: the page of answers, and what is suggested while somebody types."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from limits import RateLimitItemPerMinute

from zhiyue.collect.kinds import Actor
from zhiyue.experience.shell.limits import Allowance, address_of, spend
from zhiyue.experience.shell.viewers import PageRequest, actor_of
from zhiyue.experience.site import found, shelves
from zhiyue.product.catalogue.selectors import topics
from zhiyue.product.learning import search as searching

OF_EACH = {searching.COURSES: 8, searching.PEOPLE: 4, searching.LESSONS: 6}
A_PAGE = dict.fromkeys(OF_EACH, 20)
LAST_PAGE = 3
LONGEST_TYPED = 200
# A class behind one address may search at once; a program that reads the index through the page may not.
SEARCHES = RateLimitItemPerMinute(240)
SUGGESTIONS = RateLimitItemPerMinute(900)


@require_safe
def search(request: PageRequest) -> HttpResponse:
    """All groups with the best of each, or one group page by page."""
    typed = request.GET.get("q", "")[:LONGEST_TYPED].replace("\x00", "").strip()
    group = request.GET.get("in", "")
    group = group if group in searching.GROUPS else ""
    actor = actor_of(request)
    page: dict[str, object] = {"tab": "search", "typed": typed, "group": group}
    if not typed:
        page |= {"earlier": searching.recent_searches(actor), "topics": topics()}
        return render(request, "site/search.html", page)
    spend([Allowance(SEARCHES, "search", address_of(request))])
    page |= _answer(request, actor, typed, group)
    return render(request, "site/search.html", page)


@require_safe
def suggest(request: PageRequest) -> HttpResponse:
    """Lines for the box: what the words so far may become, or earlier searches where there are none yet."""
    typed = request.GET.get("q", "")[:LONGEST_TYPED].replace("\x00", "").strip()
    spend([Allowance(SUGGESTIONS, "suggest", address_of(request))])
    if typed:
        lines = found.suggestions(searching.suggest(typed))
    else:
        lines = found.earlier(searching.recent_searches(actor_of(request)))
    response = render(request, "site/parts/suggestions.html", {"typed": typed, "lines": lines})
    patch_cache_control(response, private=True, no_store=True)
    return response


def _answer(request: PageRequest, actor: Actor, typed: str, group: str) -> dict[str, object]:
    number = _page_number(request) if group else 1
    most = A_PAGE if group else OF_EACH
    limit = max(most.values())
    answer = searching.find(
        typed, user=request.viewer.user, group=group, limit=limit, skip=limit * (number - 1)
    )
    if not group:
        searching.made(actor=actor, typed=typed, count=answer.found.count)
    shown = found.groups(answer, most=most, skip=limit * (number - 1))
    is_last = not group or number >= LAST_PAGE or not shown or shown[0].count <= limit * number
    return {
        "found": answer.found,
        "groups": shown,
        "words": searching.remembered_words(typed),
        "instead": found.address_of(answer.found.meant) if answer.found.meant else "",
        "everything": found.address_of(typed),
        "addresses": {name: found.address_of(typed, name) for name in searching.GROUPS},
        "before": found.address_of(typed, group, number - 1) if number > 1 else "",
        "after": "" if is_last else found.address_of(typed, group, number + 1),
        "for_you": shelves.for_you(actor) if not answer.found.count else None,
    }


def _page_number(request: PageRequest) -> int:
    asked = request.GET.get("page", "1")
    return min(max(int(asked), 1), LAST_PAGE) if asked.isdecimal() and len(asked) < 4 else 1
