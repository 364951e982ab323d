"""⑥ What a person is shown before an act and after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.safestring import SafeString

from zhiyue.analyse.weights import INTEREST
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.experience.shell.cards import show
from zhiyue.experience.shell.reasons import in_words
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.editions import language_of_reader, titles_in
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.recommend.kinds import Recommended
from zhiyue.recommend.selectors import slate

SLATE_LENGTH = 6


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
    """What the person is shown before and after, and the lines from old places to new ones (0–100 each way)."""

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


def slate_change(event: Event, actor: Actor) -> SlateChange:
    then = event.occurred_at
    after = slate(actor, k=SLATE_LENGTH, slot="for-you", until_pk=event.pk, at=then).items
    # What analysis doesn't weigh can't move a slate.
    weighed = event.name in INTEREST
    before = (
        slate(actor, k=SLATE_LENGTH, slot="for-you", until_pk=event.pk - 1, at=then).items
        if weighed
        else after
    )
    cards = catalogue.courses_by_id({item.course_id for item in (*before, *after)})
    named_courses = {item.reason.course_id for item in after if item.reason.course_id}
    titles = titles_in(language_of_reader(), named_courses)
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
    return item.reason.kind in ("act", "people") and item.reason.course_id == event.course_id


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
