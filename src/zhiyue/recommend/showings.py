"""What came of showings: read from the log day by day, by whom, when and under which policy. How it is judged: `arms`,
`valuing`."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any, TypeVar

import ibis

from zhiyue.collect import lake
from zhiyue.collect.slates import CHOSEN, SHOWN
from zhiyue.core.accounts.selectors import simulated_members
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.consent.selectors import who_grants
from zhiyue.core.kit import clock
from zhiyue.recommend.people_days import Choice, Gathering, PeopleDays, milliseconds
from zhiyue.recommend.policies import TAKING_UP

# A browser's clock may be so far off without being set right.
SKEW = timedelta(seconds=5)
ONE_DAY = timedelta(days=1)
Folded = TypeVar("Folded")


@dataclass(slots=True)
class Showing:
    """A slate as one person was shown it, on the `day` for which it was made, and what they chose from it on that day
    or the next. `properties` are those of its first event; `courses` with the chances to stand there as it was first
    shown, None where it is known from choices alone."""

    person: str
    day: date
    properties: dict[str, Any]
    courses: dict[int, float] | None = None
    chosen: list[Choice] = field(default_factory=list)

    @property
    def choices(self) -> list[Choice]:
        """What was chosen of what stood there."""
        return [one for one in self.chosen if self.courses is None or one.course_id in self.courses]

    @property
    def lots(self) -> dict[int, float]:
        """The courses that stood there by lot, each with its chance."""
        told = (
            {one.course_id: one.propensity for one in self.chosen} if self.courses is None else self.courses
        )
        return {course_id: float(chance) for course_id, chance in told.items() if 0 < chance < 1}


@dataclass(slots=True)
class Drawn:
    """A day of a person on which a course stood in the place that is drawn among new ones, with the chance that it had
    when it first stood there on that day, and whether they chose it there."""

    course_id: int
    day: date
    chance: float
    is_chosen: bool


def days_of_people(contest: int, *, since: date, until: date) -> PeopleDays:
    """Every day of a person for which a slate of the contest was made that they were shown, from `since` until `until`,
    in the order of days and people: of those who let us recommend by what they do and take part in trials, then and
    still now. A day is of the policy that was shown first: who signs in is drawn for anew, but is one person.
    Raises LakeUnreachable."""

    def folded(told: Iterator[Showing]) -> Gathering:
        gathered = Gathering()
        for day, showings in groupby(told, key=lambda one: one.day):
            people: dict[str, tuple[str, float, list[Choice]]] = {}
            for one in showings:
                if one.properties["contest"] == contest:
                    mine = str(one.properties["policy"]), float(one.properties["policy_chance"])
                    policy, _, chosen = people.setdefault(one.person, (*mine, []))
                    if policy == mine[0]:
                        chosen.extend(one.choices)
            for person, found in sorted(people.items()):
                gathered.add(person, day, *found)
        return gathered

    gathered = of_showings(
        folded, '"contest"', since, until, read_for=Purpose.EXPERIMENTS, also=Purpose.PERSONALISATION
    )
    return gathered.finished(_taken_up(gathered))


def drawn_courses(originals: Mapping[int, int], *, since: date, until: date) -> list[Drawn]:
    """Every day of a person on which a course was drawn among new ones: of those who let us recommend by what they do,
    then and still now. Editions are counted as their `originals`. What was told without its chance isn't known to have
    been drawn. Raises LakeUnreachable."""

    def folded(told: Iterator[Showing]) -> dict[tuple[str, date, int], Drawn]:
        days: dict[tuple[str, date, int], Drawn] = {}
        for one in told:
            chosen = {choice.course_id for choice in one.choices}
            for course_id, chance in sorted(one.lots.items()):
                original = originals.get(course_id, course_id)
                drawn = days.setdefault(
                    (one.person, one.day, original), Drawn(original, one.day, chance, False)
                )
                drawn.is_chosen |= course_id in chosen
        return days

    days = of_showings(folded, '"propensit', since, until, read_for=Purpose.PERSONALISATION)
    return [drawn for _, drawn in sorted(days.items())]


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

    Only what browsers told counts, for that was signed when it was made (and in a demo what its simulated members did,
    who have no browser), and only of the day for which it was made and the following one: a page that stays open longer
    tells nothing, whatever the first day that is asked for. A visitor counts from the business day after the one on
    which they first came: a fresh key costs nothing, and whoever throws theirs away would be somebody else each time.
    A choice tells of its showing, too, however quickly it was
    made. Of days that haven't ended nothing is read beyond `until`, so that the same days give the same all day long.
    Raises LakeUnreachable.
    """
    takes_part = _people_granting(read_for)
    if also is not None:
        takes_part &= _people_granting(also)
    came = _first_days(telling, since)
    simulated = {f"m{pk}" for pk in simulated_members()}
    origins = ["browser", "import"] if simulated else ["browser"]
    through = max(until, min(until + ONE_DAY, clock.days_before(clock.business_day(), 1)))

    def by_day(events: ibis.Table) -> Iterator[Showing]:
        told = events.filter(
            events.name.isin([SHOWN, CHOSEN]),
            events.origin.isin(origins),
            events.properties.contains('"made_on"') & events.properties.contains(telling),
        )
        held: dict[date, dict[tuple[str, str], Showing]] = {}
        for day in _days(since, through):
            columns = ("person", "day", "name", "course_id", "occurred_at", "origin", "properties")
            today = told.filter(told.day == day).order_by(["occurred_at", "id"]).select(*columns)
            for row in today.to_pyarrow().to_pylist():
                if row["origin"] != "browser" and row["person"] not in simulated:
                    continue
                # Logs of earlier versions hold properties that were told to be nothing.
                told_of = json.loads(row["properties"])
                properties = {label: found for label, found in told_of.items() if found is not None}
                if "made_on" not in properties:
                    continue
                made_on = date.fromisoformat(properties["made_on"])
                is_timely = max(since, day - ONE_DAY) <= made_on <= min(until, day)
                is_known = row["person"][0] == "m" or came.get(row["person"], date.max) < made_on
                if row["person"] in takes_part and is_timely and is_known:
                    _hold(held.setdefault(made_on, {}), Showing(row["person"], made_on, properties), row)
            yield from held.pop(day - ONE_DAY, {}).values()
        yield from held.pop(through, {}).values()

    def asked(events: ibis.Table) -> Folded:
        return fold(by_day(_with_person(events)))

    return lake.ask(asked, purpose=read_for, since=since)


