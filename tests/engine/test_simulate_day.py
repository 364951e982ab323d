"""A simulated day: the same from the same state, never impossible, and put together by one person at a time."""

from collections import defaultdict
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyue.engine.simulate import arrivals, chance
from zhiyue.engine.simulate.day import live_a_day, who_sees_a_shelf
from zhiyue.engine.simulate.dirt import KINDS, dirt
from zhiyue.engine.simulate.kinds import (
    NONE,
    Acts,
    Course,
    Kind,
    Lesson,
    People,
    Shelves,
    catalogue,
    newcomers,
)
from zhiyue.engine.simulate.parameters import ACADEMY
from zhiyue.engine.simulate.people import liking, nature

DAY = 739_500
# Only where a course has a price.
BEFORE_A_PRICE = (Kind.PEEK, Kind.SKIM, Kind.LEAVE, Kind.PRICE, Kind.CHECKOUT, Kind.PAY, Kind.LAPSE)
LIVELY = replace(ACADEMY, rhythm=replace(ACADEMY.rhythm, rate=0.8))


def academy(courses=12, lessons=3):
    """Courses of three topics; every third is free, the last comes out on DAY."""
    found, lesson_id = [], 100
    for n in range(courses):
        written = tuple(Lesson(lesson_id + k, 5 + k, k == 0) for k in range(lessons))
        lesson_id += lessons
        found.append(
            Course(
                id=n + 1,
                topic=("data", "ai", "life")[n % 3],
                tags=(f"tag {n % 5}", f"tag {n % 7} b"),
                price_fen=0 if n % 3 == 0 else 4900 + 1000 * n,
                published_day=DAY if n == courses - 1 else DAY - 100,
                lessons=written,
                keyword=f"word {n}",
            )
        )
    return catalogue(found)


def crowd(count, joined, shown):
    key = chance.keys([f"person {n}" for n in range(count)])
    return newcomers(key, np.asarray(joined, dtype=float), shown)


def copy(people, rows=slice(None)):
    return People(**{part.name: getattr(people, part.name)[rows].copy() for part in fields(People)})


def live(people, shown, days, parameters=LIVELY):
    who = nature(parameters, people.key)
    return [live_a_day(parameters, shown, people, who, DAY + n) for n in range(days)]


def told(acts, shown, people):
    """Acts as tuples that don't depend on the rows of people."""
    slates = [acts.slates[n].tolist() if n != NONE else None for n in acts.slate]
    return [
        (int(people.key[person]), int(kind), at, course, lesson, percent, position, propensity, slate)
        for person, kind, at, course, lesson, percent, position, propensity, slate in zip(
            acts.person, acts.kind.tolist(), acts.at.tolist(), acts.course.tolist(), acts.lesson.tolist(),
            acts.percent.tolist(), acts.position.tolist(), acts.propensity.tolist(), slates, strict=True,
        )
    ]  # fmt: skip


def test_a_day_lived_again_from_the_same_state_is_the_same_day():
    shown = academy()
    people = crowd(40, [DAY - 10] * 40, shown)
    live(people, shown, 3)
    once, again = copy(people), copy(people)
    [first], [second] = live(once, shown, 1), live(again, shown, 1)
    assert len(first) > 50
    assert told(first, shown, once) == told(second, shown, again)
    assert all((getattr(once, part.name) == getattr(again, part.name)).all() for part in fields(People))


def test_nobodys_day_depends_on_who_else_is_there():
    shown = academy()
    joined = [DAY - 10] * 20 + [DAY + 0.5, DAY + 2.5, np.inf, np.inf]
    everybody = crowd(24, joined, shown)
    half = copy(everybody, slice(None, None, 2))
    [all_acts], [half_acts] = live(everybody, shown, 1), live(half, shown, 1)
    kept = {int(key) for key in half.key}
    assert [act for act in told(all_acts, shown, everybody) if act[0] in kept] == told(half_acts, shown, half)


