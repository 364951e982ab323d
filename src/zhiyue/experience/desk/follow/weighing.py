"""⑤ What an act says of a person's interests, faded by the time since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zhiyue.analyse.kinds import Act as WeightedAct
from zhiyue.analyse.selectors import recent_acts
from zhiyue.analyse.taste import shift_in
from zhiyue.analyse.weights import HALF_LIFE_DAYS, INTEREST
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.kit import clock
from zhiyue.experience.desk.tastes import shift_words, topic_names
from zhiyue.experience.shell.cards import topic_name
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.learning.corrections import corrections_of

TOPICS_SHOWN = 3
ACTS_REMEMBERED = 2000


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
    """What the act says. `weight` is the table's, `fade` what time left of it (0–1). `taste`: whether the person's
    taste turned by then, in words."""

    weight: float
    fade: float
    bars: tuple[Bar, ...]
    taste: str

    @property
    def counts(self) -> float:
        return self.weight * self.fade


def weighing(event: Event, actor: Actor) -> Weighing | None:
    if event.name not in INTEREST or event.course_id is None:
        return None
    moment = clock.now()
    corrections = corrections_of(actor)
    acts = recent_acts(actor, limit=ACTS_REMEMBERED, until_pk=event.pk, corrections=corrections)
    before = _interests([act for act in acts if act.event_pk != event.pk], moment)
    after = _interests(acts, moment)
    cards = catalogue.courses_by_id({*after, event.course_id})
    names = topic_names()
    shift = shift_in(acts, {course_id: card.topic_slug for course_id, card in cards.items()}, names)
    return Weighing(
        # An act on what they said is no reason weighs nothing.
        weight=0.0 if event.course_id in corrections.silent else INTEREST[event.name],
        fade=_fade(event.occurred_at, moment),
        bars=_bars(event.course_id, before, after, cards),
        taste=shift_words(shift, names),
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


def _bars(
    course_id: int,
    before: Mapping[int, float],
    after: Mapping[int, float],
    cards: Mapping[int, CourseCard],
) -> tuple[Bar, ...]:
    """The act's course first, then its topic beside the person's strongest topics."""
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
