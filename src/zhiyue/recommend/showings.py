"""What came of showings: read from the log, by whom, when and under which policy. How it is judged: `arms`,
`valuing`."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import ibis

from zhiyue.collect import lake
from zhiyue.collect.slates import CHOSEN, SHOWN
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.consent.selectors import who_grants
from zhiyue.recommend.policies import TAKING_UP

# A browser's clock may be so far off without being set right.
SKEW = timedelta(seconds=5)
ONE_DAY = timedelta(days=1)
_TOLD = ("person", "day", "course_id", "occurred_at", "properties")


@dataclass(frozen=True, slots=True)
class Showing:
    """A slate as one person was shown it, on which day, and what they chose from it on that day: course and moment.
    `properties` are those of its first event."""

    person: str
    day: date
    properties: dict[str, Any]
    chosen: tuple[tuple[int, datetime], ...]


@dataclass(frozen=True, slots=True)
class PersonDay:
    """A person's day under one policy of a contest, which was drawn for them with `chance`: whether they chose a course
    from a slate of it, and took one of these up on the same day."""

    person: str
    day: date
    policy: str
    chance: float
    is_chosen: bool
    is_taken: bool


def days_of_people(contest: int, *, since: date, until: date) -> list[PersonDay]:
    """Every day of a person on which they were shown a slate of the contest, from `since` until `until`, in the order
    of days and people: of those who let us recommend by what they do and take part in trials, then and still now.
    Raises LakeUnreachable."""
    told = showings('"contest"', since, until, read_for=Purpose.EXPERIMENTS, also=Purpose.PERSONALISATION)
    shown = [one for one in told if one.properties["contest"] == contest]
    taken = _taken_up({course_id for one in shown for course_id, _ in one.chosen}, since, until)
    days: dict[tuple[date, str, str, float], list[bool]] = {}
    for one in shown:
        key = (one.day, one.person, str(one.properties["policy"]), float(one.properties["policy_chance"]))
        did = days.setdefault(key, [False, False])
        for course_id, at in one.chosen:
            last = taken.get((one.person, course_id, one.day))
            did[0] = True
            did[1] |= last is not None and last >= at - SKEW
    return [
        PersonDay(person, day, policy, chance, *did)
        for (day, person, policy, chance), did in sorted(days.items())
    ]


def drawn_courses(originals: Mapping[int, int], *, since: date, until: date) -> list[tuple[int, bool]]:
    """Every day of a person on which a course stood in the place that is drawn among new ones, and whether they chose
    it there on that day: of those who let us recommend by what they do, then and still now. Editions are counted as
    their `originals`. Raises LakeUnreachable."""
    days: dict[tuple[str, date, int], bool] = {}
    for one in showings('"propensit', since, until, read_for=Purpose.PERSONALISATION):
        told, chosen = one.properties, {course_id for course_id, _ in one.chosen}
        if "courses" in told:
            chances = zip(told["courses"], told.get("propensities") or (), strict=False)
            lots = [course_id for course_id, chance in chances if chance < 1]
        else:
            lots = sorted(chosen) if told.get("propensity", 1) < 1 else []
        for course_id in lots:
            key = (one.person, one.day, originals.get(course_id, course_id))
            days[key] = days.get(key, False) or course_id in chosen
    return [(course_id, is_chosen) for (_, _, course_id), is_chosen in sorted(days.items())]


def showings(
    telling: str, since: date, until: date, *, read_for: Purpose, also: Purpose | None = None
) -> list[Showing]:
    """The showings of these days whose properties hold the text `telling`, of those who consent to both purposes now
    and did to the first then.

    Only what browsers told counts, for that was signed when it was shown. A choice tells of its showing, too, however
    quickly it was made. A page that is kept open is a showing of the day on which it was first seen.
    """

    def told(events: ibis.Table) -> ibis.Table:
        return events.filter(
            events.name.isin([SHOWN, CHOSEN]),
            events.origin == "browser",
            events.day <= until,
            events.properties.contains('"showing"') & events.properties.contains(telling),
        ).order_by(["occurred_at", "id"])

    takes_part = _people_granting(read_for)
    if also is not None:
        takes_part &= _people_granting(also)
    first: dict[tuple[str, str], tuple[date, dict[str, Any]]] = {}
    chosen: dict[tuple[str, str], list[tuple[int, datetime]]] = {}
    for row in _rows(told, read_for, since - ONE_DAY, _TOLD):
        if row["person"] not in takes_part:
            continue
        properties = json.loads(row["properties"])
        key = (row["person"], properties["showing"])
        day, _ = first.setdefault(key, (row["day"], properties))
        if row["course_id"] is not None and row["day"] == day:
            chosen.setdefault(key, []).append((row["course_id"], row["occurred_at"]))
    return [
        Showing(key[0], day, properties, tuple(chosen.get(key, ())))
        for key, (day, properties) in first.items()
        if day >= since
    ]


def _taken_up(courses: Collection[int], since: date, until: date) -> dict[tuple[str, int, date], datetime]:
    """When people last took up each of these courses on each day."""
    if not courses:
        return {}

    def begun(events: ibis.Table) -> ibis.Table:
        acts = events.filter(
            events.name.isin(sorted(TAKING_UP)), events.course_id.isin(sorted(courses)), events.day <= until
        )
        return acts.group_by("person", "course_id", "day").agg(last=acts.occurred_at.max())

    rows = _rows(begun, Purpose.PERSONALISATION, since, ("person", "course_id", "day", "last"))
    return {(row["person"], row["course_id"], row["day"]): row["last"] for row in rows}


def _rows(
    question: Callable[[ibis.Table], ibis.Table], purpose: Purpose, since: date, columns: Collection[str]
) -> list[dict[str, Any]]:
    def asked(events: ibis.Table) -> list[dict[str, Any]]:
        person = ibis.coalesce("m" + events.member_id.cast("string"), "v" + events.visitor)
        rows: list[dict[str, Any]] = (
            question(events.mutate(person=person)).select(*columns).to_pyarrow().to_pylist()
        )
        return rows

    return lake.ask(asked, purpose=purpose, since=since)


def _people_granting(purpose: Purpose) -> set[str]:
    members, visitors = who_grants(purpose)
    return {*(f"m{pk}" for pk in members), *(f"v{key}" for key in visitors)}
