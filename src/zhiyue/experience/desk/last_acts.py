"""What one member did last, for whoever helps them: each act with what it was about, repetitions in one line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.collect.models import Event
from zhiyue.experience.desk.follow import ShownAct, shown_acts

Words = str | Promise

# So many events are read to fill a few lines: reading alone tells of itself every few seconds.
EVENTS_READ = 120

_PAGES: Mapping[str, Words] = {
    "site:home": pgettext_lazy("page name", "Home"),
    "site:courses": pgettext_lazy("page name", "All courses"),
    "site:topic": pgettext_lazy("page name", "A topic"),
    "site:teacher": pgettext_lazy("page name", "A teacher"),
    "site:search": pgettext_lazy("page name", "Search"),
    "site:learning": pgettext_lazy("page name", "My learning"),
    "site:me": pgettext_lazy("page name", "My page"),
    "site:interests": pgettext_lazy("page name", "What suggestions go by"),
    "site:welcome": pgettext_lazy("page name", "Welcome"),
    "site:help": pgettext_lazy("page name", "Help"),
    "site:agreement": pgettext_lazy("page name", "An agreement"),
}
# The server tells of these itself, with the name of what was opened.
_TOLD_BY_NAME = frozenset({"site:course", "site:lesson"})


@dataclass(frozen=True, slots=True)
class LastAct:
    """One line: `times` the same thing, the last time `at`."""

    name: str
    icon: str
    says: Words
    about: tuple[Words, ...]
    at: datetime
    times: int = 1


def last_acts(events: Sequence[Event], *, limit: int) -> list[LastAct]:
    """Events, the newest first, as lines; what was done several times running is one."""
    lines: list[LastAct] = []
    for one in _told(events, shown_acts(events)):
        last = lines[-1] if lines else None
        if last is not None and (last.name, last.about) == (one.name, one.about):
            lines[-1] = replace(last, times=last.times + 1)
        elif len(lines) == limit:
            break
        else:
            lines.append(one)
    return lines


def _told(events: Iterable[Event], shown: Iterable[ShownAct]) -> Iterator[LastAct]:
    for event, act in zip(events, shown, strict=True):
        about: tuple[Words, ...] = tuple(text for text in (act.course, act.lesson) if text)
        if event.name == "page.viewed":
            path = str(event.properties.get("path", ""))
            view = _view_of(path)
            if view in _TOLD_BY_NAME:
                continue
            about = (_PAGES.get(view, path),)
        yield LastAct(name=act.name, icon=act.icon, says=act.says, about=about, at=act.at)


def _view_of(path: str) -> str:
    """The name of the view behind a path; empty where there is none any more."""
    try:
        return resolve(path.partition("?")[0]).view_name
    except Resolver404:
        return ""
