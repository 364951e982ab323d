"""Facts, from the announcement to the reaction."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction

from tests.core.accounts.test_staff import as_viewer
from tests.core.jobs import acts
from tests.core.jobs.acts import AboutShelf, BookPut, BookTaken, LessonOpened, NobodyCared
from zhiyue.core.jobs import leases, services
from zhiyue.core.jobs.facts import announce, fact_id, reaction
from zhiyue.core.jobs.models import Job, Reacted
from zhiyue.core.jobs.registry import find
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.core.kit.facts import Fact

MOMENT = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
VISITOR = UUID("12345678-1234-5678-1234-567812345678")


def opened(journal: str) -> LessonOpened:
    return LessonOpened(journal, 7, MOMENT, date(2026, 3, 10), VISITOR, ("free", "data"))


@pytest.mark.django_db
def test_each_reaction_gets_the_whole_fact(journal):
    with transaction.atomic():
        assert [job.name for job in announce(opened(journal.path))] == ["test.greet", "test.tally"]
    run_due()
    assert journal.lines == [
        "greet 7 at 2026-03-10T08:00:00+00:00",
        f"tally 2026-03-10 {VISITOR} ('free', 'data')",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_fact_that_was_rolled_back_never_happened(journal):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        announce(opened(journal.path))
        raise ZeroDivisionError
    assert Job.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_fact_is_announced_inside_a_transaction_only(journal):
    with pytest.raises(RuntimeError, match="Announce LessonOpened inside the transaction"):
        announce(opened(journal.path))
    assert Job.objects.count() == 0


@pytest.mark.django_db
def test_a_fact_nobody_reacts_to_costs_nothing():
    with transaction.atomic():
        assert announce(NobodyCared(7)) == []


@pytest.mark.django_db
def test_a_fact_costs_one_query_a_reaction(journal, django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(2):
        announce(opened(journal.path))


def test_a_fact_comes_back_from_json_as_it_was(journal):
    fact = opened(journal.path)
    assert LessonOpened.from_json(fact.to_json()) == fact


def test_a_fact_stored_by_other_code_is_read_as_far_as_possible(journal):
    stored = {**opened(journal.path).to_json(), "since_removed": 1, "visitor": None}
    del stored["tags"]
    assert LessonOpened.from_json(stored) == LessonOpened(journal.path, 7, MOMENT, date(2026, 3, 10), None)


def test_a_missing_field_is_named(journal):
    stored = opened(journal.path).to_json()
    del stored["lesson_id"]
    with pytest.raises(ValueError, match="stored without “lesson_id”"):
        LessonOpened.from_json(stored)


def test_a_field_json_cannot_hold_is_refused_when_a_reaction_is_registered():
    @dataclass(frozen=True)
    class Weighed(Fact):
        scales: set[int]
        subject = "scales"

    with pytest.raises(TypeError, match=r"Weighed\.scales: JSON cannot hold set\[int\]"):
        reaction(Weighed, name="test.weighed")


def test_a_fact_that_is_about_nothing_is_refused_when_a_reaction_is_registered():
    @dataclass(frozen=True)
    class Happened(Fact):
        somewhere: str

    with pytest.raises(TypeError, match="Happened must say what it is about"):
        reaction(Happened, name="test.happened")


def test_two_facts_cannot_share_a_name():
    @dataclass(frozen=True)
    class BookPut(AboutShelf):
        pass

    with pytest.raises(ValueError, match="Two facts are called “BookPut”"):
        reaction(BookPut, name="test.other_book")


@pytest.mark.django_db
def test_all_deliveries_of_a_fact_bear_its_id_its_subject_and_the_moment(journal):
    before = clock.now()
    with transaction.atomic():
        greet, tally = announce(opened(journal.path))
        again, _ = announce(opened(journal.path))
    assert greet.fact_id == tally.fact_id != again.fact_id
    assert (greet.subject, greet.lane, tally.lane) == (
        "lesson:7", "test.greet lesson:7", "test.tally lesson:7",
    )  # fmt: skip
    assert before <= greet.enqueued_at <= clock.now()


@pytest.mark.django_db
@pytest.mark.parametrize("subject", ["", "s" * 81])
def test_a_fact_is_about_something_that_can_be_kept(subject):
    with pytest.raises(ValueError, match="use 1 to 80 characters"), transaction.atomic():
        announce(BookPut(subject, 1))
    assert Job.objects.count() == 0


@pytest.mark.django_db
def test_an_occasion_is_announced_once_however_often_that_is_tried():
    with transaction.atomic():
        first = announce(BookPut("shelf:1", 1), once="opening")
        assert announce(BookPut("shelf:1", 1), once="opening") == first
        assert announce(BookPut("shelf:1", 1), once="closing") != first
    assert run_due() == 2
    with transaction.atomic():
        announce(BookPut("shelf:1", 1), once="opening")
    assert run_due() == 0
    assert acts.effects() == ["shelf:1 1"] * 2


@pytest.mark.django_db
def test_a_fact_delivered_again_after_its_reaction_committed_is_not_reacted_to_again():
    with transaction.atomic():
        (delivery,) = announce(BookPut("shelf:1", 1))
    # As a worker does that is gone before it can say so.
    perform_only(leases.claim(worker="gone"))
    Job.objects.filter(pk=delivery.pk).update(claimable_at=clock.now())
    assert run_due() == 1
    assert Job.objects.get(pk=delivery.pk).state == Job.State.DONE
    assert acts.effects() == ["shelf:1 1"]
    assert list(Reacted.objects.values_list("fact_id", "reaction")) == [(delivery.fact_id, "test.keep_order")]


@pytest.mark.django_db
def test_a_reaction_that_fails_leaves_nothing_behind():
    with transaction.atomic():
        announce(BookTaken("shelf:9", acts.broken(7)))
    run_due()
    assert Job.objects.get(name="test.give_up").state == Job.State.DEAD
    # The one reaction kept what it did, the other nothing; so with their lines in the ledger.
    assert acts.effects() == ["shelf:9 7"]
    assert [row.reaction for row in Reacted.objects.all()] == ["test.keep_order"]


@pytest.mark.django_db
def test_a_fact_this_code_does_not_know_fails_with_a_reason():
    with transaction.atomic():
        (delivery,) = announce(BookPut("shelf:1", 1))
    Job.objects.update(kwargs={**delivery.kwargs, "fact_name": "BookSold"})
    run_due()
    assert "“test.keep_order” knows no fact “BookSold”" in Job.objects.get(pk=delivery.pk).error
    assert acts.effects() == []


@pytest.mark.django_db
def test_the_ledger_forgets_a_fact_with_its_delivery_and_no_sooner(operator):
    with transaction.atomic():
        kept, dead = announce(BookTaken("shelf:9", acts.broken(7)))
        announce(BookPut("shelf:2", 1))
    run_due()
    # It committed, but all its workers vanished before they could say so.
    Reacted.objects.create(fact_id=dead.fact_id, reaction=dead.name, reacted_at=clock.now())
    later = clock.now() + timedelta(seconds=1)
    assert services.forget_finished(before=later) == 2
    assert [row.reaction for row in Reacted.objects.all()] == ["test.give_up"]
    before = acts.effects()
    services.retry(viewer=as_viewer(operator), job_id=dead.pk)
    assert run_due() == 1
    assert acts.effects() == before
    assert services.forget_finished(before=later + timedelta(days=1)) == 1
    assert not Reacted.objects.exists()
    assert kept.name == "test.keep_order"


def perform_only(job: Job) -> None:
    find(job.name).function(**job.kwargs)


def test_a_fact_must_be_a_dataclass_of_its_own():
    class Forgot(NobodyCared):
        course_id: int

    with pytest.raises(TypeError, match="Forgot must be decorated"):
        reaction(Forgot, name="test.forgot")


def test_outside_of_a_reaction_there_is_no_fact():
    with pytest.raises(LookupError):
        fact_id()
