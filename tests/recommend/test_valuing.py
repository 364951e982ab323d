"""A contest on simulated people whose best policy is known: it gets the larger share, and the log that this leaves
tells what the other one is worth."""

import json
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from io import StringIO
from itertools import count
from uuid import UUID, uuid5

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.engine.simulated_choices import academy
from tests.factories import make_member, make_visitor
from tests.recommend.contested import choose, show, slate_of, take_up
from zhiyue.collect import lake
from zhiyue.collect.cleaning import clean
from zhiyue.collect.kinds import Actor
from zhiyue.collect.log import LogRow, append, row_of
from zhiyue.collect.models import Event
from zhiyue.collect.vocabulary.kinds import BROWSE_DAYS
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, VERSION
from zhiyue.core.kit import clock
from zhiyue.engine.evaluate import Estimate, Missing
from zhiyue.engine.logged import Rounds
from zhiyue.engine.off_policy import Demands, compared, evaluated
from zhiyue.engine.simulate import chance, choice
from zhiyue.engine.simulate.parameters import Parameters
from zhiyue.engine.simulate.people import charm, liking
from zhiyue.recommend import live
from zhiyue.recommend.arms import count_all
from zhiyue.recommend.contests import assigned
from zhiyue.recommend.models import ArmDay, Contest, LivePolicy
from zhiyue.recommend.people_days import Choice as Chosen
from zhiyue.recommend.people_days import Gathering, PeopleDays, PersonDay
from zhiyue.recommend.policies import CONTEST
from zhiyue.recommend.showings import days_of_people
from zhiyue.recommend.valuing import is_settled, only, rounds_of, valued

pytestmark = pytest.mark.django_db
PEOPLE, DAYS, EVERY = 120, 36, 6
SIMULATED = 739_500
NAMESPACE = UUID(int=7)
# Of those who choose a course so many open it on the same day.
TAKES_UP = 0.7


class Simulated:
    """People of the simulator before two shelves: `hybrid` knows what each of them likes, `popular` what pulls all."""

    def __init__(self) -> None:
        self.parameters, shown = Parameters(), academy()
        like = liking(self.parameters, chance.keys([f"person {n}" for n in range(PEOPLE)]), SIMULATED, shown)
        everybody = np.broadcast_to(charm(self.parameters, shown.course_id), like.shape)
        attraction = choice.attracted(self.parameters, like)
        k = self.parameters.choice.shelf_length
        looked_at = choice.examined(self.parameters, k)
        self.listed = {
            policy: np.argsort(-order, axis=1)[:, :k]
            for policy, order in (("hybrid", like), ("popular", everybody))
        }
        # (people, places): the chance to choose each place of each shelf.
        self.chances = {
            policy: looked_at * np.take_along_axis(attraction, listed, axis=1)
            for policy, listed in self.listed.items()
        }

    def worth(self, policy: str) -> float:
        """On how many days of people something is taken up, if everybody is shown this policy."""
        none = np.prod(1.0 - TAKES_UP * self.chances[policy], axis=1)
        return float(np.mean(1.0 - none))


def days_lived(
    simulated: Simulated,
    contest: Contest,
    people: list[Actor],
    first: date,
    days: range,
    random: np.random.Generator,
) -> Iterator[LogRow]:
    """What browsers and the server tell of some days on which everybody comes once, by the door of the log for many."""
    numbers = count()

    def row(
        name: str, actor: Actor, at: datetime, course: int | None, properties: dict[str, object]
    ) -> LogRow:
        told = clean(
            name=name, origin="browser" if name.startswith("slate") else "server",
            event_id=uuid5(NAMESPACE, f"{first} {days} {next(numbers)}"), course_id=course,
            lesson_id=None, properties=properties, occurred_at=at, received_at=at,
        )  # fmt: skip
        return row_of(
            told, actor=actor, origin="browser" if name.startswith("slate") else "server", received_at=at,
            purposes=told.kind.stored_for(EVERYTHING), zone=clock.business_zone(),
        )  # fmt: skip

    if 0 in days:
        # Only whoever was here before counts.
        for actor in people:
            yield row("course.viewed", actor, clock.day_start(first) - timedelta(hours=9), 1, {})
    for day in days:
        morning = clock.day_start(first + timedelta(days=day)) + timedelta(hours=9)
        for n, actor in enumerate(people):
            by = assigned(actor, morning)
            slate = {"slate": "for-you", "policy": by.policy, "showing": f"{n}-{day}"}
            made_on = clock.business_day(morning).isoformat()
            slate |= {"made_on": made_on, "contest": contest.pk, "policy_chance": by.chance}
            listed = [int(place) + 1 for place in simulated.listed[by.policy][n]]
            yield row("slate.shown", actor, morning, None, {**slate, "courses": listed})
            wanted = np.flatnonzero(random.random(len(listed)) < simulated.chances[by.policy][n])
            for place in wanted.tolist():
                told = {**slate, "position": place + 1, "propensity": 1}
                yield row("slate.chosen", actor, morning + timedelta(minutes=1), listed[place], told)
                if random.random() < TAKES_UP:
                    yield row("course.enrolled", actor, morning + timedelta(minutes=2), listed[place], {})