def _first_days(telling: str, since: date) -> dict[str, date]:
    """Of each visitor of whom such showings were told since then, the business day on which the academy first heard of
    them: by its own clock, for a browser's may be a week behind."""

    def asked(events: ibis.Table) -> dict[str, date]:
        told = events.filter(
            events.visitor.notnull(),
            events.day >= since,
            events.name.isin([SHOWN, CHOSEN]),
            events.properties.contains(telling),
        )
        theirs = events.semi_join(told, "visitor")
        first = theirs.group_by("visitor").agg(at=theirs.recorded_at.min())
        return {f"v{row['visitor']}": clock.business_day(row["at"]) for row in first.to_pyarrow().to_pylist()}

    return lake.ask(asked, purpose=Purpose.PERSONALISATION)


def _hold(held: dict[tuple[str, str], Showing], seen: Showing, row: Mapping[str, Any]) -> None:
    told = seen.properties
    one = held.setdefault((seen.person, told["showing"]), seen)
    if row["name"] == CHOSEN:
        chosen = Choice(row["course_id"], row["day"], row["occurred_at"], told.get("propensity", 1))
        one.chosen.append(chosen)
    elif one.courses is None:
        chances = told.get("propensities") or [1] * len(told["courses"])
        one.courses = dict(zip(told["courses"], chances, strict=True))


def _taken_up(gathered: Gathering) -> list[int]:
    """The rows of what was gathered in which a course was taken up after it was chosen, and on the same day."""
    days = gathered.chosen_on()
    if not days:
        return []
    skew = SKEW // timedelta(milliseconds=1)

    def asked(events: ibis.Table) -> list[int]:
        acts = _with_person(events.filter(events.name.isin(sorted(TAKING_UP))))
        rows: list[int] = []
        for day in days:
            chosen = list(gathered.choices_on(day))
            courses = sorted({course for _, _, course, _ in chosen})
            of_day = acts.filter(acts.day == day, acts.course_id.isin(courses))
            last = of_day.group_by("person", "course_id").agg(last=of_day.occurred_at.max())
            found = {
                (row["person"], row["course_id"]): milliseconds(row["last"])
                for row in last.to_pyarrow().to_pylist()
            }
            rows += [
                row
                for row, person, course, at in chosen
                if found.get((person, course), at - skew - 1) >= at - skew
            ]
        return rows

    return lake.ask(asked, purpose=Purpose.PERSONALISATION, since=min(days))


def _with_person(events: ibis.Table) -> ibis.Table:
    return events.mutate(person=ibis.coalesce("m" + events.member_id.cast("string"), "v" + events.visitor))


def _days(since: date, until: date) -> Iterator[date]:
    for n in range((until - since).days + 1):
        yield since + timedelta(days=n)


def _people_granting(purpose: Purpose) -> set[str]:
    members, visitors = who_grants(purpose)
    return {*(f"m{pk}" for pk in members), *(f"v{key}" for key in visitors)}
