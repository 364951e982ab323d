"""One act on its way round the loop, as five stations: act, cleaning, weight, slate, activity.

Nothing is decided here: each station is what `collect`, `analyse`, `recommend` or `monitor` say of the act, put
side by side for the page. Everything is told as it counts now, so an old act has faded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from django.utils.safestring import SafeString

from zhiyue.analyse.kinds import Act as WeightedAct
from zhiyue.analyse.selectors import recent_acts
from zhiyue.analyse.weights import HALF_LIFE_DAYS, INTEREST
from zhiyue.collect.consenting import granted_by
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.kit import clock
from zhiyue.experience.desk import people, words
from zhiyue.experience.shell.cards import cover_of, show, topic_name
from zhiyue.experience.shell.reasons import in_words
from zhiyue.monitor import selectors as monitor
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.recommend.kinds import Recommended
from zhiyue.recommend.selectors import slate

SLATE_LENGTH = 6
TOPICS_SHOWN = 3
ACTS_REMEMBERED = 2000
# One click is often told as several events; within so long they are one burst. Longer, and the next click
# would not get a journey of its own.
BURST = timedelta(seconds=1.5)

_ICONS: Mapping[str, str] = {
    "slate.shown": "sparkles",
    "slate.chosen": "sparkles",
    "course.viewed": "library",
    "course.saved": "bookmark-check",
    "course.unsaved": "bookmark",
    "course.enrolled": "graduation-cap",
    "lesson.opened": "book-open",
    "lesson.progressed": "clock",
    "lesson.finished": "circle-check",
    "member.signed_up": "user",
    "member.signed_in": "log-in",
}


@dataclass(frozen=True, slots=True)
class ShownAct:
    """① An act in words: who did what, about what, when, told by whom."""

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


@dataclass(frozen=True, slots=True)
class Cleaning:
    """② What cleaning made of it. `delay_ms` lies between the act and its arrival, None where no browser told it."""

    in_vocabulary: bool
    is_member: bool
    correction: str
    delay_ms: int | None
    is_history: bool
    stored_as: int


@dataclass(frozen=True, slots=True)
class Bar:
    """Interest in one thing before and after, dimensionless; the shares are of the longest bar, in percent."""

    label: str
    before: float
    after: float
    before_share: float
    after_share: float
    is_course: bool

    @property
    def gain(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Weighing:
    """③ What the act says of a person's interests. `weight` is the table's, `fade` what time left of it (0–1)."""

    weight: float
    fade: float
    bars: tuple[Bar, ...]

    @property
    def counts(self) -> float:
        return self.weight * self.fade


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a slate. `steps` up (positive) or down against the other slate; `by_this` names the act's course."""

    position: int
    course_id: int
    title: str
    cover: SafeString
    move: Literal["new", "left", "up", "down", "same"]
    steps: int = 0
    reason: str = ""
    by_this: bool = False


@dataclass(frozen=True, slots=True)
class SlateChange:
    """④ What the person is shown before and after, and the lines from old places to new ones (0–100 each way)."""

    before: tuple[Place, ...]
    after: tuple[Place, ...]
    lines: tuple[tuple[str, str], ...]

    @property
    def new(self) -> int:
        return sum(place.move == "new" for place in self.after)

    @property
    def moved(self) -> int:
        return sum(place.move in ("up", "down") for place in self.after)

    @property
    def leaving(self) -> tuple[str, ...]:
        return tuple(place.title for place in self.before if place.move == "left")

    @property
    def is_changed(self) -> bool:
        return bool(self.new or self.moved)


@dataclass(frozen=True, slots=True)
class Measuring:
    """⑤ The member's own activity and the academy's, in points of 100. `digits` is what shows the academy's change."""

    move: monitor.Move
    family: words.Words
    digits: int

    @property
    def own_change(self) -> float:
        return self.move.own_after - self.move.own_before

    @property
    def academy_before(self) -> str:
        return f"{self.move.academy_before:.{self.digits}f}"

    @property
    def academy_after(self) -> str:
        return f"{self.move.academy_after:.{self.digits}f}"

    @property
    def academy_change(self) -> str:
        return f"{self.move.academy_after - self.move.academy_before:+.{self.digits}f}"


