"""A person's interests in words: which acts make them, for the page where they are corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.translation import npgettext, pgettext

from zhiyue.analyse.taste import taste_shift
from zhiyue.collect.kinds import Actor
from zhiyue.experience.shell.cards import in_language
from zhiyue.experience.site.paged import AT_ONCE, Paged, paged
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.learning.corrections import corrected_topics
from zhiyue.recommend.interests import OfCourse, interest_profile

# More of a topic's courses stand behind a click.
COURSES_SHOWN = 3
# So begins the name of a topic's list in the address.
OF_TOPIC = "of-"
# A topic is told to be learnt more or less where its share of somebody's choices changed by more than this.
LEAST_CHANGE = 0.1


@dataclass(frozen=True, slots=True)
class Evidence:
    """A course that speaks for a topic, what was done there, and when the last of it was."""

    course: Course
    says: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Interest:
    """A topic of a person's profile. `way`: “more” where they want more of it, else empty. `folded`: the courses
    behind a click, which `is_open` where one leafs through them."""

    topic: Topic
    percent: int
    way: str
    shown: Sequence[Evidence]
    folded: Paged[Evidence]
    is_open: bool


def interests(request: HttpRequest, actor: Actor) -> list[Interest]:
    """The strongest first; of a topic with many courses the page that the address asks for."""
    found = interest_profile(actor)
    courses = Course.objects.in_bulk([one.course_id for topic in found for one in topic.courses])
    ways = {topic.pk: way for topic, way in corrected_topics(actor)}
    shown = []
    for one in found:
        key = f"{OF_TOPIC}{one.topic.slug}"
        evidence = [_evidence(courses[course.course_id], course) for course in one.courses]
        shown.append(
            Interest(
                topic=one.topic,
                percent=max(1, round(100 * one.share)),
                way=ways.get(one.topic.pk, ""),
                shown=evidence[:COURSES_SHOWN],
                folded=paged(request, key, Paginator(evidence[COURSES_SHOWN:], AT_ONCE)),
                is_open=key in request.GET,
            )
        )
    return shown


@dataclass(frozen=True, slots=True)
class Turn:
    """Since when a person turns to other topics, by their names, joined; one of `more` and `less` may be empty."""

    day: date
    earliest: date
    latest: date
    more: str
    less: str


def turn_of_taste(actor: Actor, topics: Sequence[Topic]) -> Turn | None:
    """None where taste is steady, or too little was done to say. `topics`: those that may be named."""
    shift = taste_shift(actor).shift
    if shift is None:
        return None
    before, after = dict(shift.before), dict(shift.after)
    names = {topic.slug: in_language(topic.name, topic.name_en) for topic in topics}
    apart = {
        slug: after.get(slug, 0.0) - before.get(slug, 0.0) for slug in names if slug in {*before, *after}
    }
    largest = sorted(apart, key=lambda slug: -abs(apart[slug]))

    def joined(sign: float) -> str:
        return pgettext("topics", ", ").join(
            names[slug] for slug in largest if sign * apart[slug] > LEAST_CHANGE
        )

    return Turn(shift.day, shift.earliest, shift.latest, joined(1), joined(-1))


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
