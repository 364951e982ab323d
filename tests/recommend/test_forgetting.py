"""Whatever becomes of trainings, a week after somebody deleted what they did no file holds their row."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings
from django.utils import translation

from tests.factories import make_course, make_member
from tests.recommend.teachable import wander
from zhiyue.collect.erasing import forget_person
from zhiyue.collect.kinds import Actor
from zhiyue.collect.places import Place, Unreachable
from zhiyue.collect.services import record
from zhiyue.core.jobs.registry import schedules
from zhiyue.core.kit import clock
from zhiyue.engine.kinds import CannotFit
from zhiyue.monitor.examination import examine
from zhiyue.recommend import live, memory, parts, tasks
from zhiyue.recommend.checking import HOLDS
from zhiyue.recommend.fitting import from_arrays
from zhiyue.recommend.forgetting import ROWS_KEPT, forget_people
from zhiyue.recommend.models import Artefact, LivePolicy
from zhiyue.recommend.offers import COLD
from zhiyue.recommend.selectors import slate
from zhiyue.recommend.services import take_in, train, train_all

pytestmark = pytest.mark.django_db
POLICY = "user-neighbours"
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def later(monkeypatch):
    """Lets so much time have gone since the test began."""
    real = clock.now

    def after(gone):
        monkeypatch.setattr(clock, "now", lambda: real() + gone)
        memory.forget()
        live.forget()

    return after


@pytest.fixture
def erased(faithful):
    """Courses that one member alone took together, and who deletes what they did once it was learnt from."""
    member = make_member("gone@test.example")
    taken = [faithful[place] for place in (0, 5, 10, 15)]
    for n, course in enumerate(taken):
        moment = clock.now() - timedelta(days=9, hours=-n)
        record("course.enrolled", actor=Actor(member_id=member.pk), course_id=course.pk, occurred_at=moment)
    train_all([POLICY, "item-neighbours"])
    assert lies_there(taken)
    forget_person(member_id=member.pk, visitor=None)
    return taken


def folder() -> Path:
    return Path(settings.ZHIYUE_DATA_DIR) / "artefacts"


def rows_in(path: Path) -> set[frozenset[int]]:
    """The courses of each person whom a file knows."""
    with np.load(path) as file:
        arrays = dict(file)
    found = set()
    for _, model in from_arrays(arrays).blend.parts:
        rows = getattr(model, "people", None)
        for low, high in zip(rows.indptr[:-1], rows.indptr[1:], strict=True) if rows is not None else ():
            found.add(frozenset(arrays["course_ids"][rows.indices[low:high]].tolist()))
    return found


def lies_there(courses) -> bool:
    wanted = frozenset(course.pk for course in courses)
    return any(wanted in rows_in(path) for path in folder().glob("*.npz"))


def shown(policy=POLICY) -> str:
    memory.forget()
    return slate(Actor(visitor=uuid4()), policy=policy).version


def told() -> str:
    [found] = [one for one in examine(thorough=False) if one.key == "recommenders"]
    return f"{found.state}: {found.said}"


def breaks_off(known):
    raise ZeroDivisionError("nobody to divide by")


def finds_nothing(known):
    raise CannotFit("there is nothing to fit")


def live_on(later, until: timedelta, each=lambda: None) -> None:
    """The jobs, three times a day, as they would run each ten minutes."""
    hours = 1
    while timedelta(hours=hours) < until:
        later(timedelta(hours=hours))
        train_all([POLICY])
        forget_people()
        each()
        hours += 8
    later(until)
    train_all([POLICY])
    forget_people()


@pytest.mark.parametrize("part", [breaks_off, finds_nothing])
def test_where_trainings_fail_for_a_week_rows_of_people_are_dropped(erased, later, monkeypatch, part):
    served, without_rows = shown(), shown("item-neighbours")
    monkeypatch.setitem(parts.PARTS, POLICY, part)
    LivePolicy.objects.update_or_create(pk=1, defaults={"policy": POLICY})
    live.forget()

    live_on(later, WEEK - timedelta(hours=2))

    assert live.live_policy() == POLICY
    assert (shown(), lies_there(erased)) == (served, True)
    since = clock.business_day(Artefact.objects.newest_first(POLICY).first().measured_at)
    assert f"Not trained anew for more than a day: item-neighbours ({since}), {POLICY} ({since}). " in told()
    assert (
        "Files that hold rows of people are dropped a week after their training: user-neighbours." in told()
    )

    later(WEEK)
    train_all([POLICY])
    assert forget_people() == [POLICY]

    assert not lies_there(erased)
    assert not Artefact.objects.newest_first(POLICY).exists()
    assert not list(folder().glob(f"{POLICY}-*"))
    assert shown() == COLD
    assert "There is no training of user-neighbours: another list stands in." in told()
    # What knows nobody's row serves on, and is told of.
    assert shown("item-neighbours") == without_rows
    assert "Not trained anew for more than a day: item-neighbours (" in told()
    assert forget_people() == []

    monkeypatch.undo()
    later(WEEK + timedelta(days=1))
    train_all([POLICY, "item-neighbours"])
    assert shown() not in (COLD, served)
    assert not lies_there(erased)
    assert told() == "good: No training was refused"


def test_where_it_foretells_worse_for_a_week_a_training_serves_before_rows_are_dropped(
    erased, faithful, later
):
    wander(faithful, people=44)
    refused = []

    def look():
        refused.append(bool(Artefact.objects.refused().filter(policy=POLICY).exists()))
        assert shown() != COLD

    live_on(later, timedelta(days=8), look)

    assert refused == [n < 18 for n in range(len(refused))]
    assert not lies_there(erased)
    assert shown() != COLD


def test_an_untouched_week_drops_every_file_of_a_policy_with_rows_and_no_other(erased, later):
    make_course("new", topic="poems", text="poems")
    take_in()
    train(policy=POLICY)
    kept = {path.name for path in folder().glob("item-neighbours-*")}
    # The training of before with the new course, and the training of now.
    assert Artefact.objects.newest_first(POLICY).count() == 2
    later(ROWS_KEPT - timedelta(minutes=1))
    assert (forget_people(), shown() == COLD) == ([], False)
    later(ROWS_KEPT + timedelta(minutes=1))
    assert forget_people() == 2 * [POLICY]
    assert {path.name for path in folder().iterdir()} == kept


def test_taking_a_catalogue_in_prolongs_nothing(erased, later):
    later(ROWS_KEPT - timedelta(minutes=1))
    make_course("new", topic="poems", text="poems")
    take_in()
    assert Artefact.objects.newest_first(POLICY).count() == 2
    assert shown() != COLD
    later(ROWS_KEPT + timedelta(minutes=1))
    forget_people()
    assert not lies_there(erased)


def test_what_an_older_version_fitted_and_never_named_goes_too(erased, later):
    Artefact.objects.filter(policy="item-neighbours").update(parts="", measured_at=None)
    Artefact.objects.filter(policy=POLICY).update(policy="of-old")
    later(WEEK)
    assert sorted(forget_people()) == ["item-neighbours", "of-old"]


def test_it_is_asked_every_ten_minutes():
    assert str(schedules()["recommend.forget_people"].timing) == str(schedules()["recommend.train"].timing)
    assert schedules()["recommend.forget_people"].job is tasks.forget_people
    assert HOLDS < ROWS_KEPT < WEEK


# --- several machines ---


@pytest.fixture
def machine(settings, tmp_path):
    settings.ZHIYUE_ARTEFACTS_URL = (tmp_path / "shared").as_uri()

    def enter(name: str) -> None:
        settings.ZHIYUE_DATA_DIR = tmp_path / name
        memory.forget()

    enter("first")
    return enter


@pytest.mark.parametrize("is_held", [True, False])
def test_it_goes_from_the_common_place_and_from_machines_that_train_nothing(
    machine, erased, later, monkeypatch, is_held
):
    place = Place.at(settings.ZHIYUE_ARTEFACTS_URL)
    machine("second")
    memory.newest(POLICY, waits=True)
    assert lies_there(erased)
    machine("first")
    later(WEEK)
    assert forget_people() == [POLICY]
    assert not [name for name in place.files() if name.startswith(POLICY)]
    assert not lies_there(erased)

    machine("second")
    if not is_held:
        # A process that began since.
        monkeypatch.setattr(memory, "_seen", {})
    assert lies_there(erased)
    assert shown() == COLD
    assert not lies_there(erased)


def test_what_lies_where_nobody_reaches_is_dropped_as_soon_as_somebody_does(
    machine, erased, later, monkeypatch, caplog
):
    def unreachable(self, name):
        raise Unreachable("the place doesn't answer")

    later(WEEK)
    with monkeypatch.context() as gone:
        gone.setattr(Place, "delete", unreachable)
        assert forget_people() == []
    assert "can't be dropped: the place doesn't answer" in caplog.text
    assert not lies_there(erased)
    assert Artefact.objects.filter(policy=POLICY).exists()

    assert forget_people() == [POLICY]
    place = Place.at(settings.ZHIYUE_ARTEFACTS_URL)
    assert not [name for name in place.files() if name.startswith(POLICY)]


def test_a_file_that_went_before_its_row_hinders_nothing(erased, later):
    [path] = folder().glob(f"{POLICY}-*")
    path.unlink()
    later(WEEK)
    assert forget_people() == [POLICY]
