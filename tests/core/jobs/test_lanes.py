"""Facts about one subject, one after another: with many workers, failures, dead letters and what people do to them."""

import random
from collections import defaultdict
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction

from tests.core.accounts.test_staff import as_viewer
from tests.core.jobs import acts
from tests.core.jobs.acts import BookPut, BookTaken
from tests.core.jobs.conftest import until
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs import lanes, leases, selectors, services
from zhiyue.core.jobs.facts import announce
from zhiyue.core.jobs.models import OPEN_STATES, Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db

WAITING, HELD, RUNNING = Job.State.WAITING, Job.State.HELD, Job.State.RUNNING
DONE, DEAD, DISCARDED = Job.State.DONE, Job.State.DEAD, Job.State.DISCARDED


def put(shelf: str, *numbers: int) -> list[Job]:
    """Announces books of one shelf to `keep_order` alone."""
    with transaction.atomic():
        return [announce(BookPut(shelf, number))[0] for number in numbers]


def taken(shelf: str, *numbers: int) -> list[Job]:
    """Announces books of one shelf; what goes to `give_up`."""
    with transaction.atomic():
        letters = [announce(BookTaken(shelf, number))[1] for number in numbers]
    Job.objects.filter(name="test.keep_order").delete()
    return letters


def states(jobs: list[Job]) -> list[str]:
    found = dict(Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("pk", "state"))
    return [found[job.pk] for job in jobs]


def test_a_later_fact_is_not_claimed_before_the_earlier_one_has_ended():
    first, second, third = put("shelf:1", 1, 2, 3)
    claimed = leases.claim(worker="a")
    assert claimed.pk == first.pk
    assert leases.claim(worker="b") is None
    assert states([first, second, third]) == [RUNNING, HELD, HELD]
    leases.succeed(claimed)
    assert states([first, second, third]) == [DONE, WAITING, HELD]
    assert leases.claim(worker="b").pk == second.pk


def test_one_that_waits_out_its_pause_is_not_overtaken():
    first, second = put("shelf:1", 1, 2)
    # The earlier one failed and waits out its pause.
    leases.fail(leases.claim(worker="a"), "not now")
    Job.objects.filter(pk=first.pk).update(claimable_at=clock.now() + timedelta(hours=1))
    assert leases.claim(worker="a") is None
    assert states([first, second]) == [WAITING, HELD]


def test_subjects_do_not_wait_for_each_other_nor_reactions_for_reactions():
    with transaction.atomic():
        announce(BookTaken("shelf:1", acts.broken(1)))
        announce(BookTaken("shelf:1", 2))
        announce(BookTaken("shelf:2", 2))
    run_due()
    assert acts.kept_in_order == [("shelf:1", 1), ("shelf:1", 2), ("shelf:2", 2)]
    assert list(Job.objects.filter(name="test.give_up").order_by("pk").values_list("state", flat=True)) == [
        DEAD, HELD, DONE,
    ]  # fmt: skip


def test_a_dead_letter_holds_its_lane_until_it_is_run_again_and_then_all_come_in_order(operator):
    letters = taken("shelf:1", acts.broken(1), 2, 3)
    other = taken("shelf:2", 4)
    run_due()
    assert states(letters + other) == [DEAD, HELD, HELD, DONE]
    assert selectors.behind(selectors.dead_letters()) == {letters[0].pk: 2}
    late = taken("shelf:1", 5)
    run_due()
    assert states(late) == [HELD]
    assert selectors.behind(selectors.dead_letters()) == {letters[0].pk: 3}

    acts.broken_numbers.clear()
    services.retry(viewer=as_viewer(operator), job_id=letters[0].pk)
    run_due()
    assert states(letters + late) == [DONE] * 4
    assert acts.effects() == ["shelf:2 4", "shelf:1 1", "shelf:1 2", "shelf:1 3", "shelf:1 5"]
    assert not Job.objects.exclude(lane=None).exists()


def test_a_discarded_dead_letter_lets_the_next_go_on(operator):
    letters = taken("shelf:1", acts.broken(1), 2, 3)
    run_due()
    services.discard(viewer=as_viewer(operator), job_id=letters[0].pk)
    assert states(letters) == [DISCARDED, WAITING, HELD]
    run_due()
    assert states(letters) == [DISCARDED, DONE, DONE]
    assert acts.effects() == ["shelf:1 2", "shelf:1 3"]


