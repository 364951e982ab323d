"""Facts, from the announcement to the reaction."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from django.db import transaction

from tests.core.jobs.acts import LessonOpened, NobodyCared
from zhiyue.core.jobs.facts import announce, reaction
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
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

    with pytest.raises(TypeError, match=r"Weighed\.scales: JSON cannot hold set\[int\]"):
        reaction(Weighed, name="test.weighed")


def test_a_fact_must_be_a_dataclass_of_its_own():
    class Forgot(NobodyCared):
        course_id: int

    with pytest.raises(TypeError, match="Forgot must be decorated"):
        reaction(Forgot, name="test.forgot")