def test_another_seed_is_another_life():
    shown = academy()
    one, other = crowd(30, [DAY - 10] * 30, shown), crowd(30, [DAY - 10] * 30, shown)
    [first] = live(one, shown, 1)
    [second] = live(other, shown, 1, replace(LIVELY, seed=1))
    assert told(first, shown, one) != told(second, shown, other)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    joined=st.lists(st.one_of(st.floats(DAY - 40, DAY + 6), st.just(np.inf)), min_size=1, max_size=12),
    days=st.integers(1, 6),
    courses=st.integers(1, 9),
)
def test_nothing_impossible_happens(seed, joined, days, courses):
    shown = academy(courses)
    parameters = replace(LIVELY, seed=seed)
    people = crowd(len(joined), joined, shown)
    opened, owned, percent, finished = set(), set(), defaultdict(int), set()
    for n, acts in enumerate(live(people, shown, days, parameters)):
        assert ((acts.at >= 0) & (acts.at < 86_400)).all()
        assert (np.diff(acts.at) >= 0).all()
        for row in range(len(acts)):
            _check(acts, row, DAY + n, people, shown, (opened, owned, percent, finished))
    for person, course in owned:
        assert people.enrolled[person, course]
    assert people.enrolled.sum() == len(owned)
    assert people.finished.sum() == len(finished)


def _check(acts: Acts, row, day, people, shown, so_far):
    opened, owned, percent, finished = so_far
    kind, person = Kind(int(acts.kind[row])), int(acts.person[row])
    course, lesson = int(acts.course[row]), int(acts.lesson[row])
    moment = day + acts.at[row] / 86_400
    joined = people.joined[person]
    # To the millisecond: acts are kept so.
    assert acts.as_visitor[row] == (moment < joined - 2e-8)
    if course != NONE:
        assert shown.published_day[course] < day
    match kind:
        case Kind.OPEN:
            assert (person, course) in owned or shown.lesson_is_free[lesson]
            assert (person, lesson) not in finished
            opened.add((person, lesson))
        case Kind.READ:
            assert (person, lesson) in opened
            assert percent[person, lesson] <= acts.percent[row] <= 100
            assert 1 <= acts.seconds[row] <= 60
            percent[person, lesson] = int(acts.percent[row])
        case Kind.FINISH:
            assert (person, lesson) in opened
            assert (person, lesson) not in finished
            finished.add((person, lesson))
        case Kind.ENROL:
            assert (person, course) not in owned
            assert not acts.as_visitor[row]
            paid = (acts.kind == Kind.PAY) & (acts.person == person) & (acts.course == course)
            assert paid.any() == (shown.price_fen[course] > 0)
            owned.add((person, course))
        case Kind.SAVE:
            assert not acts.as_visitor[row]
        case Kind.SLATE:
            listed = acts.slates[acts.slate[row]]
            listed = listed[listed != NONE].tolist()
            assert 1 <= len(listed) == len(set(listed))
        case Kind.CHOOSE:
            assert acts.slates[acts.slate[row], acts.position[row] - 1] == course
            assert 0 < acts.propensity[row] <= 1
        case Kind.FIND:
            assert acts.position[row] >= 1
        case _:
            _check_before_a_price(acts, row, shown, owned)


def _check_before_a_price(acts, row, shown, owned):
    kind, person = Kind(int(acts.kind[row])), int(acts.person[row])
    course, lesson = int(acts.course[row]), int(acts.lesson[row])
    if kind in BEFORE_A_PRICE:
        assert shown.price_fen[course] > 0
        assert kind == Kind.LAPSE or (person, course) not in owned
    match kind:
        case Kind.PEEK | Kind.SKIM | Kind.LEAVE:
            assert lesson in shown.lessons[course] and not shown.lesson_is_free[lesson]
            assert 0 <= acts.percent[row] <= 100
        case Kind.PAY | Kind.LAPSE:
            assert not acts.as_visitor[row]
            placed = acts.at[row] - acts.seconds[row]
            begun = (acts.kind == Kind.CHECKOUT) & (acts.person == person) & (acts.course == course)
            assert (acts.at[begun] <= placed + 0.001).any()
        case Kind.CHECKOUT:
            assert not acts.as_visitor[row]
        case _:
            pass