@pytest.fixture
def lived(db, monkeypatch):
    """Thirty-six days of a contest, of which the chances were decided anew after each six."""
    simulated, random = Simulated(), np.random.default_rng(0)
    # Lots go by day, person and contest: all fixed, so that each run draws the same.
    now = clock.day_start(date(2026, 6, 1)) + timedelta(hours=12)
    monkeypatch.setattr(clock, "now", lambda: now)
    first = clock.business_day() - timedelta(days=DAYS)
    chose = {
        "granted": int(EVERYTHING),
        "version": VERSION,
        "way": Choice.Way.BAR,
        "made_at": clock.day_start(first),
    }
    people = [Actor(visitor=uuid5(NAMESPACE, f"person {n}"), granted=EVERYTHING) for n in range(PEOPLE)]
    Choice.objects.bulk_create(Choice(visitor=actor.visitor, **chose) for actor in people)
    contest = Contest.objects.create(
        pk=71,
        policies=["popular", "hybrid"],
        chances={first.isoformat(): {"popular": 0.5, "hybrid": 0.5}},
        began_at=clock.day_start(first),
    )
    LivePolicy.objects.create(policy="popular", contest=contest)
    for begin in range(0, DAYS, EVERY):
        live.forget()
        append(list(days_lived(simulated, contest, people, first, range(begin, begin + EVERY), random)))
        # The night after, so that the chances are those of the days that follow.
        night = clock.day_start(first + timedelta(days=begin + EVERY - 1)) + timedelta(hours=23)
        monkeypatch.setattr(clock, "now", lambda night=night: night)
        count_all()
    monkeypatch.setattr(clock, "now", lambda: now)
    live.forget()
    count_all()
    contest.refresh_from_db()
    return simulated, contest


