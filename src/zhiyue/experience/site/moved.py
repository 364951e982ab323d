"""Old addresses: a permanent redirect to where a thing is now, or no page."""

from django.http import Http404, HttpResponsePermanentRedirect
from django.urls import reverse


def moved(now: str | tuple[str, ...] | None, name: str) -> HttpResponsePermanentRedirect:
    """Redirect to the address `name` of the slugs `now`. Raises Http404 where there are none."""
    if now is None:
        raise Http404
    return HttpResponsePermanentRedirect(reverse(name, args=[now] if isinstance(now, str) else now))
