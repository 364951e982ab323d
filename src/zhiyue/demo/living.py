"""Lets simulated members live on the real product: state is read from it here; `writing` writes acts to it in bulk."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

import numpy as np
from django.conf import settings

from zhiyue.core.kit import clock
from zhiyue.demo import halfway, on_offer, roster, showing
from zhiyue.demo.editions import Editions, editions
from zhiyue.demo.lent import Lent
from zhiyue.demo.models import Presence, Shelf
from zhiyue.demo.roster import Figure
from zhiyue.demo.shelves import Given, given
from zhiyue.demo.showing import Told
from zhiyue.engine.simulate.day import live_a_day, who_sees_a_shelf
from zhiyue.engine.simulate.kinds import (
    RECENT_DAYS,
    Acts,
    Catalogue,
    Course,
    Lesson,
    People,
    catalogue,
    newcomers,
)
from zhiyue.engine.simulate.parameters import ACADEMY, Parameters
from zhiyue.engine.simulate.people import Nature, nature
from zhiyue.product.catalogue import models
from zhiyue.product.commerce.selectors import owned_pairs
from zhiyue.product.learning.models import LessonProgress, SavedCourse

Row = TypeVar("Row", People, Nature)


@dataclass(frozen=True, eq=False)
class LivedDay:
    """What happened on a day: acts, whose rows are `figures`, about courses of `shown` and `gifts`; `drawn`: by their
    row the members whose shelf the academy's recommender made."""

    day: date
    acts: Acts
    figures: Sequence[Figure]
    shown: Catalogue
    english: Editions
    drawn: Mapping[int, Shelf] = field(default_factory=dict)
    gifts: Sequence[Told] = ()


@dataclass(eq=False)
class Town:
    """All simulated people as they stand at the beginning of a day, in the order of `people`'s rows.
    `is_recommended_to`: they are shown the academy's shelves while a contest is on."""

    figures: list[Figure]
    people: People
    who: Nature
    shown: Catalogue
    english: Editions
    size: int
    lent: Lent = field(default_factory=Lent)
    parameters: Parameters = ACADEMY
    is_recommended_to: bool = True

    def live(self, day: date) -> LivedDay:
        """One day of everybody and of the day's visitors; the town is then as the next day begins."""
        passing = roster.visitors(self.parameters, size=self.size, day=day)
        strangers = newcomers(roster.keys(passing), np.full(len(passing), np.inf), self.shown)
        _put_progress(strangers, passing, self.shown, self.english, clock.day_start(day))
        everybody = _joined(self.people, strangers)
        who = _joined(self.who, nature(self.parameters, strangers.key))
        figures = [*self.figures, *passing]
        made = Given()
        if self.is_recommended_to:
            looking = who_sees_a_shelf(self.parameters, everybody, who, day.toordinal())
            made = given(figures, looking, self.shown, day=day, places=self.parameters.choice.shelf_length)
        acts = live_a_day(self.parameters, self.shown, everybody, who, day.toordinal(), made.shelves)
        self.lent.live(everybody, acts, self.shown, clock.day_start(day))
        acts, gifts = showing.told(self.parameters, self.shown, self.english, everybody, figures, acts, day)
        self.people = _first(everybody, len(self.figures))
        return LivedDay(day, acts, figures, self.shown, self.english, made.drawn, gifts)


def town(*, day: date, size: int = 0, growing_since: date | None = None) -> Town:
    """The simulated people as they stood when `day` began. From the day `growing_since` on new ones join, as many as
    an academy of `size` members attracts."""
    figures = roster.members()
    if growing_since is not None:
        figures += roster.to_join(ACADEMY, size=size, since=growing_since, day=day, known=figures)
    shown, english = visible(), editions()
    joined = np.array([figure.joined_days for figure in figures], dtype=np.float64)
    people = newcomers(roster.keys(figures), joined, shown)
    row = {figure.member_id: n for n, figure in enumerate(figures) if figure.member_id is not None}
    before = clock.day_start(day)
    _mark(people.enrolled, row, shown.course_index, english.meant(owned_pairs(before=before)))
    listed = SavedCourse.objects.filter(saved_at__lt=before, user__is_simulated=True)
    _mark(people.saved, row, shown.course_index, english.meant(listed.values_list("user_id", "course_id")))
    _put_progress(people, figures, shown, english, before)
    _put_recent(people, row, day)
    lent = Lent()
    lent.read(people, row, shown, english.original, before)
    return Town(figures, people, nature(ACADEMY, people.key), shown, english, size, lent, _parameters())