def test_who_joins_was_often_a_visitor_first_and_goes_on_with_what_they_looked_at():
    shown = academy()
    joined = [DAY + 0.4 + n / 1000 for n in range(200)]
    people = crowd(200, joined, shown)
    [acts] = live(people, shown, 1)
    joining = acts.kind == Kind.JOIN
    assert sorted(acts.person[joining].tolist()) == list(range(200))
    came = arrivals.came_before(LIVELY, people.key)
    before = np.unique(acts.person[acts.as_visitor])
    assert before.tolist() == np.flatnonzero(came).tolist()
    looked, same, asked = {}, 0, 0
    for person, kind, course, as_visitor in zip(
        acts.person, acts.kind, acts.course, acts.as_visitor, strict=True
    ):
        if kind != Kind.VIEW:
            continue
        if as_visitor:
            looked[person] = course
        elif person in looked:
            asked += 1
            same += looked.pop(person) == course
    assert asked == same > 40


def test_nobody_reads_where_nothing_is_out_and_an_empty_academy_is_a_quiet_one():
    shown = catalogue([])
    people = crowd(10, [DAY - 5] * 10, shown)
    [acts] = live(people, shown, 1)
    assert {Kind(kind) for kind in acts.kind.tolist()} <= {Kind.PAGE, Kind.SIGN_IN}
    nobody = crowd(0, [], shown)
    [acts] = live(nobody, shown, 1)
    assert len(acts) == 0


def test_places_further_down_are_chosen_less_and_liking_decides():
    shown = academy(12)
    people = crowd(3000, [DAY - 30] * 3000, shown)
    chosen = np.concatenate([acts.position[acts.kind == Kind.CHOOSE] for acts in live(people, shown, 3)])
    count = np.bincount(chosen, minlength=9)[1:9]
    assert count.sum() > 500
    # The first who is examined and attracted ends it, so the fall is a little steeper than 1/place.
    assert count[0] / count.sum() == pytest.approx(0.42, abs=0.06)
    assert count[0] > 1.7 * count[1] > 1.7 * count[3] > 0


def test_lurkers_save_an_eighth_as_often_as_those_who_take_part():
    shown = academy(12)
    people = crowd(6000, [DAY - 30] * 6000, shown)
    role = nature(LIVELY, people.key).role
    acts = live(people, shown, 2)
    views, saves = np.zeros(3), np.zeros(3)
    for day in acts:
        views += np.bincount(role[day.person[day.kind == Kind.VIEW]], minlength=3)
        saves += np.bincount(role[day.person[day.kind == Kind.SAVE]], minlength=3)
    taking_part = saves[:2].sum() / views[:2].sum()
    assert saves[2] / views[2] / taking_part == pytest.approx(0.12, abs=0.05)


def test_dirt_is_the_same_each_time_and_of_every_kind():
    from datetime import UTC, datetime  # noqa: PLC0415

    start = datetime(2026, 3, 1, tzinfo=UTC)
    found = dirt(ACADEMY, day_start=start, day=DAY, batches=120.0, paths=("/", "/courses/"))
    assert found == dirt(ACADEMY, day_start=start, day=DAY, batches=120.0, paths=("/", "/courses/"))
    assert {batch.kind for batch in found} == set(KINDS)
    assert [batch.received_at for batch in found] == sorted(batch.received_at for batch in found)
    assert len({batch.visitor for batch in found}) == len(found)
    assert dirt(ACADEMY, day_start=start, day=DAY, batches=0.0) == []


# --- shelves that others put together ---


