"""What came of showings: read from the log day by day, by whom, when and under which policy. How it is judged: `arms`,
`valuing`."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import ibis

from zhiyue.collect import lake
from zhiyue.collect.slates import CHOSEN, SHOWN
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.consent.selectors import who_grants
from zhiyue.core.kit import clock
from zhiyue.recommend.policies import TAKING_UP

# A browser's clock may be so far off without being set right.
SKEW = timedelta(seconds=5)
ONE_DAY = timedelta(days=1)
Folded = TypeVar("Folded")


class Chosen(NamedTuple):
    """A course that was chosen from a showing: when, and with which chance it stood there."""

    course_id: int
    day: date
    at: datetime
    propensity: float


@dataclass(slots=True)
class Showing:
    """A slate as one person was shown it, on the `day` for which it was made, and what they chose from it on that day
    or the next. `properties` are those of its first event; `courses` with the chances to stand there as it was first
    shown, None where it is known from choices alone."""

    person: str
    day: date
    properties: dict[str, Any]
    courses: dict[int, float] | None = None
    chosen: list[Chosen] = field(default_factory=list)

    @property
    def choices(self) -> list[Chosen]:
        """What was chosen of what stood there."""
        return [one for one in self.chosen if self.courses is None or one.course_id in self.courses]

    @property
    def lots(self) -> list[int]:
        """The courses that stood there by lot."""
        told = (
            {one.course_id: one.propensity for one in self.chosen} if self.courses is None else self.courses
        )
        return sorted(course_id for course_id, chance in told.items() if chance < 1)


@dataclass(frozen=True, slots=True)
class PersonDay:
    """A person's day under one policy of a contest, which was drawn for them with `chance` (the first of the day):
    whether they chose a course from a slate of it, and took one of these up on the day of the choice."""

    person: str
    day: date
    policy: str
    chance: float
    is_chosen: bool
    is_taken: bool


def days_of_people(contest: int, *, since: date, until: date) -> list[PersonDay]:
    """Every day of a person for which a slate of the contest was made that they were shown, from `since` until `until`,
    in the order of days and people: of those who let us recommend by what they do and take part in trials, then and
    still now. A day is of the policy that was shown first: who signs in is drawn for anew, but is one person.
    Raises LakeUnreachable."""

    def folded(told: Iterator[Showing]) -> dict[tuple[date, str], tuple[str, float, list[Chosen]]]:
        days: dict[tuple[date, str], tuple[str, float, list[Chosen]]] = {}
        for one in told:
            if one.properties["contest"] == contest:
                mine = str(one.properties["policy"]), float(one.properties["policy_chance"])
                policy, _, chosen = days.setdefault((one.day, one.person), (*mine, []))
                if policy == mine[0]:
                    chosen.extend(one.choices)
        return days

    days = of_showings(
        folded, '"contest"', since, until, read_for=Purpose.EXPERIMENTS, also=Purpose.PERSONALISATION
    )
    choices = [(person, one) for (_, person), (_, _, chosen) in days.items() for one in chosen]
    taken = _taken_up({(person, one.day, one.course_id) for person, one in choices})
    return [
        PersonDay(
            person,
            day,
            policy,
            chance,
            is_chosen=bool(chosen),
            is_taken=any(
                last >= one.at - SKEW
                for one in chosen
                if (last := taken.get((person, one.day, one.course_id))) is not None
            ),
        )
        for (day, person), (policy, chance, chosen) in sorted(days.items(), key=lambda one: one[0])
    ]


def drawn_courses(originals: Mapping[int, int], *, since: date, until: date) -> list[tuple[int, bool]]:
    """Every day of a person on which a course stood in the place that is drawn among new ones, and whether they chose
    it there: of those who let us recommend by what they do, then and still now. Editions are counted as their
    `originals`. Raises LakeUnreachable."""

    def folded(told: Iterator[Showing]) -> dict[tuple[str, date, int], bool]:
        days: dict[tuple[str, date, int], bool] = {}
        for one in told:
            chosen = {choice.course_id for choice in one.choices}
            for course_id in one.lots:
                key = (one.person, one.day, originals.get(course_id, course_id))
                days[key] = days.get(key, False) or course_id in chosen
        return days

    days = of_showings(folded, '"propensit', since, until, read_for=Purpose.PERSONALISATION)
    return [(course_id, is_chosen) for (_, _, course_id), is_chosen in sorted(days.items())]


def of_showings(
    fold: Callable[[Iterator[Showing]], Folded],
    telling: str,
    since: date,
    until: date,
    *,
    read_for: Purpose,
    also: Purpose | None = None,
) -> Folded:
    """What `fold` makes of the showings of these days whose properties hold the text `telling`, of those who consent to
    both purposes now and did to the first then. They come in the order of days, and of a day in that of their first
    events; more than two days of them are never held.

    Only what browsers told counts, for that was signed when it was made, and only of the day for which it was made and
    the following one: a page that stays open longer tells nothing, whatever the first day that is asked for. A choice
    tells of its showing, too, however quickly it was made. Of days that haven't ended nothing is read beyond `until`,
    so that the same days give the same all day long. Raises LakeUnreachable.
    """
    takes_part = _people_granting(read_for)
    if also is not None:
        takes_part &= _people_granting(also)
    through = max(until, min(until + ONE_DAY, clock.days_before(clock.business_day(), 1)))

    def by_day(events: ibis.Table) -> Iterator[Showing]:
        told = events.filter(
            events.name.isin([SHOWN, CHOSEN]),
            events.origin == "browser",
            events.properties.contains('"made_on"') & events.properties.contains(telling),
        )
        held: dict[date, dict[tuple[str, str], Showing]] = {}
        for day in _days(since, through):
            columns = ("person", "day", "name", "course_id", "occurred_at", "properties")
            today = told.filter(told.day == day).order_by(["occurred_at", "id"]).select(*columns)
            for row in today.to_pyarrow().to_pylist():
                properties = json.loads(row["properties"])
                made_on = date.fromisoformat(properties["made_on"])
                if row["person"] in takes_part and max(since, day - ONE_DAY) <= made_on <= min(until, day):
                    _hold(held.setdefault(made_on, {}), Showing(row["person"], made_on, properties), row)
            yield from held.pop(day - ONE_DAY, {}).values()
        yield from held.pop(through, {}).values()

    def asked(events: ibis.Table) -> Folded:
        return fold(by_day(_with_person(events)))

    return lake.ask(asked, purpose=read_for, since=since)


def _hold(held: dict[tuple[str, str], Showing], seen: Showing, row: Mapping[str, Any]) -> None:
    told = seen.properties
    one = held.setdefault((seen.person, told["showing"]), seen)
    if row["name"] == CHOSEN:
        chosen = Chosen(row["course_id"], row["day"], row["occurred_at"], told.get("propensity", 1))
        one.chosen.append(chosen)
    elif one.courses is None:
        chances = told.get("propensities") or [1] * len(told["courses"])
        one.courses = dict(zip(told["courses"], chances, strict=True))


def _taken_up(choices: Collection[tuple[str, date, int]]) -> dict[tuple[str, date, int], datetime]:
    """When people last took up each of these courses, on each of these days."""
    courses: dict[date, set[int]] = {}
    for _, day, course_id in choices:
        courses.setdefault(day, set()).add(course_id)
    if not courses:
        return {}

    def asked(events: ibis.Table) -> dict[tuple[str, date, int], datetime]:
        acts = _with_person(events.filter(events.name.isin(sorted(TAKING_UP))))
        found: dict[tuple[str, date, int], datetime] = {}
        for day, chosen in sorted(courses.items()):
            of_day = acts.filter(acts.day == day, acts.course_id.isin(sorted(chosen)))
            last = of_day.group_by("person", "course_id").agg(last=of_day.occurred_at.max())
            for row in last.to_pyarrow().to_pylist():
                key = (row["person"], day, row["course_id"])
                if key in choices:
                    found[key] = row["last"]
        return found

    return lake.ask(asked, purpose=Purpose.PERSONALISATION, since=min(courses))


def _with_person(events: ibis.Table) -> ibis.Table:
    return events.mutate(person=ibis.coalesce("m" + events.member_id.cast("string"), "v" + events.visitor))


def _days(since: date, until: date) -> Iterator[date]:
    for n in range((until - since).days + 1):
        yield since + timedelta(days=n)


def _people_granting(purpose: Purpose) -> set[str]:
    members, visitors = who_grants(purpose)
    return {*(f"m{pk}" for pk in members), *(f"v{key}" for key in visitors)}
