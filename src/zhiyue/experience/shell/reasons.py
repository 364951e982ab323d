"""Why a course is shown, in words that name the act. What the reason is, `recommend` decides."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import npgettext, pgettext, pgettext_lazy

from zhiyue.experience.shell.cards import in_language
from zhiyue.recommend.kinds import Kind, Reason

_OF_A_COURSE: Mapping[Kind, Promise] = {
    "similar": pgettext_lazy("reason", "Close to “%(title)s”"),
    "prerequisite": pgettext_lazy("reason", "Better before “%(title)s”"),
}
_ALONE: Mapping[Kind, Promise] = {
    "new": pgettext_lazy("reason", "New this week"),
    "exploration": pgettext_lazy("reason", "New here, shown to find out whom it suits"),
    "pinned": pgettext_lazy("reason", "The academy's choice"),
}


def in_words(reason: Reason, titles: Mapping[int, str]) -> str:
    """One line for a card. `titles` are those of the courses that reasons point to, by id."""
    title = titles.get(reason.course_id or 0, "")
    if reason.kind == "people":
        return _people(reason.learners)
    if reason.kind == "act" and title:
        return _act(reason.event or "", title)
    if reason.kind in _OF_A_COURSE and title:
        return str(_OF_A_COURSE[reason.kind]) % {"title": title}
    if reason.kind in _ALONE:
        return str(_ALONE[reason.kind])
    if reason.kind == "interest" and reason.topic:
        topic = in_language(reason.topic, reason.topic_en or "")
        return pgettext("reason", "Because you care about “%(topic)s”") % {"topic": topic}
    return _popular(reason.learners)


def _popular(n: int | None) -> str:
    if not n:
        return pgettext("reason", "A good place to begin")
    words = npgettext("reason", "%(n)s person learning this week", "%(n)s people learning this week", n)
    return words % {"n": f"{n:,}"}


def _people(n: int | None) -> str:
    if n is None:
        return pgettext("reason", "People whose interests are like yours learn it or looked at it")
    words = npgettext(
        "reason",
        "%(n)s person whose interests are like yours learns it or looked at it",
        "%(n)s people whose interests are like yours learn it or looked at it",
        n,
    )
    return words % {"n": f"{n:,}"}


def _act(event: str, title: str) -> str:
    names = {"title": title}
    match event:
        case "lesson.finished":
            return pgettext("reason", "Because you finished a lesson of “%(title)s”") % names
        case "course.saved":
            return pgettext("reason", "Because you saved “%(title)s”") % names
        case "course.enrolled":
            return pgettext("reason", "Because you joined “%(title)s”") % names
        case "lesson.opened" | "lesson.progressed":
            return pgettext("reason", "Because you are reading “%(title)s”") % names
        case _:
            return pgettext("reason", "Because you looked at “%(title)s”") % names
