"""A person's interests in words: which acts make them, for the page where they are corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import npgettext, pgettext

from zhiyue.collect.kinds import Actor
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.learning.corrections import corrected_topics
from zhiyue.recommend.interests import OfCourse, interest_profile

# More of a topic's courses stand behind a click.
COURSES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """A course that speaks for a topic, what was done there, and when the last of it was."""

    course: Course
    says: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Interest:
    """A topic of a person's profile. `way`: “more” where they want more of it, else empty."""

    topic: Topic
    percent: int
    way: str
    shown: Sequence[Evidence]
    others: Sequence[Evidence]


def interests(actor: Actor) -> list[Interest]:
    """The strongest first."""
    found = interest_profile(actor)
    courses = Course.objects.in_bulk([one.course_id for topic in found for one in topic.courses])
    ways = {topic.pk: way for topic, way in corrected_topics(actor)}
    shown = []
    for one in found:
        evidence = [_evidence(courses[course.course_id], course) for course in one.courses]
        shown.append(
            Interest(
                topic=one.topic,
                percent=max(1, round(100 * one.share)),
                way=ways.get(one.topic.pk, ""),
                shown=evidence[:COURSES_SHOWN],
                others=evidence[COURSES_SHOWN:],
            )
        )
    return shown


def in_words(acts: Mapping[str, int]) -> str:
    """What was done with a course, the weightiest first: “joined, 3 lessons finished, saved”."""
    told = [_act(name, acts[name]) for name in ORDER if acts.get(name)]
    return pgettext("acts", ", ").join(told)


def _evidence(course: Course, of_course: OfCourse) -> Evidence:
    return Evidence(course, in_words(of_course.acts), of_course.last_at)


ORDER = (
    "course.enrolled",
    "lesson.finished",
    "lesson.opened",
    "lesson.progressed",
    "course.saved",
    "course.viewed",
    "slate.chosen",
)


def _act(name: str, n: int) -> str:
    match name:
        case "course.enrolled":
            return pgettext("acts", "joined")
        case "lesson.finished":
            words = npgettext("acts", "%(n)s lesson finished", "%(n)s lessons finished", n)
        case "lesson.opened":
            words = npgettext("acts", "a lesson opened", "lessons opened %(n)s times", n)
        case "lesson.progressed":
            words = npgettext("acts", "read on once", "read on %(n)s times", n)
        case "course.saved":
            return pgettext("acts", "saved")
        case "course.viewed":
            words = npgettext("acts", "looked at once", "looked at %(n)s times", n)
        case _:
            words = npgettext("acts", "chosen from a shelf once", "chosen from a shelf %(n)s times", n)
    return words % {"n": n}
