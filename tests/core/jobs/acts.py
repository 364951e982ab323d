"""Jobs, schedules and facts for the tests. Each leaves a line in a journal that other processes can read."""

import os
import signal
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from zhiyue.core.jobs import services
from zhiyue.core.jobs.facts import reaction
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


@dataclass(frozen=True)
class NobodyCared(Fact):
    lesson_id: int


@reaction(LessonOpened, name="test.greet")
def greet(fact: LessonOpened) -> None:
    write(fact.journal, f"greet {fact.lesson_id} at {fact.opened_at.isoformat()}")


@reaction(LessonOpened, name="test.tally")
def tally(fact: LessonOpened) -> None:
    write(fact.journal, f"tally {fact.day} {fact.visitor} {fact.tags}")