def shelves(people, rows, listed, chances=None):
    """The same shelf for some."""
    places = ACADEMY.choice.shelf_length
    found = Shelves(np.full((len(people), places), NONE), np.zeros((len(people), places)))
    found.listed[rows, : len(listed)] = listed
    found.chance[rows, : len(listed)] = chances or [1.0] * len(listed)
    return found


def a_day(people, shown, given=None):
    lived = copy(people)
    return live_a_day(LIVELY, shown, lived, nature(LIVELY, people.key), DAY, given)


def shelves_shown(acts):
    """(row of the person, courses in their order) of each, members' only."""
    at = np.flatnonzero((acts.kind == Kind.SLATE) & ~acts.as_visitor)
    return [(int(acts.person[n]), [c for c in acts.slates[acts.slate[n]].tolist() if c != NONE]) for n in at]


def test_a_shelf_that_is_given_is_the_one_that_is_shown_and_others_see_one_drawn_by_charm():
    shown = academy()
    people = crowd(300, np.full(300, DAY - 30.5), shown)
    plain, theirs = a_day(people, shown), np.arange(0, 300, 2)

    acts = a_day(people, shown, shelves(people, theirs, [7, 2, 5, 9], [1.0, 0.25, 1.0, 1.0]))

    told = shelves_shown(acts)
    mine = [listed for row, listed in told if row % 2 == 0]
    # Who takes one of them in the morning doesn't see it in the evening.
    assert all(listed == [course for course in (7, 2, 5, 9) if course in listed] for listed in mine)
    assert sum(len(listed) == 4 for listed in mine) > 0.9 * len(mine) > 20
    others = [one for one in told if one[0] % 2]
    assert others == [one for one in shelves_shown(plain) if one[0] % 2] != []
    # What is chosen stood there, at its place and with its chance.
    chosen = np.flatnonzero((acts.kind == Kind.CHOOSE) & (acts.person % 2 == 0))
    chances = {7: 1.0, 2: 0.25, 5: 1.0, 9: 1.0}
    assert len(chosen) > 10
    for n in chosen:
        assert acts.course[n] == acts.slates[acts.slate[n]][acts.position[n] - 1]
        assert acts.propensity[n] == chances[acts.course[n]]
    # Who sees none is told before the day is lived.
    sees = who_sees_a_shelf(LIVELY, people, nature(LIVELY, people.key), DAY)
    assert {row for row, _ in told} <= set(sees.tolist())
    assert len(sees) < 300


def test_what_is_chosen_from_a_given_shelf_goes_by_liking():
    shown = academy()
    people = crowd(2000, np.full(2000, DAY - 30.5), shown)
    like = liking(LIVELY, people.key, DAY, shown)
    first = [int(np.argmax(like[row])) for row in range(2000)]
    last = [int(np.argmin(like[row])) for row in range(2000)]

    def chosen_from(courses):
        given = shelves(people, slice(None), [0])
        given.listed[:, 0] = courses
        acts = a_day(people, shown, given)
        return np.sum(acts.kind == Kind.CHOOSE) / np.sum(acts.kind == Kind.SLATE)

    # Course 11 comes out on DAY: nobody is shown it yet.
    assert chosen_from(np.minimum(first, 10)) > 3 * chosen_from(np.minimum(last, 10))


def test_what_somebody_took_has_left_their_shelf_and_an_empty_one_is_not_shown():
    shown = academy()
    people = crowd(200, np.full(200, DAY - 30.5), shown)
    people.enrolled[:100, 7] = True
    people.enrolled[100:, :] = True
    people.enrolled[100:, 11] = False

    told = shelves_shown(a_day(people, shown, shelves(people, slice(None), [7, 2, 5])))

    assert {row < 100 for row, _ in told} == {True}
    first = {tuple(listed) for row, listed in told}
    assert (2, 5) in first
    assert all(set(listed) <= {2, 5} for listed in first)
