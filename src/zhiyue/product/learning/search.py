"""Searching as a learner does: the catalogue for everybody, lesson texts for those who may read them. Also what is
remembered of it."""

import re
from dataclasses import dataclass
from math import log

from zhiyue.collect.consenting import granted_by
from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import by
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.consent.purposes import Purpose
from zhiyue.engine import terms
from zhiyue.facilities.search import selectors
from zhiyue.facilities.search.kinds import Found
from zhiyue.facilities.search.questions import LONGEST_QUESTION
from zhiyue.facilities.search.services import set_boosts
from zhiyue.product.catalogue.indexing import COURSE, LESSON, TEACHER, TOPIC
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Lesson, Teacher, Topic
from zhiyue.product.catalogue.selectors import courses_by_id
from zhiyue.product.commerce.selectors import learners_by_course, readable_course_ids

COURSES, PEOPLE, LESSONS = "courses", "people", "lessons"
GROUPS = {COURSES: (COURSE,), PEOPLE: (TEACHER, TOPIC), LESSONS: (LESSON,)}
# What somebody pastes by mistake isn't kept: addresses, numbers of phones, cards and orders.
_PRIVATE = re.compile(r"\S+@\S+|\d[\d\s-]{5,}\d")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, with the rows behind it: cards by course id, lessons, teachers, topics by id."""

    found: Found
    courses: dict[int, CourseCard]
    lessons: dict[int, Lesson]
    teachers: dict[int, Teacher]
    topics: dict[int, Topic]


def find(typed: str, *, user: User | None, group: str = "", limit: int = 10, skip: int = 0) -> Answer:
    """What answers the question for this person, in all groups or one. Lesson texts they may not read play no part:
    neither found, nor shown, nor counted."""
    groups = {name: kinds for name, kinds in GROUPS.items() if group in ("", name)}
    found = selectors.find(
        typed,
        groups=groups,
        scopes=_readable_scopes(user),
        # A lesson's teacher and course narrow a search down; by themselves they are found as such.
        own_words={LESSON},
        limit=limit,
        skip=skip,
    )
    return _with_rows(found)


def suggest(typed: str, *, limit: int = 8) -> Answer:
    """Courses, teachers and topics that what was typed so far may become, or may have meant."""
    return _with_rows(selectors.suggest(typed, kinds=(COURSE, TEACHER, TOPIC), limit=limit))


def made(*, actor: Actor, typed: str, count: int) -> None:
    """Remember that somebody searched, and how much was found. Numbers and addresses in it are left out, and a
    question of nothing but signs is none."""
    words = remembered_words(typed)
    if terms.terms(words):
        record("search.made", actor=actor, words=words, found=count)


def remembered_words(typed: str) -> str:
    cleaned = _PRIVATE.sub("…", " ".join(typed.split())).replace("\x00", "")
    return "".join(sign for sign in cleaned if not "\ud800" <= sign <= "\udfff")[:LONGEST_QUESTION]


def recent_searches(actor: Actor, *, limit: int = 6) -> list[str]:
    """What this person searched for lately and found something with, the latest first; nothing where they don't
    consent to personalisation."""
    if Purpose.PERSONALISATION not in granted_by(actor):
        return []
    own = by(actor).serving(Purpose.PERSONALISATION)
    events = own.filter(name="search.made").order_by("-occurred_at")[:40]
    words = [str(event.properties["words"]) for event in events if event.properties.get("found")]
    return list(dict.fromkeys(words))[:limit]


def refresh_boosts() -> int:
    """Let courses that many learn stand before equals that few do. Returns how many changed."""
    learners = learners_by_course()
    most = max(learners.values(), default=0)
    boosts = {pk: log(1 + n) / log(1 + most) for pk, n in learners.items()} if most else {}
    return set_boosts(kind=COURSE, boosts=boosts)


def _readable_scopes(user: User | None) -> list[int]:
    """Courses whose lessons open for somebody, the latest first."""
    if user is None:
        return []
    return sorted(readable_course_ids(user), reverse=True)


def _with_rows(found: Found) -> Answer:
    refs: dict[str, list[int]] = {COURSE: [], TEACHER: [], TOPIC: [], LESSON: []}
    for group in found.groups.values():
        for hit in group.hits:
            refs[hit.kind].append(hit.ref)
    lessons = Lesson.objects.select_related("course").defer("body", "course__summary")
    return Answer(
        found=found,
        courses=courses_by_id(refs[COURSE]) if refs[COURSE] else {},
        lessons=lessons.in_bulk(refs[LESSON]) if refs[LESSON] else {},
        teachers=Teacher.objects.in_bulk(refs[TEACHER]) if refs[TEACHER] else {},
        topics=Topic.objects.in_bulk(refs[TOPIC]) if refs[TOPIC] else {},
    )
