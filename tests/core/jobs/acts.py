"""Jobs, schedules and facts for the tests. Each leaves a line in a journal that other processes can read."""

import os
import signal
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction

from zhiyue.core.jobs import services
from zhiyue.core.jobs.facts import reaction
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.registry import daily, every, job
from zhiyue.core.kit.facts import Fact


def write(journal: str, line: str) -> None:
    with Path(journal).open("a") as file:
        file.write(line + "\n")


@job(name="test.note")
def note(*, journal: str, text: str = "noted") -> None:
    write(journal, text)


@job(name="test.fail", attempts=3, backoff_seconds=10)
def fail(*, journal: str) -> None:
    write(journal, "failed")
    raise ValueError("the disk of the moon is full")


@job(name="test.hold", attempts=3, lease_seconds=2)
def hold(*, journal: str, seconds: float) -> None:
    write(journal, f"start {os.getpid()}")
    time.sleep(seconds)
    write(journal, f"end {os.getpid()}")


@job(name="test.vanish", attempts=2, lease_seconds=0.3)
def vanish(*, journal: str) -> None:
    write(journal, "gone")
    os.kill(os.getpid(), signal.SIGKILL)


@job(name="test.pass_on")
def pass_on(*, journal: str, times: int) -> None:
    write(journal, f"left {times}")
    if times:
        services.enqueue(pass_on, journal=journal, times=times - 1)


@job(name="test.count")
def count(*, total: int) -> None:
    for done in range(total + 1):
        services.progress(done=done, total=total, note=f"page {done}")


@job(name="test.tick")
def tick() -> None:
    """Only there to be scheduled."""


every(minutes=10, job=tick)
daily(at="03:30", job=tick, name="test.nightly")


@dataclass(frozen=True)
class LessonOpened(Fact):
    journal: str
    lesson_id: int
    opened_at: datetime
    day: date
    visitor: UUID | None
    tags: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return f"lesson:{self.lesson_id}"


@dataclass(frozen=True)
class NobodyCared(Fact):
    lesson_id: int

    @property
    def subject(self) -> str:
        return f"lesson:{self.lesson_id}"


@dataclass(frozen=True)
class AboutShelf(Fact):
    """`number`: the how many-eth about its shelf."""

    shelf: str
    number: int

    @property
    def subject(self) -> str:
        return self.shelf


@dataclass(frozen=True)
class BookPut(AboutShelf):
    """`stumbles`: in how many attempts the reaction fails."""

    stumbles: int = 0


@dataclass(frozen=True)
class BookTaken(AboutShelf):
    pass


@dataclass(frozen=True)
class ShelfFell(AboutShelf):
    pass


@reaction(LessonOpened, name="test.greet")
def greet(fact: LessonOpened) -> None:
    write(fact.journal, f"greet {fact.lesson_id} at {fact.opened_at.isoformat()}")


@reaction(LessonOpened, name="test.tally")
def tally(fact: LessonOpened) -> None:
    write(fact.journal, f"tally {fact.day} {fact.visitor} {fact.tags}")


# A reaction's effect that another process can count: a job that isn't due in this test's lifetime.
FAR_SECONDS = 1e6
# In the order in which this process did them.
kept_in_order: list[tuple[str, int]] = []
stumbled: dict[tuple[str, int], int] = {}


def effect(fact: AboutShelf) -> None:
    services.enqueue(note, delay_seconds=FAR_SECONDS, journal="", text=f"{fact.shelf} {fact.number}")


def effects() -> list[str]:
    rows = Job.objects.filter(name="test.note").order_by("pk").values_list("kwargs", flat=True)
    return [kwargs["text"] for kwargs in rows]


@reaction(BookPut, BookTaken, name="test.keep_order", attempts=50, backoff_seconds=0.01)
def keep_order(fact: AboutShelf) -> None:
    effect(fact)
    if isinstance(fact, BookPut):
        times = stumbled.get((fact.shelf, fact.number), 0)
        stumbled[fact.shelf, fact.number] = times + 1
        if times < fact.stumbles:
            raise ValueError(f"{fact.shelf} wobbles at {fact.number}")
    kept_in_order.append((fact.shelf, fact.number))


@reaction(BookTaken, name="test.give_up", attempts=1)
def give_up(fact: BookTaken) -> None:
    effect(fact)
    if fact.number in broken_numbers:
        raise ValueError("the ladder is broken")


broken_numbers: set[int] = set()


def broken(number: int) -> int:
    """From now on `give_up` fails at this one."""
    broken_numbers.add(number)
    return number


@reaction(ShelfFell, name="test.die_after", attempts=9, lease_seconds=0.2)
def die_after(fact: ShelfFell) -> None:
    """Commits, and its process is gone before anybody can say so."""
    effect(fact)
    transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))


@dataclass(frozen=True)
class BookBurnt(AboutShelf):
    pass


@reaction(BookBurnt, name="test.once", attempts=1_000, lease_seconds=0.1, backoff_seconds=0.01)
def once(fact: BookBurnt) -> None:
    effect(fact)
    # Long enough that some are killed in here.
    time.sleep(0.004)
