"""What travels in and out of the model: the courses that can be seen, the people and what they have, their acts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from zhiyue.engine.simulate import chance
from zhiyue.engine.simulate.chance import Bools, Floats, Ints, Keys

NONE = -1
DAY_SECONDS = 86_400


class Kind(IntEnum):
    """What can be done. In a funnel: page, slate, view, open (a preview is an open lesson of a course that isn't
    one's own) or peek (into a closed one), join, try, checkout, pay, enrol, open, and being there another day. PAY and
    CHECKOUT are of a course, a plan or a bundle, TRY of a course or a plan. GIVE and RECEIVE: see `giving`."""

    JOIN = 0
    SIGN_IN = 1
    PAGE = 2
    SLATE = 3
    CHOOSE = 4
    SEARCH = 5
    FIND = 6
    VIEW = 7
    OPEN = 8
    READ = 9
    FINISH = 10
    SAVE = 11
    ENROL = 12
    PEEK = 13
    SKIM = 14
    LEAVE = 15
    PRICE = 16
    CHECKOUT = 17
    PAY = 18
    LAPSE = 19
    TRY = 20
    GIVE = 21
    RECEIVE = 22


@dataclass(frozen=True, slots=True)
class Lesson:
    id: int
    minutes: int
    is_free: bool


@dataclass(frozen=True, slots=True)
class Course:
    """What a person can see of a course. `lessons` are the written ones, in order; `published_day` is the ordinal
    of the day it came out: people notice it from the next day on."""

    id: int
    topic: str
    tags: tuple[str, ...]
    price_fen: int
    published_day: int
    lessons: tuple[Lesson, ...]
    keyword: str = ""
    trial_days: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A membership: what it costs, for how many months, which courses it opens (by their ids), for how long it goes on
    after its time, and for how long it may be tried. One that is sold no longer goes on opening."""

    id: int
    price_fen: int
    months: int
    opens: frozenset[int]
    grace_days: int = 0
    trial_days: int = 0
    is_offered: bool = True


@dataclass(frozen=True, slots=True)
class Bundle:
    """Courses (by their ids) that are sold together."""

    id: int
    courses: frozenset[int]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Courses as arrays, in the order given: C courses, T topics, G tags, L lessons.

    topic (C,), tags (C, G) with rows that add up to 1 (or 0), price and reference price in fen (C,), `lessons`
    (C, most lessons) indices into the lesson arrays or NONE. `opens` (P, C) tells which courses plans open, `bundled`
    (B, C) which are in bundles, `trial_days` (C,) how long each may be tried.
    """

    courses: tuple[Course, ...]
    course_id: Ints
    topic: Ints
    topic_keys: Keys
    tags: Floats
    tag_keys: Keys
    price_fen: Floats
    reference_fen: Floats
    published_day: Ints
    lessons: Ints
    lesson_id: Ints
    lesson_minutes: Floats
    lesson_is_free: Bools
    lesson_index: dict[int, int] = field(repr=False)
    course_index: dict[int, int] = field(repr=False)
    words: tuple[tuple[str, ...], ...] = field(repr=False)
    trial_days: Ints
    plans: tuple[Plan, ...]
    opens: Bools
    bundles: tuple[Bundle, ...]
    bundled: Bools

    def __len__(self) -> int:
        return len(self.courses)

    @property
    def lends(self) -> bool:
        """Is anything open for a while without being bought?"""
        return bool(self.plans) or bool(self.trial_days.any())


def catalogue(
    courses: Sequence[Course], plans: Sequence[Plan] = (), bundles: Sequence[Bundle] = ()
) -> Catalogue:
    """Courses put into arrays, with what else is sold of them. The reference price of a course is the mean of the
    priced courses of its topic, or of all where its topic has none: what people take for usual."""
    topics = sorted({course.topic for course in courses})
    names = sorted({tag for course in courses for tag in course.tags})
    column = {name: n for n, name in enumerate(names)}
    tags = np.zeros((len(courses), len(names)))
    most = max((len(course.lessons) for course in courses), default=0)
    lessons = np.full((len(courses), max(most, 1)), NONE, dtype=np.int64)
    flat: list[Lesson] = []
    for row, course in enumerate(courses):
        for tag in course.tags:
            tags[row, column[tag]] = 1 / len(set(course.tags))
        lessons[row, : len(course.lessons)] = np.arange(len(flat), len(flat) + len(course.lessons))
        flat += course.lessons
    topic = np.array([topics.index(course.topic) for course in courses], dtype=np.int64)
    price = np.array([course.price_fen for course in courses], dtype=np.float64)
    return Catalogue(
        courses=tuple(courses),
        course_id=np.array([course.id for course in courses], dtype=np.int64),
        topic=topic,
        topic_keys=chance.keys(topics),
        tags=tags,
        tag_keys=chance.keys(names),
        price_fen=price,
        reference_fen=_reference(price, topic, len(topics)),
        published_day=np.array([course.published_day for course in courses], dtype=np.int64),
        lessons=lessons,
        lesson_id=np.array([lesson.id for lesson in flat], dtype=np.int64),
        lesson_minutes=np.array([lesson.minutes for lesson in flat], dtype=np.float64),
        lesson_is_free=np.array([lesson.is_free for lesson in flat], dtype=np.bool_),
        lesson_index={lesson.id: n for n, lesson in enumerate(flat)},
        course_index={course.id: n for n, course in enumerate(courses)},
        words=tuple(
            tuple(w for w in (*course.tags, course.keyword, course.topic) if w) for course in courses
        ),
        trial_days=np.array([course.trial_days for course in courses], dtype=np.int64),
        plans=tuple(plans),
        opens=_holds([plan.opens for plan in plans], courses),
        bundles=tuple(bundles),
        bundled=_holds([bundle.courses for bundle in bundles], courses),
    )


def _holds(sets: Sequence[frozenset[int]], courses: Sequence[Course]) -> Bools:
    """(sets, C) which of the courses each set of ids holds."""
    found = [[course.id in ids for course in courses] for ids in sets]
    return np.array(found, dtype=np.bool_).reshape(len(sets), len(courses))


def _reference(price: Floats, topic: Ints, topics: int) -> Floats:
    priced = price > 0
    count = np.bincount(topic[priced], minlength=topics)
    total = np.bincount(topic[priced], weights=price[priced], minlength=topics)
    usual = price[priced].mean() if priced.any() else 1.0
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), usual)[topic], dtype=np.float64)


@dataclass(eq=False)
class People:
    """N people and what they have at the beginning of a day; a day's acts change it.

    `key` says who they are for good, `joined` is the moment of joining in days (ordinal and fraction; infinite for
    visitors). `recent` (N, RECENT_DAYS) tells on which of the days before they were there, yesterday first.
    `percent` (N, L) is how far each came in a lesson, `finished` whether to its end.

    `tried` (N, C) and `tried_plan` (N, P) are the moments, in days, at which the trial of each ends or ended, 0 where
    there was none. `plan` (N,) is the last plan they bought, an index or NONE; what is paid of it ends at `paid_until`,
    and it opens until `open_until`. Bought on the day itself these are near enough: whoever keeps the orders sets them
    right for the next.
    """

    key: Keys
    joined: Floats
    recent: Bools
    enrolled: Bools
    saved: Bools
    finished: Bools
    percent: Ints
    tried: Floats
    tried_plan: Floats
    plan: Ints
    paid_until: Floats
    open_until: Floats

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, eq=False)
class Shelves:
    """Shelves that somebody else put together for a day, for N people as members: `listed` (N, places) courses in their
    order, NONE where a row ends, and `chance` (N, places) with which each was put there. Who has a row of NONE has
    none, and sees one that is drawn by charm, as visitors do."""

    listed: Ints
    chance: Floats


# The model remembers so many days of being there.
RECENT_DAYS = 28


def newcomers(key: Keys, joined: Floats, shown: Catalogue) -> People:
    """People who have nothing yet."""
    people, courses, lessons = len(key), len(shown), len(shown.lesson_id)
    return People(
        key=key,
        joined=joined,
        recent=np.zeros((people, RECENT_DAYS), dtype=np.bool_),
        enrolled=np.zeros((people, courses), dtype=np.bool_),
        saved=np.zeros((people, courses), dtype=np.bool_),
        finished=np.zeros((people, lessons), dtype=np.bool_),
        percent=np.zeros((people, lessons), dtype=np.int64),
        tried=np.zeros((people, courses)),
        tried_plan=np.zeros((people, len(shown.plans))),
        plan=np.full(people, NONE, dtype=np.int64),
        paid_until=np.zeros(people),
        open_until=np.zeros(people),
    )


@dataclass(frozen=True, eq=False)
class Acts:
    """A day's acts as columns, in order of time. `person` is the row in People, `at` seconds since the day began,
    `as_visitor` that it happened before the person had an account. `course`, `lesson`, `plan` and `bundle` are indices
    or NONE.

    seconds, percent: of READ and SKIM; percent of LEAVE. Of PAY and LAPSE, which end an order, seconds tell how long
    before it was placed. position: place (from 1) in the slate or among what was found. propensity: how
    likely the slate's policy was to put the chosen course there, given those above it. slate: row of `slates`.
    words: row of `searched`; found: how much. path: row of `paths`. gift: row of the gifts that `giving` tells.
    """

    person: Ints
    kind: Ints
    at: Floats
    as_visitor: Bools
    course: Ints
    lesson: Ints
    seconds: Ints
    percent: Ints
    position: Ints
    propensity: Floats
    slate: Ints
    words: Ints
    found: Ints
    path: Ints
    plan: Ints
    bundle: Ints
    gift: Ints
    slates: Ints
    searched: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.person)