@dataclass(frozen=True, slots=True)
class Journey:
    """An act with its five stations, and the cover of the course it is about.

    `weighing` is None where the act says nothing of interests, `measuring` for a visitor's.
    """

    act: ShownAct
    cover: SafeString | None
    cleaning: Cleaning
    weighing: Weighing | None
    slate: SlateChange
    measuring: Measuring | None


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


def journey(event: Event) -> Journey:
    """Everything the page tells of one event."""
    # Asked once for all that follows.
    actor = replace(actor_of(event), granted=granted_by(actor_of(event)))
    moved = monitor.move(event)
    return Journey(
        act=shown_acts([event])[0],
        cover=_cover(event),
        cleaning=_cleaning(event),
        weighing=_weighing(event, actor),
        slate=_slate_change(event, actor),
        measuring=_measuring(moved) if moved else None,
    )


def actor_of(event: Event) -> Actor:
    return Actor(member_id=event.member_id, visitor=event.visitor)


def _shown(event: Event, courses: Mapping[int, str], lessons: Mapping[int, str]) -> ShownAct:
    return ShownAct(
        pk=event.pk,
        event_id=str(event.event_id),
        name=event.name,
        icon=_ICONS.get(event.name, "mouse-pointer-click"),
        says=words.act(event.name),
        meaning=words.meaning(event.name),
        who=_name(event),
        who_key=people.key_of(actor_of(event)),
        course=courses.get(event.course_id or 0, ""),
        lesson=lessons.get(event.lesson_id or 0, ""),
        detail=words.detail(event.name, event.properties),
        at=event.occurred_at,
        is_today=clock.business_day(event.occurred_at) == clock.business_day(),
        origin=words.origin(event.origin),
    )


def _name(event: Event) -> str:
    if event.member is not None:
        return event.member.display_name
    return people.visitor_name(event.visitor) if event.visitor else ""


def _cover(event: Event) -> SafeString | None:
    cards = catalogue.courses_by_id([event.course_id]) if event.course_id else {}
    return cover_of(cards[event.course_id]) if event.course_id in cards else None


def _cleaning(event: Event) -> Cleaning:
    delay = event.recorded_at - event.occurred_at
    return Cleaning(
        in_vocabulary=event.name in KINDS,
        is_member=event.member_id is not None,
        # What was corrected last: a clock that was set right and still beyond bounds is told as that.
        correction=event.corrections[-1] if event.corrections else "",
        delay_ms=max(0, round(delay / timedelta(milliseconds=1))) if event.origin == "browser" else None,
        is_history=event.origin == "import",
        stored_as=event.pk,
    )


def _weighing(event: Event, actor: Actor) -> Weighing | None:
    if event.name not in INTEREST or event.course_id is None:
        return None
    moment = clock.now()
    acts = recent_acts(actor, limit=ACTS_REMEMBERED, until_pk=event.pk)
    before = _interests([act for act in acts if act.event_pk != event.pk], moment)
    after = _interests(acts, moment)
    return Weighing(
        weight=INTEREST[event.name],
        fade=_fade(event.occurred_at, moment),
        bars=_bars(event.course_id, before, after),
    )


def _interests(acts: Sequence[WeightedAct], moment: datetime) -> dict[int, float]:
    """Faded interest by course; below zero counts as zero."""
    sums: dict[int, float] = {}
    for act in acts:
        sums[act.course_id] = sums.get(act.course_id, 0.0) + act.weight * _fade(act.occurred_at, moment)
    return {course: max(0.0, amount) for course, amount in sums.items()}


def _fade(at: datetime, moment: datetime) -> float:
    age_days = max(0.0, (moment - at) / timedelta(days=1))
    return float(2.0 ** (-age_days / HALF_LIFE_DAYS))


