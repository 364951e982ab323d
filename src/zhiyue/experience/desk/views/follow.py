"""Follow one click: one act on its way through the loop, live."""

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from zhiyue.collect.selectors import event_by_id, latest_events
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import search_members
from zhiyue.experience.desk import people
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.follow import journey, shown_acts, telling
from zhiyue.experience.desk.people import Who
from zhiyue.experience.shell.viewers import PageRequest

ACTS_SHOWN = 12


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def follow(request: PageRequest) -> HttpResponse:
    """The whole page: the newest act and live, or with `event` that act and still."""
    who = people.who(request.GET.get("who", ""), request.viewer)
    sought = request.GET.get("q", "").strip()
    page = {
        "tab": "follow",
        "sought": sought,
        "found": search_members(sought) if sought else [],
        **_picture(who, chosen=_number(request, "event"), shown=0),
    }
    return render(request, "desk/follow.html", page)


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def stream(request: PageRequest) -> HttpResponse:
    """The picture anew where an act came after event `after`, else nothing; `shown` is the act on show."""
    who = people.who(request.GET.get("who", ""), request.viewer)
    if not latest_events(actor=who.actor, after_id=_number(request, "after"), limit=1):
        return HttpResponse(status=204)
    return render(
        request, "desk/parts/picture.html", _picture(who, chosen=0, shown=_number(request, "shown"))
    )


def _picture(who: Who, *, chosen: int, shown: int) -> dict[str, object]:
    """The acts and the journey of one of them. `chosen` 0: the newest that tells something."""
    events = latest_events(actor=who.actor, limit=ACTS_SHOWN)
    event = event_by_id(chosen) if chosen else telling(events)
    if event is None and chosen:
        raise Http404(f"There is no event {chosen}.")
    newest = events[0].pk if events else 0
    cursor = {"who": who.key, "after": newest, "shown": event.pk if event else 0}
    return {
        "who": who,
        "acts": shown_acts(events),
        "journey": journey(event) if event else None,
        "is_live": not chosen,
        "is_fresh": event is not None and event.pk != shown,
        "stream_url": f"{reverse('desk:follow_stream')}?{urlencode(cursor)}",
    }


def _number(request: PageRequest, name: str) -> int:
    """A whole number of the address; 0 where there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
