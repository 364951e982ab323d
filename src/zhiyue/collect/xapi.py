"""Events as xAPI statements (IEEE 9274.1.1) and back.

A statement of ours carries the whole event in extensions of its context, so it comes back as it went. A foreign one
is read by its verb and by the kind of its object; where that doesn't say enough, it is refused with the reason.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from zhiyue.collect.errors import NotInVocabulary
from zhiyue.collect.kinds import Told

Statement = dict[str, Any]

VERSION = "1.0.3"
# Verbs of the registries that other systems know; of our own where none says it.
_ADL = "http://adlnet.gov/expapi/verbs/"
_STREAMS = "http://activitystrea.ms/schema/1.0/"
_TINCAN = "http://id.tincanapi.com/verb/"
_ACTIVITIES = "http://adlnet.gov/expapi/activities/"

VERBS: Mapping[str, str] = {
    "page.viewed": f"{_TINCAN}viewed",
    "course.viewed": f"{_TINCAN}viewed",
    "slate.shown": f"{_TINCAN}viewed",
    "slate.chosen": f"{_TINCAN}selected",
    "search.made": f"{_STREAMS}search",
    "search.chosen": f"{_TINCAN}selected",
    "offer.seen": f"{_TINCAN}viewed",
    "preview.started": f"{_TINCAN}previewed",
    "preview.progressed": f"{_ADL}progressed",
    "preview.ended": f"{_ADL}exited",
    "lesson.opened": f"{_ADL}launched",
    "lesson.started": f"{_ADL}initialized",
    "lesson.progressed": f"{_ADL}progressed",
    "lesson.finished": f"{_ADL}completed",
    "live.joined": f"{_STREAMS}join",
    "live.left": f"{_STREAMS}leave",
    "live.hand_raised": f"{_TINCAN}requested-attention",
    "course.enrolled": f"{_ADL}registered",
    "trial.started": f"{_STREAMS}start",
    "gift.made": f"{_STREAMS}share",
    "gift.opened": f"{_STREAMS}receive",
    "checkout.opened": f"{_STREAMS}open",
    "order.placed": f"{_STREAMS}submit",
    "order.paid": f"{_STREAMS}purchase",
    "order.failed": f"{_ADL}failed",
    "order.cancelled": f"{_STREAMS}cancel",
    "order.expired": f"{_ADL}terminated",
    "order.refund_asked": f"{_STREAMS}request",
    "order.refunded": f"{_STREAMS}return",
    "coupon.claimed": f"{_STREAMS}receive",
    "code.redeemed": f"{_STREAMS}accept",
    "coupon.used": f"{_STREAMS}consume",
    "course.saved": f"{_STREAMS}save",
    "course.unsaved": f"{_STREAMS}unsave",
    "course.dismissed": f"{_STREAMS}reject",
    "course.restored": f"{_STREAMS}retract",
    "interest.chosen": f"{_ADL}preferred",
    "interest.corrected": f"{_STREAMS}update",
    "course.disregarded": f"{_STREAMS}ignore",
    "course.regarded": f"{_STREAMS}agree",
    "checkin.made": f"{_STREAMS}checkin",
    "question.asked": f"{_ADL}asked",
    "answer.given": f"{_ADL}answered",
    "answer.accepted": f"{_STREAMS}accept",
    "thread.opened": f"{_STREAMS}create",
    "reply.written": f"{_ADL}commented",
    "vote.cast": f"{_ADL}interacted",
    "follow.begun": f"{_STREAMS}follow",
    "follow.ended": f"{_STREAMS}stop-following",
    "rating.given": f"{_TINCAN}rated",
    "review.written": f"{_TINCAN}reviewed",
    "satisfaction.asked": f"{_ADL}asked",
    "satisfaction.answered": f"{_ADL}responded",
    "support.opened": f"{_STREAMS}open",
    "support.asked": f"{_ADL}asked",
    "support.answered": f"{_ADL}answered",
    "support.handed_over": f"{_STREAMS}assign",
    "support.closed": f"{_STREAMS}close",
    "message.sent": f"{_STREAMS}send",
    "message.opened": f"{_STREAMS}open",
    "message.acted": f"{_ADL}interacted",
    "message.stopped": f"{_STREAMS}reject",
    "member.signed_up": f"{_STREAMS}join",
    "member.signed_in": f"{_ADL}logged-in",
    "consent.chosen": f"{_ADL}preferred",
}
# What a verb that isn't of ours means, for an object that is a course or a lesson.
_FOREIGN: Mapping[tuple[str, str], str] = {
    ("viewed", "course"): "course.viewed",
    ("experienced", "course"): "course.viewed",
    ("launched", "course"): "course.viewed",
    ("registered", "course"): "course.enrolled",
    ("enrolled", "course"): "course.enrolled",
    ("save", "course"): "course.saved",
    ("launched", "lesson"): "lesson.opened",
    ("initialized", "lesson"): "lesson.started",
    ("attempted", "lesson"): "lesson.opened",
    ("viewed", "lesson"): "lesson.opened",
    ("experienced", "lesson"): "lesson.opened",
    ("progressed", "lesson"): "lesson.progressed",
    ("completed", "lesson"): "lesson.finished",
    ("passed", "lesson"): "lesson.finished",
    ("mastered", "lesson"): "lesson.finished",
}
_CMI5_PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
_DURATION = re.compile(
    r"P(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_PATH = re.compile(r"/courses/(?P<course>[\w-]+)(?:/(?:lessons/)?(?P<lesson>[\w-]+))?/?(?:[?#].*)?$")
_EXTENSION = "/xapi/event"
# What an actor may be looked up by.
STATEMENT_ACTORS = ("email", "phone", "username")
# A line longer than this is no statement of an act.
LONGEST_LINE = 64_000
LONGEST_READING_SECONDS = 60
_ANY_PERCENT = 1e9


@dataclass(frozen=True, slots=True)
class Subject:
    """What the event is about, as addresses have it. Empty where it is about neither."""

    course: str = ""
    lesson: str = ""


def to_statement(
    *,
    event_id: UUID,
    name: str,
    person: str,
    about: Subject,
    properties: Mapping[str, object],
    occurred_at: datetime,
    base: str,
) -> Statement:
    """One event as a statement. `person` is the name of an account at the academy whose address is `base`
    (`https://academy.example`), pseudonymous or not, as whoever exports wants it."""
    path = f"/courses/{about.course}/" if about.course else "/"
    if about.lesson:
        path += f"{about.lesson}/"
    kind = "lesson" if about.lesson else "course" if about.course else "media"
    told = {"name": name, "properties": dict(properties)}
    if about.course:
        told["course"] = about.course
    if about.lesson:
        told["lesson"] = about.lesson
    statement: Statement = {
        "id": str(event_id),
        "version": VERSION,
        "actor": {"objectType": "Agent", "account": {"homePage": base, "name": person}},
        "verb": {"id": VERBS[name], "display": {"en": name}},
        "object": {
            "objectType": "Activity",
            "id": f"{base}{path}",
            "definition": {"type": f"{_ACTIVITIES}{kind}"},
        },
        "timestamp": occurred_at.isoformat(),
        "context": {"platform": "Zhiyue", "extensions": {f"{base}{_EXTENSION}": told}},
    }
    if result := _result(name, properties):
        statement["result"] = result
    return statement


def told_by(cells: tuple[str, ...]) -> Told:
    """What the statement in a line says. Raises NotInVocabulary."""
    [line] = cells
    if len(line) > LONGEST_LINE:
        raise NotInVocabulary("too_large", f"A statement holds at most {LONGEST_LINE} characters.")
    try:
        statement = json.loads(line)
    except (ValueError, RecursionError) as why:
        raise NotInVocabulary("malformed", f"This is no JSON: {str(why)[:80]}") from why
    if not isinstance(statement, dict):
        raise NotInVocabulary("malformed", "A statement must be an object.")
    person_by, person = _person(statement.get("actor"))
    when, event_id = statement.get("timestamp"), statement.get("id")
    if not isinstance(when, str):
        raise NotInVocabulary("malformed", "A statement needs a timestamp, an ISO 8601 time.")
    own = _own(statement)
    about = _about(statement.get("object"))
    name = str(own.get("name", "")) if own else _name(statement, about)
    properties = own.get("properties", {}) if own else _properties(name, statement.get("result"))
    if not isinstance(properties, dict):
        raise NotInVocabulary("malformed", "The properties of an event must be an object.")
    course, lesson = (str(own.get("course", "")), str(own.get("lesson", ""))) if own else about
    return Told(
        person_by=person_by,
        person=person,
        # Python 3.11 reads a Z, and parts of a second of any length it does not.
        when=re.sub(r"(\.\d{6})\d+", r"\1", when) if "." in when else when,
        name=name,
        course=course,
        lesson="" if name.startswith("course.") else lesson,
        event_id=event_id if isinstance(event_id, str) else "",
        properties=properties,
    )


def _result(name: str, properties: Mapping[str, object]) -> dict[str, object]:
    """What other systems understand of it: completion, progress, duration."""
    result: dict[str, object] = {}
    if name == "lesson.finished":
        result["completion"] = True
    if "seconds" in properties:
        result["duration"] = f"PT{properties['seconds']}S"
    if "percent" in properties:
        result["extensions"] = {_CMI5_PROGRESS: properties["percent"]}
    if "words" in properties:
        result["response"] = properties["words"]
    return result


def _person(actor: object) -> tuple[str, str]:
    if isinstance(actor, dict):
        mail, account = actor.get("mbox"), actor.get("account")
        if isinstance(mail, str) and mail.lower().startswith("mailto:"):
            return "email", mail[len("mailto:") :]
        if isinstance(account, dict) and isinstance(account.get("name"), str):
            name = account["name"]
            # Never by our number: another system's 42 is somebody else.
            return ("email" if "@" in name else "phone" if name.startswith("+") else "username"), name
    raise NotInVocabulary("unknown_person", "The actor has neither mbox nor account.")


def _own(statement: Statement) -> dict[str, Any] | None:
    """The event as an academy like this one wrote it."""
    context = statement.get("context")
    extensions = context.get("extensions") if isinstance(context, dict) else None
    if isinstance(extensions, dict):
        for key, told in extensions.items():
            if str(key).endswith(_EXTENSION) and isinstance(told, dict):
                return told
    return None


def _about(subject: object) -> tuple[str, str]:
    address = subject.get("id") if isinstance(subject, dict) else None
    return _course_and_lesson(address) if isinstance(address, str) else ("", "")


# Of addresses and verbs there are few, and many statements of each.
@lru_cache(maxsize=8192)
def _course_and_lesson(address: str) -> tuple[str, str]:
    found = _PATH.search(address)
    return (found["course"], found["lesson"] or "") if found else ("", "")


@lru_cache(maxsize=1024)
def _word(verb: str) -> str:
    return re.split(r"[/#]", verb.rstrip("/"))[-1]


def _name(statement: Statement, about: tuple[str, str]) -> str:
    verb = statement.get("verb")
    address = verb.get("id") if isinstance(verb, dict) else None
    if not isinstance(address, str):
        raise NotInVocabulary("malformed", "A statement needs a verb with an id.")
    word = _word(address)
    course, lesson = about
    kind = "lesson" if lesson else "course" if course else ""
    name = _FOREIGN.get((word, kind))
    if name is None:
        told = f"“{word[:40]}” of {f'a {kind}' if kind else 'something that is no course or lesson'}"
        raise NotInVocabulary("unknown_event", f"The table of events has nothing for {told}.")
    return name


def _properties(name: str, result: object) -> dict[str, object]:
    """Of a foreign statement: how far and how long, where it was reading."""
    if name != "lesson.progressed":
        return {}
    told = result if isinstance(result, dict) else {}
    extensions = told.get("extensions")
    percent = extensions.get(_CMI5_PROGRESS) if isinstance(extensions, dict) else None
    seconds = _seconds(told.get("duration"))
    properties: dict[str, object] = {}
    if isinstance(percent, int | float) and not isinstance(percent, bool):
        # What isn't finite goes on as it stands, and is refused as no number of the table.
        properties["percent"] = round(percent) if abs(percent) < _ANY_PERCENT else percent
    if seconds is not None:
        properties["seconds"] = round(min(max(1.0, seconds), LONGEST_READING_SECONDS))
    return properties


def _seconds(duration: object) -> float | None:
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if found is None:
        return None
    part = {unit: float(number or 0) for unit, number in found.groupdict().items()}
    return ((part["days"] * 24 + part["hours"]) * 60 + part["minutes"]) * 60 + part["seconds"]