def _parameters() -> Parameters:
    """The academy's, with the drift that the setting plants."""
    waves, turns = settings.ZHIYUE_DEMO_DRIFT
    return replace(ACADEMY, waves=waves, turns=turns)


def visible(*, alone: bool = False) -> Catalogue:
    """The published courses in the shape of the model, each in one edition: the Chinese one where there is one; and
    what is sold of them besides, unless they are wanted `alone`."""
    offered = models.Course.objects.published().for_readers_of(models.Course.Language.CHINESE)
    courses = offered.select_related("topic").prefetch_related("lessons").order_by("pk")
    days = {} if alone else on_offer.trial_days()
    found = [
        Course(
            id=course.pk,
            topic=course.topic.slug,
            tags=tuple(course.tags),
            price_fen=course.price_fen,
            published_day=clock.business_day(course.published_at).toordinal(),
            lessons=tuple(
                Lesson(lesson.pk, lesson.minutes, lesson.is_free)
                for lesson in course.lessons.all()
                if lesson.is_written
            ),
            keyword=course.keyword,
            trial_days=days.get(course.pk, 0),
        )
        for course in courses
        if course.published_at is not None
    ]
    if alone:
        return catalogue(found)
    return catalogue(found, on_offer.plans(), on_offer.bundles({course.id for course in found}))


def _mark(
    table: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    row: dict[int, int],
    column: dict[int, int],
    pairs: Iterable[tuple[int | None, int]],
) -> None:
    found = [(row[who], column[what]) for who, what in pairs if who and who in row and what in column]
    if found:
        rows, columns = zip(*found, strict=True)
        table[list(rows), list(columns)] = True


def _put_recent(people: People, row: dict[int, int], day: date) -> None:
    """The days of the last four weeks on which each was there as a member."""
    seen = Presence.objects.filter(day__lt=day, day__gte=day - timedelta(days=RECENT_DAYS))
    for member, active in seen.values_list("member_id", "day"):
        if member in row:
            people.recent[row[member], (day - active).days - 1] = True


def _put_progress(
    people: People, figures: Sequence[Figure], shown: Catalogue, english: Editions, before: datetime
) -> None:
    """How far each was in each lesson at the moment `before`."""
    of_member = {one.member_id: n for n, one in enumerate(figures) if one.member_id is not None}
    of_visitor = {one.visitor: n for n, one in enumerate(figures) if one.member_id is None}
    mine = (
        LessonProgress.objects.filter(user__is_simulated=True) if of_member else LessonProgress.objects.none()
    )
    theirs = LessonProgress.objects.filter(visitor__in=list(of_visitor))
    touched: set[tuple[int, int]] = set()
    for rows in (mine, theirs):
        for user, visitor, lesson, percent, finished, opened in rows.values_list(
            "user_id", "visitor", "lesson_id", "percent", "finished_at", "opened_at"
        ):
            row = of_member.get(user) if visitor is None else of_visitor.get(visitor)
            column = shown.lesson_index.get(english.original_lesson.get(lesson, lesson))
            if row is None or column is None:
                continue
            if finished is not None and finished < before:
                people.finished[row, column], people.percent[row, column] = True, 100
            elif opened < before:
                people.percent[row, column] = percent
            else:
                touched.add((row, column))
    known = halfway.percents({figures[row].visitor for row, _ in touched}, day=clock.business_day(before))
    place = {one.visitor: n for n, one in enumerate(figures)}
    for (who, lesson), percent in known.items():
        column = shown.lesson_index.get(english.original_lesson.get(lesson, lesson))
        if column is not None and (place[who], column) in touched:
            people.percent[place[who], column] = percent


def _joined(first: Row, second: Row) -> Row:
    return replace(
        first,
        **{
            part.name: np.concatenate([getattr(first, part.name), getattr(second, part.name)])
            for part in fields(first)
        },
    )


def _first(people: People, count: int) -> People:
    return People(**{part.name: getattr(people, part.name)[:count] for part in fields(People)})
