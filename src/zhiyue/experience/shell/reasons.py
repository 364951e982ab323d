"""Why a course is shown, in words that name the act. What the reason is, `recommend` decides."""

from collections.abc import Mapping

from django.utils.translation import npgettext, pgettext

from zhiyue.experience.shell.cards import in_language
from zhiyue.recommend.kinds import Reason


def in_words(reason: Reason, titles: Mapping[int, str]) -> str:
    """One line for a card. `titles` are those of the courses that reasons point to, by id."""
    title = titles.get(reason.course_id or 0, "")
    if reason.kind == "people":
        return _people(reason.learners)
    if reason.kind == "act" and title:
        return _act(reason.event or "", title)
    if reason.kind == "similar" and title:
        return pgettext("reason", "Close to “%(title)s”") % {"title": title}
    if reason.kind == "interest" and reason.topic:
        topic = in_language(reason.topic, reason.topic_en or "")
        return pgettext("reason", "Because you care about “%(topic)s”") % {"topic": topic}
    if reason.kind == "new":
        return pgettext("reason", "New this week")
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
