"""Lessons shown to friends: told over a day that was lived without them.

Nobody's day depends on who else is there, so a gift brings nobody. Some finish a lesson and show it to friends; of
those who come for the first time that day some are told to have come by such a gift, and to have read the lesson before
they looked round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from zhiyue.engine.simulate.chance import Bools, Stream, uniform
from zhiyue.engine.simulate.kinds import DAY_SECONDS, NONE, Acts, Catalogue, Kind, People
from zhiyue.engine.simulate.parameters import Parameters

# Reading takes a friend so many seconds, and a while later they look round.
_LEAST, _MOST, _REST = 120.0, 600.0, 20.0
_AFTER_FINISH = 6.0


@dataclass(frozen=True, slots=True)
class Gift:
    """A lesson that somebody shows: the giver's row, indices of course and lesson, the moment in days at which it was
    made, and how many friends may still open it until `ends`."""

    giver: int
    course: int
    lesson: int
    made: float
    ends: float
    left: int


def with_gifts(
    parameters: Parameters,
    shown: Catalogue,
    people: People,
    acts: Acts,
    day: int,
    *,
    standing: Sequence[Gift],
    giveable: Bools,
    friends: int,
    lasts_days: int,
) -> tuple[Acts, list[Gift]]:
    """A day's acts with what was given and opened on it, and the gifts that these are about: those `standing` when the
    day began, then its own. `people` stand as the day left them, and are brought further by what they read. `giveable`
    (C,) are the courses of which lessons may be shown."""
    gifts = [*standing, *_given(parameters, shown, people, acts, day, giveable, friends, lasts_days)]
    rows = [
        {"person": gift.giver, "kind": Kind.GIVE, "at": (gift.made - day) * DAY_SECONDS, "as_visitor": False,
         "course": gift.course, "lesson": gift.lesson, "gift": n}
        for n, gift in enumerate(gifts)
        if n >= len(standing)
    ]  # fmt: skip
    rows += _received(parameters, shown, people, acts, day, gifts)
    return _joined(acts, rows), gifts


def _given(
    parameters: Parameters,
    shown: Catalogue,
    people: People,
    acts: Acts,
    day: int,
    giveable: Bools,
    friends: int,
    lasts_days: int,
) -> Iterator[Gift]:
    """One a person and day at most, of a lesson that isn't free and a course that is theirs, or their membership's."""
    closed = (acts.kind == Kind.FINISH) & ~acts.as_visitor
    closed &= ~shown.lesson_is_free[acts.lesson] & giveable[acts.course] & (shown.price_fen[acts.course] > 0)
    rows = np.flatnonzero(closed & (acts.at < DAY_SECONDS - 2 * _AFTER_FINISH))
    drawn = uniform(parameters.seed, Stream.GIFT, people.key[acts.person[rows]], day, acts.lesson[rows])
    gave: set[int] = set()
    for row in rows[drawn < parameters.lending.giving].tolist():
        person, course = int(acts.person[row]), int(acts.course[row])
        made = day + np.floor((acts.at[row] + _AFTER_FINISH) * 1000) / 1000 / DAY_SECONDS
        if person not in gave and _may_share(shown, people, person, course, float(made)):
            gave.add(person)
            yield Gift(person, course, int(acts.lesson[row]), float(made), float(made) + lasts_days, friends)


def _may_share(shown: Catalogue, people: People, person: int, course: int, moment: float) -> bool:
    """What somebody only tries isn't theirs to show."""
    plan = int(people.plan[person])
    by_plan = plan != NONE and people.open_until[person] > moment and shown.opens[plan, course]
    return bool(people.enrolled[person, course] or by_plan)


def _received(
    parameters: Parameters, shown: Catalogue, people: People, acts: Acts, day: int, gifts: Sequence[Gift]
) -> list[dict[str, float]]:
    found: list[dict[str, float]] = []
    left = [gift.left for gift in gifts]
    for person, came, joins in _strangers(acts):
        chances = uniform(
            parameters.seed, Stream.GIFT, people.key[[person]], day, NONE - np.arange(4)[:, None]
        )
        drawn, which, pace, share = (float(one) for one in chances.ravel())
        wanted = parameters.lending.invited if joins else parameters.lending.passing
        seconds = _LEAST + (_MOST - _LEAST) * pace
        at = came - _REST - seconds
        moment = day + at / DAY_SECONDS
        fits = [
            n
            for n, gift in enumerate(gifts)
            if gift.made < moment < gift.ends
            and left[n]
            and _may_share(shown, people, gift.giver, gift.course, moment)
        ]
        if at < 0 or drawn >= wanted or not fits:
            continue
        n = fits[min(int(which * len(fits)), len(fits) - 1)]
        left[n] -= 1
        percent = 100 if share < parameters.choice.finish_own else int(10 + 80 * pace)
        found += _read(person, gifts[n], n, at, seconds, percent)
        before = people.percent[person, gifts[n].lesson]
        people.percent[person, gifts[n].lesson] = max(before, percent)
        people.finished[person, gifts[n].lesson] |= percent == 100
    return found


def _strangers(acts: Acts) -> list[tuple[int, float, bool]]:
    """Who was there without an account, by when they came, and whether they joined that day."""
    rows, first = np.unique(acts.person[acts.as_visitor], return_index=True)
    came = acts.at[acts.as_visitor][first]
    joined = set(acts.person[acts.kind == Kind.JOIN].tolist())
    order = np.lexsort((rows, came))
    return [(int(rows[n]), float(came[n]), int(rows[n]) in joined) for n in order.tolist()]


def _read(
    person: int, gift: Gift, n: int, at: float, seconds: float, percent: int
) -> Iterator[dict[str, float]]:
    about = {"person": person, "as_visitor": True, "course": gift.course, "lesson": gift.lesson, "gift": n}
    yield {**about, "kind": Kind.RECEIVE, "at": at}
    yield {**about, "kind": Kind.OPEN, "at": at + 1}
    reads = {"percent": percent, "seconds": min(60, int(seconds))}
    yield {**about, **reads, "kind": Kind.READ, "at": at + seconds}
    if percent == 100:
        yield {**about, "kind": Kind.FINISH, "at": at + seconds + 3}


def _joined(acts: Acts, rows: Sequence[dict[str, float]]) -> Acts:
    """Acts with more of them, in the order of time."""
    if not rows:
        return acts
    columns: dict[str, Any] = {}
    for one in fields(Acts):
        column = getattr(acts, one.name)
        if one.name in ("slates", "searched", "paths"):
            continue
        empty = 0 if one.name in ("seconds", "percent", "position", "propensity", "found") else NONE
        more = np.array([row.get(one.name, empty) for row in rows], dtype=column.dtype)
        if one.name == "at":
            # To the millisecond, as the event log keeps it.
            more = np.floor(more * 1000) / 1000
        columns[one.name] = np.concatenate([column, more])
    order = np.lexsort((columns["person"], columns["at"]))
    return replace(acts, **{name: column[order] for name, column in columns.items()})