def run(*words):
    out = StringIO()
    call_command("recommend", "off-policy", *map(str, words), stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_better_policy_gets_the_larger_share_and_the_log_tells_what_the_other_is_worth(lived, tmp_path):
    simulated, contest = lived
    better, worse = simulated.worth("hybrid"), simulated.worth("popular")
    assert better > 1.2 * worse
    last = contest.chances[max(contest.chances)]
    assert last["hybrid"] > 0.75
    assert min(last.values()) >= CONTEST.least_share - 1e-9
    shown = {
        policy: sum(ArmDay.objects.filter(policy=policy).values_list("shown", flat=True)) for policy in last
    }
    assert shown["hybrid"] + shown["popular"] == PEOPLE * DAYS
    assert shown["hybrid"] > 1.5 * shown["popular"]

    found = valued(contest)

    assert found.days == PEOPLE * DAYS
    for policy, truth in (("popular", worse), ("hybrid", better)):
        one = found.policies[policy]
        assert (one.over, one.units) == ("people", PEOPLE)
        assert one.weights.low <= 1 <= one.weights.high
        for method in ("ips", "snips", "dr"):
            value = one.values[method]
            assert isinstance(value, Estimate)
            assert value.low <= truth <= value.high
    assert found.policies["hybrid"].gains["dr"].low > 0 > found.policies["popular"].gains["dr"].high
    # Kept with the contest for the lab.
    assert (found.lead.best, found.lead.is_sure) == ("hybrid", True)
    assert found.lead.gaps["popular"].low <= better - worse <= found.lead.gaps["popular"].high
    # Reckoned on seven nights until now.
    assert (len(contest.valued["nights"]), is_settled(contest.valued)) == (7, True)
    value = found.policies["popular"].values["dr"]
    assert contest.valued["policies"]["popular"] == {
        "people": found.people["popular"],
        "dr": [value.value, value.low, value.high],
    }
    assert 0 < found.people["popular"] <= PEOPLE
    # The command tells the same.
    said = run("--academy", "--json", tmp_path / "report.json")
    assert f"contest {contest.pk}, 2026-04-26 to 2026-05-31: 4,320 days of people" in said
    assert said.index("only popular, 4,320 rounds of 120 people") < said.index("only hybrid, 4,320 rounds")
    assert f"{value.value:.5f} [{value.low:.5f}, {value.high:.5f}]" in said
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["policies"]["hybrid"]["values"]["dr"]["low"] > 0


# --- too little, and bad words ---


def columns(days):
    """Records as the columns in which many of them are kept."""
    gathered = Gathering()
    for one in days:
        at = clock.day_start(one.day) + timedelta(hours=9)
        chosen = [Chosen(1, one.day, at, 1.0)] if one.is_chosen else []
        gathered.add(one.person, one.day, one.policy, one.chance, chosen)
    return gathered.finished([n for n, one in enumerate(days) if one.is_taken])


def some_days(n, policy="hybrid"):
    first = date(2026, 1, 1)
    return columns(
        [
            PersonDay(f"m{i % 40}", first + timedelta(days=i // 40), policy, 0.5, True, i % 2 == 0)
            for i in range(n)
        ]
    )


def records():
    """The days of people of a log without surprises (one showing a day, told by itself), read event by event."""
    acts: dict[tuple[str, date], dict[str, list[Event]]] = {}
    for event in Event.objects.exclude(name="offer.seen").order_by("occurred_at"):
        person = f"m{event.member_id}" if event.member_id else f"v{event.visitor}"
        acts.setdefault((person, event.day), {}).setdefault(event.name, []).append(event)
    found = []
    for (person, day), did in sorted(acts.items(), key=lambda one: (one[0][1], one[0][0])):
        (shown,) = did["slate.shown"]
        chosen = {one.course_id for one in did.get("slate.chosen", [])}
        taken = chosen & {one.course_id for one in did.get("course.enrolled", [])}
        told = shown.properties
        found.append(PersonDay(person, day, told["policy"], told["policy_chance"], bool(chosen), bool(taken)))
    return found


def rounds_one_by_one(days, policies):
    names = [*policies, *sorted({one.policy for one in days} - set(policies))]
    people = sorted({one.person for one in days})
    first = {one.person: one.day for one in reversed(days)}
    return Rounds(
        action=np.array([names.index(one.policy) for one in days]),
        reward=np.array([float(one.is_taken) for one in days]),
        propensity=np.array([one.chance for one in days]),
        actions=len(names),
        person=np.array([people.index(one.person) for one in days]),
        context=np.array([[one.person.startswith("m"), first[one.person] == one.day] for one in days], float),
    )


@pytest.mark.parametrize("is_sealed", [False, True])
def test_columns_give_the_numbers_that_a_record_for_each_day_of_a_person_gives(db, is_sealed):
    random = np.random.default_rng(5)
    today = clock.business_day()
    contest = Contest.objects.create(
        policies=["walks", "hybrid"], chances={}, began_at=clock.day_start(today - timedelta(days=9))
    )
    people = [Actor(visitor=make_visitor()) for _ in range(24)]
    people += [Actor(member_id=make_member(f"d{n}@test.example", "甲").pk) for n in range(16)]
    for ago in range(8, 0, -1):
        chance = float(random.uniform(0.3, 0.7))
        for actor in people:
            at = clock.day_start(today - timedelta(days=ago)) + timedelta(hours=float(random.uniform(1, 20)))
            if random.random() < 0.3:
                continue
            policy = random.choice(["walks", "hybrid", "ease"], p=[chance, 0.9 - chance, 0.1])
            of = {"walks": chance, "hybrid": 0.9 - chance, "ease": 0.1}[policy]
            slate = slate_of(str(policy), contest=contest.pk, chance=of)
            show(actor, at, slate)
            for course in (1, 2):
                if random.random() < 0.5:
                    choose(actor, at + timedelta(minutes=course), slate, course)
            if random.random() < 0.6:
                take_up(actor, at + timedelta(minutes=9), int(random.integers(1, 4)))
    if is_sealed:
        lake.seal_past_days()
    expected = records()

    found = days_of_people(contest.pk, since=today - timedelta(days=9), until=today)

    assert list(found) == expected
    assert len({(one.is_chosen, one.is_taken) for one in expected}) == 3
    by_columns, one_by_one = rounds_of(found, contest.policies), rounds_one_by_one(expected, contest.policies)
    for name in ("action", "reward", "propensity", "actions", "person", "context"):
        assert np.array_equal(getattr(by_columns, name), getattr(one_by_one, name)), name
    told = valued(contest)
    for arm in contest.policies:
        assert told.policies[arm] == evaluated(one_by_one, only(arm, one_by_one, contest.policies))
        assert told.people[arm] == len({one.person for one in expected if one.policy == arm})


def test_a_day_of_a_person_takes_little_memory_while_it_is_reckoned():
    people, days = 2_000, 180
    random = np.random.default_rng(0)
    of_day = np.repeat(np.arange(days), people) + date(2026, 1, 1).toordinal()
    rows = PeopleDays(
        people=tuple(f"m{n}" for n in range(people)), policies=("walks", "hybrid", "content"),
        person=np.tile(np.arange(people), days), day=of_day, policy=random.integers(0, 3, people * days),
        chance=np.full(people * days, 1 / 3), is_chosen=np.ones(people * days, dtype=np.bool_),
        is_taken=random.random(people * days) < 0.1,
    )  # fmt: skip
    arms = list(rows.policies)
    tracemalloc.start()
    try:
        rounds = rounds_of(rows, arms)
        targets = {arm: only(arm, rounds, arms) for arm in arms}
        compared(rounds, targets, demands=Demands(resamples=100))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # 114, and blocks and resamples, which don't grow with the days. It was 323.
    assert peak < 145 * len(rows)


def test_rounds_say_who_it_was_and_what_was_known_before():
    days = [
        PersonDay("m1", date(2026, 1, 1), "hybrid", 0.8, True, True),
        PersonDay("v2", date(2026, 1, 1), "ease", 0.1, False, False),
        PersonDay("m1", date(2026, 1, 2), "walks", 0.1, True, False),
    ]
    rounds = rounds_of(columns(days), ["walks", "hybrid"])
    assert rounds.action.tolist() == [1, 2, 0]
    assert (rounds.actions, rounds.reward.tolist()) == (3, [1, 0, 0])
    assert rounds.propensity.tolist() == [0.8, 0.1, 0.1]
    assert rounds.person.tolist() == [0, 1, 0]
    assert rounds.context.tolist() == [[1, 1], [0, 1], [1, 0]]
    assert only("hybrid", rounds, ["walks", "hybrid"]).chances.tolist() == [[0, 1, 0]]


def test_an_ended_contest_is_valued_to_its_end(db):
    began, ended = (clock.now() - timedelta(days=days) for days in (20, 10))
    contest = Contest.objects.create(
        policies=["hybrid", "popular"], chances={}, began_at=began, ended_at=ended
    )
    assert valued(contest).until == clock.business_day(ended)
    contest.ended_at = None
    assert valued(contest).until == clock.days_before(clock.business_day(), 1)


def test_where_a_policy_was_hardly_shown_no_value_is_told(db):
    contest = Contest.objects.create(policies=["walks", "hybrid"], chances={}, began_at=clock.now())
    found = valued(contest)
    assert (found.days, found.policies) == (0, {})
    LivePolicy.objects.create(policy="hybrid", contest=contest)
    today = clock.business_day()
    assert run("--academy") == (
        f"contest {contest.pk}, since {today}: no day of it has ended yet, and only whole days count.\n"
    )
    Contest.objects.update(began_at=clock.now() - timedelta(days=2))
    assert "Not enough data: nobody who takes part was shown anything on its ended days." in run("--academy")
    Contest.objects.update(
        began_at=clock.now() - timedelta(days=BROWSE_DAYS + 9),
        ended_at=clock.now() - timedelta(days=BROWSE_DAYS + 2),
    )
    assert f"what people were shown is kept for {BROWSE_DAYS} days." in run("--academy")
    Contest.objects.update(began_at=clock.now(), ended_at=None)
    count_all()
    assert Contest.objects.get().valued == {
        "policies": {"walks": {"people": 0}, "hybrid": {"people": 0}},
        "nights": {},
    }
    rounds = rounds_of(some_days(400), ["walks", "hybrid"])
    assert isinstance(evaluated(rounds, only("walks", rounds, ["walks", "hybrid"])).values["ips"], Missing)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Give --log FILE and --policy FILE, or --academy"),
        (["--log", "x.csv"], "Give --log FILE and --policy FILE, or --academy"),
        (["--academy", "--log", "x.csv"], "--academy reads this academy's own log"),
        (["--academy", "--by-position"], "--academy reads this academy's own log"),
        (["--academy"], "has never learnt by lot which policy to show"),
    ],
)
def test_what_the_command_cannot_do_it_says(db, words, says):
    with pytest.raises(CommandError, match=says) as refused:
        run(*words)
    assert refused.value.returncode == 2
