"""① Acts in words: who did what, about what, when, told by whom; and which of the newest ones is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.safestring import SafeString

from zhiyue.analyse.weights import INTEREST
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, Quarantined
from zhiyue.collect.selectors import came_by_no_file
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.kit import clock
from zhiyue.experience.desk import people, words
from zhiyue.experience.shell.cards import cover_of
from zhiyue.product.catalogue import selectors as catalogue

# One click is often told as several events; within so long they are one burst. Longer, and the next click
# would not get a journey of its own.
BURST = timedelta(seconds=1.5)

_ICONS: Mapping[str, str] = {
    "slate.shown": "sparkles",
    "slate.chosen": "sparkles",
    "course.viewed": "library",
    "course.saved": "bookmark-check",
    "course.unsaved": "bookmark",
    "course.dismissed": "x",
    "course.restored": "rotate-cw",
    "course.disregarded": "eye-off",
    "course.regarded": "rotate-cw",
    "interest.corrected": "sparkles",
    "course.enrolled": "graduation-cap",
    "lesson.opened": "book-open",
    "lesson.progressed": "clock",
    "lesson.finished": "circle-check",
    "member.signed_up": "user",
    "member.signed_in": "log-in",
}


@dataclass(frozen=True, slots=True)
class ShownAct:
    """An act in words. `may_tell` are those who may tell of an act of this kind; none where it left the table."""

    pk: int
    event_id: str
    name: str
    icon: str
    says: words.Words
    meaning: words.Words
    who: str
    who_key: str
    course: str
    lesson: str
    detail: str
    at: datetime
    is_today: bool
    origin: words.Words
    may_tell: tuple[words.Words, ...]


def telling(events: Sequence[Event]) -> Event | None:
    """The event to show of the newest ones (newest first): of the last burst of weighed acts the weightiest."""
    weighed = [event for event in events if event.name in INTEREST]
    if not weighed:
        return events[0] if events else None
    newest = weighed[0]
    burst = [
        event
        for event in weighed
        if (event.member_id, event.visitor) == (newest.member_id, newest.visitor)
        and abs(newest.occurred_at - event.occurred_at) <= BURST
    ]
    return max(burst, key=lambda event: (abs(INTEREST[event.name]), event.pk))


def shown_acts(events: Sequence[Event]) -> list[ShownAct]:
    """Events in words, in the same order."""
    courses = catalogue.titles({event.course_id for event in events if event.course_id})
    lessons = catalogue.lesson_titles({event.lesson_id for event in events if event.lesson_id})
    return [_shown(event, courses, lessons) for event in events]


def actor_of(row: Event | Quarantined) -> Actor:
    return Actor(member_id=row.member_id, visitor=row.visitor)


def name_of(row: Event | Quarantined) -> str:
    if row.member is not None:
        return row.member.display_name
    return people.visitor_name(row.visitor) if row.visitor else ""


def is_today(moment: datetime) -> bool:
    return clock.business_day(moment) == clock.business_day()


def icon_of(name: str) -> str:
    return _ICONS.get(name, "mouse-pointer-click")


def may_tell(name: str) -> tuple[words.Words, ...]:
    """Who may tell of events of this kind, in words."""
    return tuple(words.teller(origin) for origin in sorted(KINDS[name].origins)) if name in KINDS else ()


def is_simulated(event: Event) -> bool:
    return bool(settings.ZHIYUE_DEMO) and came_by_no_file(event)


def cover_for(event: Event) -> SafeString | None:
    """The cover of the course that an event is about."""
    cards = catalogue.courses_by_id([event.course_id]) if event.course_id else {}
    return cover_of(cards[event.course_id]) if event.course_id in cards else None


def _shown(event: Event, courses: Mapping[int, str], lessons: Mapping[int, str]) -> ShownAct:
    return ShownAct(
        pk=event.pk,
        event_id=str(event.event_id),
        name=event.name,
        icon=icon_of(event.name),
        says=words.act(event.name),
        meaning=words.meaning(event.name),
        who=name_of(event),
        who_key=people.key_of(actor_of(event)),
        course=courses.get(event.course_id or 0, ""),
        lesson=lessons.get(event.lesson_id or 0, ""),
        detail=words.detail(event.name, event.properties),
        at=event.occurred_at,
        is_today=is_today(event.occurred_at),
        origin=words.origin("simulated" if is_simulated(event) else event.origin),
        may_tell=may_tell(event.name),
    )
