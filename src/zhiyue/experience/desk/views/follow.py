"""Follow one click: one act on its way through the loop, live."""

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from zhiyue.collect.flow import only_counted
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import search_members
from zhiyue.experience.desk import people
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.follow import Chosen, NoSuchAct, has_news, picture
from zhiyue.experience.desk.people import Who
from zhiyue.experience.shell.viewers import PageRequest


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def follow(request: PageRequest) -> HttpResponse:
    """The whole page: the newest act and live, or with `event` or `refused` that act and still."""
    who = people.who(request.GET.get("who", ""), request.viewer)
    sought = people.sought(request.GET.get("q", ""))
    chosen = Chosen(event=_number(request, "event"), refused=_number(request, "refused"))
    page = {
        "tab": "follow",
        "sought": sought,
        "found": search_members(sought) if sought else [],
        **_picture(request, who, chosen=chosen, shown=0),
    }
    return render(request, "desk/follow.html", page)


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def stream(request: PageRequest) -> HttpResponse:
    """The picture anew where an act came after event `after`, or was kept out after entry `out`; else nothing.
    `shown` is the event on show."""
    who = people.who(request.GET.get("who", ""), request.viewer)
    after, out = _number(request, "after"), _number(request, "out")
    if not has_news(request.viewer, who, after=after, out=out):
        return HttpResponse(status=204)
    page = _picture(request, who, chosen=Chosen(), shown=_number(request, "shown"))
    return render(request, "desk/parts/picture.html", page)


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def counted(request: PageRequest) -> HttpResponse:
    """The line of what was only counted, alone."""
    page = {"counted": only_counted(request.viewer), "is_live": True}
    return render(request, "desk/parts/only_counted.html", page)


def _picture(request: PageRequest, who: Who, *, chosen: Chosen, shown: int) -> dict[str, object]:
    try:
        seen = picture(request.viewer, who, chosen)
    except NoSuchAct as none:
        raise Http404("There is no such act.") from none
    cursor = {"who": who.key, "after": seen.after, "out": seen.out, "shown": seen.shown}
    return {
        "who": who,
        "picture": seen,
        "counted": only_counted(request.viewer),
        "may_replay": request.viewer.may(Permission.RUN_JOBS),
        "is_live": chosen.is_live,
        "is_fresh": seen.journey is not None and seen.shown != shown,
        "stream_url": f"{reverse('desk:follow_stream')}?{urlencode(cursor)}",
    }


def _number(request: PageRequest, name: str) -> int:
    """A whole number of the address; 0 where there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
