"""Simulated members: who they are and what they do in a day. Pure: the same seed, the same lives.

A member has tastes (topics and tags), a rhythm (hours, weekdays), a will to come back that fades, and a purse.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal

import numpy as np
import numpy.typing as npt

SEED = 20_260
WEEKDAY_PULL = (1.0, 1.05, 1.05, 1.0, 0.85, 0.8, 1.1)
HOUR_PULL = np.array(
    [1, 0.4, 0.2, 0.1, 0.1, 0.3, 1.2, 3, 4, 3, 2.5, 2.5, 4.5, 3.5, 2, 2, 2, 2.5, 3.5, 5, 8, 9, 7, 3]
)

# Of so many visits to a course page, one came from a search.
SEARCHES_PER_VIEW = 0.16
# What people look for and the academy doesn't have.
_NOT_HERE = (
    "考研英语",
    "Excel 透视表",
    "Kubernetes",
    "雅思口语",
    "Photoshop 抠图",
    "吉他入门",
    "初级会计职称",
)
# So many of the searches are for those.
_IN_VAIN = 0.22

Kind = Literal["join", "page", "search", "choose", "view", "open", "read", "finish", "save", "enrol"]


@dataclass(frozen=True, slots=True)
class SimLesson:
    id: int
    minutes: int
    is_free: bool


@dataclass(frozen=True, slots=True)
class SimCourse:
    """What a simulated member can see of a course; `lessons` are the written ones, in order."""

    id: int
    topic: str
    tags: tuple[str, ...]
    price_fen: int
    published_at: datetime
    lessons: tuple[SimLesson, ...]
    keyword: str = ""


@dataclass(slots=True)
class Life:
    """A member's state at the beginning of a day; the day's acts change it."""

    number: int
    joined_at: datetime
    enrolled: set[int] = field(default_factory=set)
    finished: set[int] = field(default_factory=set)
    saved: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Happening:
    """One act. `course`, `lesson` are ids, 0 where the act is about neither; `found` is how much a search found, or
    which of it was chosen."""

    number: int
    kind: Kind
    at: datetime
    course: int = 0
    lesson: int = 0
    seconds: int = 0
    percent: int = 0
    path: str = ""
    words: str = ""
    found: int = 0


@dataclass(frozen=True, slots=True)
class Persona:
    """Tastes 0..1 by topic and tag; visits a day when fresh; half-life of that will in days; purse in fen a visit."""

    topics: Mapping[str, float]
    tags: Mapping[str, float]
    visits_a_day: float
    will_half_life_days: float
    purse_fen: int
    hours: npt.NDArray[np.float64]


def persona(number: int, courses: Sequence[SimCourse]) -> Persona:
    """Who member `number` is; depends on the number and on the topics and tags that exist."""
    rng = np.random.default_rng([SEED, number])
    names = sorted({course.topic for course in courses})
    shares = rng.dirichlet(np.full(len(names), 0.22))
    hours = HOUR_PULL * rng.gamma(2.0, 0.5, 24)
    return Persona(
        topics=dict(zip(names, (shares / shares.max()).tolist(), strict=True)),
        tags={tag: _taste(number, tag) for course in courses for tag in course.tags},
        visits_a_day=float(min(rng.lognormal(-1.1, 0.8), 1.5)),
        will_half_life_days=float(rng.gamma(2.0, 22.0) + 4),
        purse_fen=int(rng.lognormal(8.6, 0.8)),
        hours=hours / hours.sum(),
    )


def live_a_day(
    life: Life, who: Persona, day: date, courses: Sequence[SimCourse], zone: tzinfo
) -> list[Happening]:
    """What one member does on one day, in order of time; `life` is brought up to the day's end.

    Depends only on the member, the day and the state at its beginning, so a day can be lived again.
    """
    start = datetime.combine(day, time.min, tzinfo=zone)
    if life.joined_at >= start + timedelta(days=1):
        return []
    rng = np.random.default_rng([SEED, life.number, day.toordinal()])
    age_days = max((start - life.joined_at).total_seconds() / 86_400, 0)
    will = 0.3 + 0.7 * 2 ** (-age_days / who.will_half_life_days)
    joins = life.joined_at >= start
    happenings = [Happening(life.number, "join", life.joined_at)] if joins else []
    for _ in range(rng.poisson(who.visits_a_day * will * WEEKDAY_PULL[day.weekday()])):
        hour = int(rng.choice(24, p=who.hours))
        moment = start + timedelta(hours=hour, seconds=int(rng.integers(0, 3600)))
        if moment >= life.joined_at:
            happenings += _visit(life, who, moment, courses, rng)
    # Searches draw from a source of their own, so that with and without them the rest of the day is the same.
    happenings += _searches(
        happenings, courses, np.random.default_rng([SEED, life.number, day.toordinal(), 1])
    )
    return sorted(happenings, key=lambda one: one.at)


def _searches(
    day: Sequence[Happening], courses: Sequence[SimCourse], rng: np.random.Generator
) -> list[Happening]:
    """Some course pages were found by searching, and some searches found nothing before them."""
    known = {course.id: course for course in courses}
    acts: list[Happening] = []
    for view in day:
        if view.kind != "view" or rng.random() >= SEARCHES_PER_VIEW:
            continue
        asked = view.at - timedelta(seconds=4)
        if rng.random() < _IN_VAIN:
            words = _NOT_HERE[min(int(rng.exponential(1.6)), len(_NOT_HERE) - 1)]
            acts.append(Happening(view.number, "search", asked, words=words))
            continue
        course = known[view.course]
        choice = [word for word in (*course.tags, course.keyword) if word]
        words = choice[int(rng.integers(len(choice)))] if choice else course.topic
        found = sum(
            words in (*one.tags, one.keyword, one.topic) for one in courses if one.published_at <= view.at
        )
        acts.append(Happening(view.number, "search", asked, words=words, found=found))
        if rng.random() < 0.8:
            chosen = view.at - timedelta(seconds=1)
            place = 1 + int(rng.integers(found))
            acts.append(Happening(view.number, "choose", chosen, words=words, found=place))
    return acts


def _visit(
    life: Life, who: Persona, moment: datetime, courses: Sequence[SimCourse], rng: np.random.Generator
) -> list[Happening]:
    """One sitting: the home page, then on with a course of one's own or a look around."""
    visible = [course for course in courses if course.published_at <= moment]
    done = [Happening(life.number, "page", moment, path="/")]
    own = [c for c in visible if c.id in life.enrolled and any(x.id not in life.finished for x in c.lessons)]
    at = moment + timedelta(seconds=int(rng.integers(5, 40)))
    if own and rng.random() < 0.6:
        return done + _study(life, own[int(rng.integers(len(own)))], at, rng)
    for course in _looked_at(who, visible, rng):
        done.append(Happening(life.number, "view", at, course.id))
        at += timedelta(seconds=int(rng.integers(8, 90)))
        acts = _consider(life, who, course, at, rng)
        done += acts
        at = (acts[-1].at if acts else at) + timedelta(seconds=int(rng.integers(3, 30)))
    return done


