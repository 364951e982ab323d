"""One day of everybody: who comes when, then sitting by sitting. The same state when it begins, the same day."""

import numpy as np

from zhiyue.engine.simulate.arrivals import came_before, looks_round
from zhiyue.engine.simulate.chance import Bools, Floats, Ints, Stream, uniform
from zhiyue.engine.simulate.kinds import DAY_SECONDS, NONE, Acts, Catalogue, Kind, People, Shelves
from zhiyue.engine.simulate.parameters import Parameters
from zhiyue.engine.simulate.people import Nature, liking
from zhiyue.engine.simulate.rhythm import rates, remembered, sittings
from zhiyue.engine.simulate.sitting import Sitting
from zhiyue.engine.simulate.steps import Sittings, root_of, sees_shelf
from zhiyue.engine.simulate.writing_down import Diary

# Numbers of sittings that aren't those of a member's rhythm.
_BEFORE_JOINING = 100
_LOOKING_ROUND = 101
_AFTER_JOINING = 102
# Between two sittings of a person lie so many seconds at least.
_APART = 600.0


def live_a_day(
    parameters: Parameters,
    shown: Catalogue,
    people: People,
    who: Nature,
    day: int,
    given: Shelves | None = None,
) -> Acts:
    """Everything that happens on `day` (an ordinal), in order of time; `people` is brought to the day's end.

    Visitors are people whose `joined` is infinite: each comes once on the day they are among the people. Who joins
    later is a visitor until then. Depends on the parameters, the courses, and each person's key and state alone, and
    on the shelves that are `given`: what is chosen from them goes by the person's liking, whoever made them.
    """
    diary = Diary(parameters.choice.shelf_length)
    plan = _plan(parameters, people, who, day)
    joiners = np.flatnonzero(np.floor(people.joined) == day)
    seconds = _second_of_joining(people, joiners, day)
    diary.write(Kind.JOIN, joiners, seconds, np.zeros(len(joiners), dtype=np.bool_))
    present, row = np.unique(plan.person, return_inverse=True)
    like = liking(parameters, people.key[present], day, shown)[row.reshape(-1)]
    ended = np.zeros(len(people))
    looked = np.full(len(people), NONE, dtype=np.int64)
    _sign_in(parameters, people, plan, diary, day)
    ranks = _ranks(plan.person)
    for rank in range(int(ranks.max(initial=-1)) + 1):
        now = ranks == rank
        part = Sittings(**{name: getattr(plan, name)[now].copy() for name in Sittings.__dataclass_fields__})
        part.at = np.maximum(part.at, np.where(ended[part.person] > 0, ended[part.person] + _APART, 0.0))
        # Who joins goes on with what was looked at before.
        part.wish = np.where(part.number == _AFTER_JOINING, looked[part.person], NONE)
        Sitting(parameters, shown, people, who, like[now], part, diary, looked, day, given).live()
        ended[part.person] = np.where(part.number == _BEFORE_JOINING, 0.0, part.at)
    acts = diary.finished()
    _remember(people, acts)
    return acts


def who_sees_a_shelf(parameters: Parameters, people: People, who: Nature, day: int) -> Ints:
    """Before whom, of those who are members, a shelf comes into view on `day`, by their rows: for whom others may put
    one together (as far as they sit long enough)."""
    plan = _plan(parameters, people, who, day)
    sees = sees_shelf(parameters, root_of(parameters, people.key[plan.person], plan.number, day))
    return np.unique(plan.person[sees & ~plan.as_visitor])


def _plan(parameters: Parameters, people: People, who: Nature, day: int) -> Sittings:
    """All sittings of the day, ordered by person and time."""
    age = day - np.floor(people.joined)
    # On the day of joining there is always the sitting in which it happens; others come by chance.
    expected = rates(parameters, who, np.where(age < 1, -1.0, age), people.recent, day)
    person, number, start = sittings(parameters, who, expected, day)
    joiners = np.flatnonzero(age == 0)
    joined_at = _second_of_joining(people, joiners, day)
    came = came_before(parameters, people.key[joiners])
    before, moment = joiners[came], joined_at[came]
    lead = 90 + 630 * uniform(parameters.seed, Stream.HOUR, people.key[before], day, _BEFORE_JOINING)
    waiting = age < 0
    round_of = np.flatnonzero(waiting & ~np.isinf(people.joined))
    days_before = (np.floor(people.joined[round_of]) - day).astype(np.int64)
    round_of = round_of[looks_round(parameters, people.key[round_of], days_before)]
    looking = np.concatenate([round_of, np.flatnonzero(np.isinf(people.joined))])
    hours = uniform(parameters.seed, Stream.HOUR, people.key[looking], day, _LOOKING_ROUND)
    begins = _by_hour(who.hours[looking], hours)
    parts = [
        (person, number, start, DAY_SECONDS, False),
        (before, _BEFORE_JOINING, np.maximum(moment - lead, 0.0), moment, True),
        (joiners, _AFTER_JOINING, joined_at + 20, DAY_SECONDS, False),
        (looking, _LOOKING_ROUND, begins, DAY_SECONDS, True),
    ]
    who_sits = np.concatenate([part[0] for part in parts])

    def column(place: int) -> Floats:
        return np.concatenate([np.broadcast_to(np.asarray(p[place], dtype=float), len(p[0])) for p in parts])

    at = column(2)
    order = np.lexsort((at, who_sits))
    return Sittings(
        person=who_sits[order].astype(np.int64),
        number=column(1)[order].astype(np.int64),
        at=at[order],
        end=column(3)[order],
        as_visitor=column(4)[order].astype(np.bool_),
        wish=np.full(len(order), NONE, dtype=np.int64),
    )


def _second_of_joining(people: People, joiners: Ints, day: int) -> Floats:
    return np.asarray((people.joined[joiners] - day) * DAY_SECONDS, dtype=np.float64)


def _by_hour(hours: Floats, drawn: Floats) -> Floats:
    hour = (hours < drawn[:, None]).sum(axis=1)
    return np.asarray(
        np.minimum((hour + np.mod(drawn * 997, 1.0)) * 3600, DAY_SECONDS - 1.0), dtype=np.float64
    )


def _ranks(person: Ints) -> Ints:
    """How many sittings of the same person come before each, where they are ordered by person."""
    first = np.searchsorted(person, person, side="left")
    return np.arange(len(person)) - first


def _sign_in(parameters: Parameters, people: People, plan: Sittings, diary: Diary, day: int) -> None:
    """Who was away long has to sign in again, at the beginning of the first sitting."""
    lately = people.recent[:, : parameters.choice.sign_in_after_days]
    long_ago: Bools = np.asarray(~lately.any(axis=1), dtype=np.bool_)
    first = (_ranks(plan.person) == 0) & ~plan.as_visitor & (np.floor(people.joined[plan.person]) < day)
    due = np.flatnonzero(first & long_ago[plan.person])
    diary.write(Kind.SIGN_IN, plan.person[due], plan.at[due], plan.as_visitor[due])
    plan.at[due] = np.minimum(plan.at[due] + 5, DAY_SECONDS - 0.5)


def _remember(people: People, acts: Acts) -> None:
    was_there: Bools = np.zeros(len(people), dtype=np.bool_)
    was_there[acts.person[~acts.as_visitor]] = True
    people.recent = remembered(people.recent, was_there)
