"""The academy in the engine's codes: acts, texts and learners for training, one person's acts for serving.

A course that is told in several languages is one course here, under the id of its original: what people did on any
edition counts for all of them.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import ibis
import numpy as np
import pyarrow as pa

from zhiyue.analyse.kinds import Act
from zhiyue.analyse.selectors import interactions
from zhiyue.collect import lake
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.engine.kinds import Acts, Ints
from zhiyue.engine.matrix import standing
from zhiyue.engine.ranking import NOTHING
from zhiyue.product.catalogue.editions import families
from zhiyue.product.catalogue.kinds import CourseText
from zhiyue.product.catalogue.likeness import twins_from
from zhiyue.product.catalogue.models import Level
from zhiyue.product.catalogue.selectors import course_texts
from zhiyue.recommend.parts import Texts
from zhiyue.recommend.policies import PRICE_BANDS_FEN, RERANKING
from zhiyue.recommend.traits import Traits, clusters, codes_by_value, together

MILLISECONDS_A_DAY = 86_400_000
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True, eq=False)
class Academy:
    """Everything that training reads. `course_ids` are ascending; codes are places in them. `learners`: how many
    people were learning each course lately, at `counted_at`."""

    acts: Acts
    course_ids: Ints
    texts: Texts
    wording: str
    learners: Ints
    counted_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """What is published, in the codes of `course_ids`. `wording` differs where anything read of it does."""

    course_ids: Ints
    texts: Texts
    wording: str


def academy() -> Academy:
    """Every weighted act, on every course that is published or was acted on."""
    courses, original = course_texts(), families()
    rows, counted_at = interactions(), clock.now()
    acted_on = _originals(rows.course_id, original)
    course_ids = np.union1d(acted_on, _published(courses, original)).astype(np.int64)
    people, person = np.unique(rows.actor_key, return_inverse=True)
    moment = rows.occurred_at.astype("datetime64[ms]").astype(np.int64)
    acts = Acts(
        person.astype(np.int64),
        np.searchsorted(course_ids, acted_on).astype(np.int64),
        rows.weight,
        len(people),
        len(course_ids),
        moment,
        moment / MILLISECONDS_A_DAY,
    )
    texts = _texts(courses, original, course_ids)
    learners = _learners(course_ids, original, counted_at)
    return Academy(acts, course_ids, texts, _wording(courses), learners, counted_at)


def catalogue(known: Ints) -> Catalogue:
    """Every course that is published, and those a model has known so far. No act is read."""
    courses, original = course_texts(), families()
    course_ids = np.union1d(known, _published(courses, original)).astype(np.int64)
    return Catalogue(course_ids, _texts(courses, original, course_ids), _wording(courses))


def acts_of(found: Sequence[Act], course_ids: Ints, original: Mapping[int, int]) -> Acts:
    """One person's acts on courses that a model knows. `original`: the original of each edition."""
    acted_on = [(act, original.get(act.course_id, act.course_id)) for act in found]
    known = [act for act, course_id in acted_on if _place(course_ids, course_id) is not None]
    courses = [course_id for _, course_id in acted_on if _place(course_ids, course_id) is not None]
    moment = np.asarray([_milliseconds(act.occurred_at) for act in known], dtype=np.int64)
    return Acts(
        np.zeros(len(known), dtype=np.int64),
        np.searchsorted(course_ids, np.asarray(courses, dtype=np.int64)).astype(np.int64),
        np.asarray([act.weight for act in known], dtype=np.float32),
        1,
        len(course_ids),
        moment,
        moment / MILLISECONDS_A_DAY,
    )


def still_meant(found: Sequence[Act]) -> list[Act]:
    """One person's acts without those that were taken back, and without what took them back."""
    courses = np.unique(np.asarray([act.course_id for act in found], dtype=np.int64))
    stands = standing(acts_of(found, courses, {}))
    return [act for act, is_meant in zip(found, stands, strict=True) if is_meant]


def codes_of(courses: Sequence[int] | set[int], course_ids: Ints) -> list[int]:
    """Codes of those courses that a model knows."""
    places = (_place(course_ids, course_id) for course_id in courses)
    return [place for place in places if place is not None]