def _looked_at(who: Persona, visible: Sequence[SimCourse], rng: np.random.Generator) -> list[SimCourse]:
    if not visible:
        return []
    pull = np.array([liking(who, course) for course in visible]) ** 2 + 0.01
    size = min(1 + int(rng.poisson(1.1)), len(visible), 5)
    return [visible[i] for i in rng.choice(len(visible), size=size, replace=False, p=pull / pull.sum())]


def liking(who: Persona, course: SimCourse) -> float:
    """How much a member likes a course, 0..1: its topic, its tags, and a pull that the course has for everybody."""
    tags = sum(who.tags[tag] for tag in course.tags) / max(len(course.tags), 1)
    charm = 0.6 + 0.4 * _taste(0, f"course {course.id}")
    return min(1.0, (0.65 * who.topics.get(course.topic, 0.0) + 0.35 * tags) * charm)


def _consider(
    life: Life, who: Persona, course: SimCourse, at: datetime, rng: np.random.Generator
) -> list[Happening]:
    """In front of a course page: try a free lesson, save it, take it."""
    like = liking(who, course)
    acts: list[Happening] = []
    free = next((x for x in course.lessons if x.is_free and x.id not in life.finished), None)
    if free and rng.random() < 0.25 + 0.5 * like:
        acts += _read(life, course, free, at, rng, finishes=0.35 + 0.55 * like)
        at = acts[-1].at + timedelta(seconds=20)
    if course.id not in life.saved and rng.random() < 0.22 * like:
        life.saved.add(course.id)
        acts.append(Happening(life.number, "save", at, course.id))
        at += timedelta(seconds=10)
    affordable = 1.0 if course.price_fen <= who.purse_fen else 0.15
    if course.id not in life.enrolled and rng.random() < 0.5 * like**1.5 * affordable:
        life.enrolled.add(course.id)
        acts.append(Happening(life.number, "enrol", at, course.id))
        acts += _study(life, course, at + timedelta(seconds=15), rng)
    return acts


def _study(life: Life, course: SimCourse, at: datetime, rng: np.random.Generator) -> list[Happening]:
    """One or two lessons of a course of one's own."""
    acts: list[Happening] = []
    todo = [lesson for lesson in course.lessons if lesson.id not in life.finished]
    for lesson in todo[: 1 + int(rng.random() < 0.4)]:
        acts += _read(life, course, lesson, at, rng, finishes=0.8)
        at = acts[-1].at + timedelta(seconds=25)
    return acts


def _read(
    life: Life,
    course: SimCourse,
    lesson: SimLesson,
    at: datetime,
    rng: np.random.Generator,
    *,
    finishes: float,
) -> list[Happening]:
    """Open a lesson, read on for minutes of active time, and perhaps finish it."""
    through = rng.random() < finishes
    share = 1.0 if through else float(rng.uniform(0.1, 0.8))
    seconds = max(20, int(lesson.minutes * 60 * share * rng.uniform(0.6, 1.2)))
    acts = [Happening(life.number, "open", at, course.id, lesson.id)]
    beats = min(8, max(1, seconds // 60))
    for beat in range(1, beats + 1):
        percent = int(100 * share * beat / beats)
        moment = at + timedelta(seconds=seconds * beat / beats)
        acts.append(
            Happening(life.number, "read", moment, course.id, lesson.id, min(60, seconds // beats), percent)
        )
    if through:
        life.finished.add(lesson.id)
        acts.append(
            Happening(life.number, "finish", acts[-1].at + timedelta(seconds=3), course.id, lesson.id)
        )
    return acts


def _taste(number: int, word: str) -> float:
    """A fixed value in 0..1 for a member and a word."""
    digest = hashlib.blake2b(f"{SEED} {number} {word}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32
