"""Pages whose opening counts: given to whoever wants them, and to no browser that fetches them just in case."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.http import HttpResponse, HttpResponseBase

from zhiyue.experience.shell.doors import P, View
from zhiyue.experience.shell.viewers import PageRequest

# By which browsers, and their extensions, say that nobody looks yet; the first is the standard's.
_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_JUST_IN_CASE = ("prefetch", "prerender", "preview")


def is_just_in_case(request: PageRequest) -> bool:
    told = " ".join(request.headers.get(name, "") for name in _HEADERS).lower()
    return any(word in told for word in _JUST_IN_CASE)


def only_when_wanted(view: View[P]) -> Callable[Concatenate[PageRequest, P], HttpResponseBase]:
    """A browser that is refused a page beforehand asks again once somebody goes there. To give it without noting it
    would be to give it for nothing: what was fetched before isn't asked for again."""

    @wraps(view)
    def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if is_just_in_case(request):
            return HttpResponse(status=503, headers={"Cache-Control": "no-store"})
        return view(request, *args, **kwargs)

    return guarded