def _originals(course_ids: Ints, original: Mapping[int, int]) -> Ints:
    known, place = np.unique(course_ids, return_inverse=True)
    ids = [original.get(course_id, course_id) for course_id in known.tolist()]
    return np.asarray(ids, dtype=np.int64)[place]


def _published(courses: Sequence[CourseText], original: Mapping[int, int]) -> Ints:
    return np.asarray(
        [original.get(course.course_id, course.course_id) for course in courses], dtype=np.int64
    )


def _wording(courses: Sequence[CourseText]) -> str:
    words = [
        [
            one.course_id,
            one.title,
            one.topic,
            one.tags,
            one.text,
            one.teacher,
            one.level,
            _band(one),
            one.needs,
        ]
        for one in courses
    ]
    return sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()


def _learners(course_ids: Ints, original: Mapping[int, int], end: datetime) -> Ints:
    """How many people joined each course or were at one of its lessons in the last seven days. Looking at a course is
    not learning it."""

    def counted(events: ibis.Table) -> pa.Table:
        if original:
            events = events.mutate(course_id=events.course_id.substitute(dict(original)))
        return (
            events.filter(
                events.course_id.isin(course_ids.tolist()),
                (events.name == "course.enrolled") | events.name.startswith("lesson."),
                events.occurred_at > ibis.literal(end - LATELY),
                events.occurred_at <= ibis.literal(end),
            )
            .mutate(person=ibis.coalesce(events.member_id.cast("string"), events.visitor))
            .group_by("course_id")
            .agg(people=lambda of_course: of_course.person.nunique())
            .to_pyarrow()
        )

    rows = lake.ask(counted, purpose=Purpose.PERSONALISATION, since=clock.business_day(end - LATELY))
    learners = np.zeros(len(course_ids), dtype=np.int64)
    learners[codes_of(rows["course_id"].to_pylist(), course_ids)] = rows["people"].to_pylist()
    return learners


def _place(course_ids: Ints, course_id: int) -> int | None:
    place = int(np.searchsorted(course_ids, course_id))
    return place if place < len(course_ids) and course_ids[place] == course_id else None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _texts(courses: Sequence[CourseText], original: Mapping[int, int], course_ids: Ints) -> Texts:
    by_id = {course.course_id: course for course in courses}
    for course in courses:
        # Of an original that isn't out an edition tells what it is about.
        by_id.setdefault(original.get(course.course_id, course.course_id), course)
    found = [by_id.get(int(course_id)) for course_id in course_ids]
    fields = {
        "title": [course.title if course else "" for course in found],
        "topic": [course.topic if course else "" for course in found],
        "tags": [" ".join(course.tags) if course else "" for course in found],
        "text": [course.text if course else "" for course in found],
    }
    labels = {
        "teacher": [course.teacher if course else "" for course in found],
        "level": [course.level if course else "" for course in found],
        "price": [_band(course) if course else "" for course in found],
    }
    return Texts(fields, labels, _traits(found, original, course_ids))


def _band(course: CourseText) -> str:
    """Free, or which of `PRICE_BANDS_FEN` the price is in."""
    return f"band {bisect_right(PRICE_BANDS_FEN, course.price_fen)}" if course.price_fen else "free"


def _traits(found: Sequence[CourseText | None], original: Mapping[int, int], course_ids: Ints) -> Traits:
    """A course whose original isn't known here comes before nothing, and is nobody's twin."""

    def known(courses: tuple[int, ...]) -> list[int]:
        return codes_of([original.get(course_id, course_id) for course_id in courses], course_ids)

    groups = [
        codes_by_value(["" if course is None else str(getattr(course, name)) for course in found])
        for name in ("topic", "teacher")
    ]
    nothing = np.full(len(found), NOTHING, dtype=np.int64)
    levels = [NOTHING if course is None else Level.values.index(course.level) for course in found]
    needs = [
        (code, before)
        for code, course in enumerate(found)
        for before in known(() if course is None else course.needs)
        if before != code
    ]
    twins = [tuple(known(pair)) for pair in twins_from(RERANKING.twins_from)]
    return Traits(
        np.stack([nothing if codes is None else codes for codes in groups]),
        clusters([(pair[0], pair[1]) for pair in twins if len(pair) == 2], len(found)),
        np.asarray(levels, dtype=np.int64),
        together(needs),
    )