def _bars(course_id: int, before: Mapping[int, float], after: Mapping[int, float]) -> tuple[Bar, ...]:
    """The act's course first, then its topic beside the person's strongest topics."""
    cards = catalogue.courses_by_id({*after, course_id})
    course = cards.get(course_id)
    if course is None:
        return ()
    topics = {card.topic_slug: topic_name(card) for card in cards.values()}
    old, new = _by_topic(before, cards), _by_topic(after, cards)
    others = sorted(
        (slug for slug in topics if slug != course.topic_slug), key=lambda slug: -new.get(slug, 0.0)
    )
    chosen = [course.topic_slug, *(slug for slug in others[: TOPICS_SHOWN - 1] if new.get(slug))]
    rows = [(course.title, before.get(course_id, 0.0), after.get(course_id, 0.0), True)]
    rows += [(topics[slug], old.get(slug, 0.0), new.get(slug, 0.0), False) for slug in chosen]
    longest = max(max(was, now) for _, was, now, _ in rows) or 1.0
    return tuple(
        Bar(label, was, now, round(100 * was / longest, 1), round(100 * now / longest, 1), is_course)
        for label, was, now, is_course in rows
    )


def _by_topic(interests: Mapping[int, float], cards: Mapping[int, CourseCard]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for course, amount in interests.items():
        if course in cards:
            sums[cards[course].topic_slug] = sums.get(cards[course].topic_slug, 0.0) + amount
    return sums


def _slate_change(event: Event, actor: Actor) -> SlateChange:
    after = slate(actor, k=SLATE_LENGTH, until_pk=event.pk).items
    # What analysis doesn't weigh can't move a slate.
    weighed = event.name in INTEREST
    before = slate(actor, k=SLATE_LENGTH, until_pk=event.pk - 1).items if weighed else after
    cards = catalogue.courses_by_id({item.course_id for item in (*before, *after)})
    titles = catalogue.titles({item.reason.course_id for item in after if item.reason.course_id})
    reasons = {item.course_id: in_words(item.reason, titles) for item in after}
    named = {item.course_id for item in after if weighed and _names(item, event)}
    old = _places([item for item in before if item.course_id in cards], cards)
    new = _places([item for item in after if item.course_id in cards], cards)
    return SlateChange(
        before=tuple(_placed(place, new, gone="left") for place in old.values()),
        after=tuple(
            _placed(place, old, gone="new", reason=reasons[pk], by_this=pk in named)
            for pk, place in new.items()
        ),
        lines=tuple(_line(old[pk].position, place.position) for pk, place in new.items() if pk in old),
    )


def _names(item: Recommended, event: Event) -> bool:
    """Is the course shown because of the event's own course?"""
    return item.reason.kind == "act" and item.reason.course_id == event.course_id


def _places(items: Sequence[Recommended], cards: Mapping[int, CourseCard]) -> dict[int, Place]:
    shown = show([cards[item.course_id] for item in items])
    return {
        one.course.id: Place(one.position, one.course.id, one.course.title, one.cover, "same")
        for one in shown
    }


def _placed(
    place: Place,
    others: Mapping[int, Place],
    *,
    gone: Literal["new", "left"],
    reason: str = "",
    by_this: bool = False,
) -> Place:
    """The place with its move against the `others`."""
    other = others.get(place.course_id)
    steps = other.position - place.position if other else 0
    move: Literal["new", "left", "up", "down", "same"] = (
        gone if other is None else "up" if steps > 0 else "down" if steps < 0 else "same"
    )
    return Place(place.position, place.course_id, place.title, place.cover, move, abs(steps), reason, by_this)


def _line(old: int, new: int) -> tuple[str, str]:
    """Which way, and the curve from the middle of an old row to the middle of a new one, on a 100 by 100 ground."""
    start, end = (100 * (place - 0.5) / SLATE_LENGTH for place in (old, new))
    way = "up" if new < old else "down" if new > old else "same"
    return way, f"M0 {start:.1f}C50 {start:.1f} 50 {end:.1f} 100 {end:.1f}"


def _measuring(move: monitor.Move) -> Measuring:
    """With as many digits as it takes to see the academy move by one person's act: four, or up to six."""
    change = abs(move.academy_after - move.academy_before)
    digits = next((n for n in (4, 5) if change == 0 or change >= 10.0**-n), 6)
    return Measuring(move, words.family(move.family), digits)