def test_one_that_is_held_can_be_discarded_and_the_rest_keep_their_order(operator):
    letters = put("shelf:1", 1, 2, 3)
    claimed = leases.claim(worker="a")
    assert leases.claim(worker="b") is None
    services.discard(viewer=as_viewer(operator), job_id=letters[1].pk)
    assert states(letters) == [RUNNING, DISCARDED, WAITING]
    assert leases.claim(worker="b") is None
    leases.succeed(claimed)
    run_due()
    assert states(letters) == [DONE, DISCARDED, DONE]


def test_all_dead_letters_of_a_reaction_are_run_again_at_once_and_each_is_noted(operator, journal):
    letters = taken("shelf:1", acts.broken(1)) + taken("shelf:2", acts.broken(2))
    other = services.enqueue(acts.fail, journal=journal.path)
    run_due()
    Job.objects.filter(pk=other.pk).update(state=DEAD, claimable_at=None)
    assert selectors.dead_by_name() == {"test.give_up": 2, "test.fail": 1}
    assert services.retry_all(viewer=as_viewer(operator), name="test.give_up") == 2
    assert states([*letters, other]) == [WAITING, WAITING, DEAD]
    assert [job.attempts for job in Job.objects.filter(name="test.give_up")] == [0, 0]
    noted = AuditEntry.objects.order_by("pk")
    assert [(one.act, one.by_id, one.subject_id, one.subject_name) for one in noted] == [
        ("job.retried", operator.pk, str(letter.pk), "test.give_up") for letter in letters
    ]
    assert (noted[0].before, noted[0].after) == ({"state": "dead"}, {"state": "waiting"})
    assert services.retry_all(viewer=as_viewer(operator), name="test.give_up") == 0


@pytest.mark.parametrize("role", ["stranger", "creator", "agent"])
def test_others_run_nothing_again(request, role):
    letters = taken("shelf:1", acts.broken(1))
    run_due()
    with pytest.raises(NotAllowed):
        services.retry_all(viewer=as_viewer(request.getfixturevalue(role)), name="test.give_up")
    assert states(letters) == [DEAD]
    assert not AuditEntry.objects.exists()


def test_one_worker_keeps_the_order_of_every_subject_through_failures():
    wanted = announced_at_random(random.Random(7), books=60)
    drain()
    assert kept() == wanted


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_many_workers_keep_the_order_of_every_subject_through_failures(seed):
    wanted = announced_at_random(random.Random(seed), books=60)

    def work() -> None:
        drain()
        connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept() == wanted
    assert len(acts.effects()) == 60
    assert not Job.objects.exclude(lane=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_fact_announced_while_the_one_before_ends_is_never_forgotten():
    """The moment in which one sees no other: a worker ends the last of a lane while the next is being committed."""
    for number in range(1, 31):
        put("shelf:1", number)
        threads = [Thread(target=drained_once), Thread(target=put_and_close, args=[1_000 + number])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        run_due()
        assert not Job.objects.filter(state__in=OPEN_STATES, name="test.keep_order").exists()


@pytest.mark.django_db(transaction=True)
def test_a_lane_that_somebody_is_in_is_left_for_a_moment():
    (job,) = put("shelf:1", 1)
    claimed: list[Job | None] = []

    def claim() -> None:
        claimed.append(leases.claim(worker="w"))
        connection.close()

    with transaction.atomic():
        lanes.enter(job.lane)
        thread = Thread(target=claim)
        thread.start()
        thread.join(timeout=0.5)
        assert claimed in ([], [None])  # SQLite makes the worker wait, PostgreSQL lets it look elsewhere
    thread.join()
    until(lambda: any(claimed) or claimed.append(leases.claim(worker="w")))
    assert claimed[-1].pk == job.pk


def announced_at_random(dice: random.Random, *, books: int) -> dict[str, list[int]]:
    wanted: defaultdict[str, list[int]] = defaultdict(list)
    for number in range(books):
        shelf = f"shelf:{dice.randrange(5)}"
        with transaction.atomic():
            announce(BookPut(shelf, number, stumbles=dice.choice([0, 0, 0, 1, 2])))
        wanted[shelf].append(number)
    return dict(wanted)


def kept() -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for shelf, number in acts.kept_in_order:
        found[shelf].append(number)
    return dict(found)


def drain() -> None:
    """Works until everything announced has ended, pauses of failed ones included."""

    def idle() -> bool:
        run_due()
        return not Job.objects.filter(name="test.keep_order", state__in=OPEN_STATES).exists()

    until(idle, seconds=60)


def drained_once() -> None:
    run_due()
    connection.close()


def put_and_close(number: int) -> None:
    put("shelf:1", number)
    connection.close()
