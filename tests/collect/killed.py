"""A program that kills its own children while they take events in and while they seal, and counts what is left.

Run by `test_killing.py` with the settings of a test database. Django is loaded once; every child is a fork, and the
parent never opens a connection or a thread that a fork would break.
"""

import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid5

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django first

from tests.factories import make_member, make_visitor  # noqa: E402
from zhiyue.collect import lake  # noqa: E402
from zhiyue.collect.kinds import Actor  # noqa: E402
from zhiyue.collect.lake.claiming import MARK  # noqa: E402
from zhiyue.collect.models import Event, SealedDay, Subject  # noqa: E402
from zhiyue.collect.services import join_visitor, record  # noqa: E402
from zhiyue.core.accounts.models import User  # noqa: E402
from zhiyue.core.consent.purposes import Purpose  # noqa: E402
from zhiyue.core.kit import clock  # noqa: E402
from zhiyue.product.learning.receiving import receive_from_browser  # noqa: E402

KILLS = 50
BATCH = 20
DAYS = 3
SPACE = UUID(int=2026)
READY, DONE = b"R", b"D"

chance = random.Random(11)


def main() -> None:
    past_midnight()
    told = forked(prepare)[0].decode().split()
    people = [Actor(member_id=int(told[0])), *(Actor(visitor=UUID(key)) for key in told[1:])]
    ingest(people)
    seal(people)
    print("nothing lost, nothing doubled")


def past_midnight() -> None:
    """Around midnight the days would change on the way, and yesterday not be settled: it is a while later then."""
    moment = clock.now
    if clock.business_day(moment() - timedelta(minutes=15)) != clock.business_day(
        moment() + timedelta(minutes=15)
    ):
        clock.now = lambda: moment() + timedelta(minutes=30)


def forked(work: Callable[[int], None], *, kill: Callable[[int], None] | None = None) -> tuple[bytes, bool]:
    """Run `work` in a child, which may write to the pipe it is given. Returns what it wrote, and whether it was killed
    before its end. `kill` waits for the moment, with the pipe to read from."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            work(writing)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    if kill:
        kill(reading)
        os.kill(child, signal.SIGKILL)
    written = b""
    while chunk := os.read(reading, 1 << 16):
        written += chunk
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit("a child failed")
    return written, os.WIFSIGNALED(status)


def prepare(pipe: int) -> None:
    member = make_member("killed@test.example")
    keys = [make_visitor() for _ in range(6)]
    os.write(pipe, " ".join([str(member.pk), *map(str, keys)]).encode())


def batch(number: int) -> list[object]:
    """The same events each time it is asked for: a browser that had no answer sends its batch again."""
    now = clock.now()
    return [
        {
            "id": str(uuid5(SPACE, f"{number} {place}")),
            "name": "page.viewed",
            "at": (now - timedelta(days=(number + place) % DAYS, minutes=1)).isoformat(),
            "properties": {"path": f"/{number}/"},
        }
        for place in range(BATCH)
    ]


def stored(number: int) -> int:
    ids = [uuid5(SPACE, f"{number} {place}") for place in range(BATCH)]
    return Event.objects.filter(event_id__in=ids).count()


def ingest(people: list[Actor]) -> None:
    """Batches are acknowledged on the pipe by a byte each; what was acknowledged is there, what wasn't is whole or
    not there, and is sent again."""
    acknowledged = kills = 0
    while kills < KILLS:

        def work(pipe: int, begin: int = acknowledged) -> None:
            if stored(begin) not in (0, BATCH):
                raise AssertionError(f"half of batch {begin} is stored")
            for number in range(begin, begin + 1000):
                actor = people[number % len(people)]
                receipt = receive_from_browser(
                    batch=batch(number),
                    user=User.objects.filter(pk=actor.member_id).first(),
                    actor=actor,
                    user_agent="Mozilla/5.0",
                )
                if receipt.accepted + receipt.duplicates != BATCH:
                    raise AssertionError(receipt)
                os.write(pipe, DONE)

        def later(pipe: int) -> None:
            # Its first batch is the one whose answer the former child never gave.
            os.read(pipe, 1)
            time.sleep(chance.uniform(0, 0.06))

        written, was_killed = forked(work, kill=later)
        acknowledged += 1 + len(written)
        kills += was_killed

    def check(_: int) -> None:
        wrong = {number: n for number in range(acknowledged) if (n := stored(number)) != BATCH}
        if wrong:
            raise AssertionError(f"acknowledged and not stored: {wrong}")
        beyond = stored(acknowledged)
        if Event.objects.count() != acknowledged * BATCH + beyond:
            raise AssertionError("more is stored than was sent")

    forked(check)
    print(f"ingestion: killed {kills} times, {acknowledged} batches acknowledged")


def seal(people: list[Actor]) -> None:
    """Each round finds the lake equal to the log, makes days dirty, and is killed while it seals them."""
    begun = time.monotonic()
    forked(lambda pipe: one_round(people, 0, pipe))
    first = time.monotonic() - begun
    kills = ended = turn = 0
    length = first
    while kills < KILLS:
        turn += 1

        def later(pipe: int, length: float = length) -> None:
            os.read(pipe, 1)
            time.sleep(chance.uniform(0, length))

        written, was_killed = forked(lambda pipe, turn=turn: one_round(people, turn, pipe), kill=later)
        if DONE in written or not was_killed:
            # Too late: it had sealed everything. Such a moment doesn't count, and the next ones come sooner.
            ended += 1
            length *= 0.8
            continue
        kills += 1
    forked(lambda _: the_end(turn))
    print(f"sealing: killed {kills} times, and {ended} times too late")


def one_round(people: list[Actor], turn: int, pipe: int) -> None:
    same_as_log()
    now = clock.now()
    for place, actor in enumerate(people[: 1 + turn % 4]):
        record("course.viewed", actor=actor, course_id=1, occurred_at=now - timedelta(days=1 + place % DAYS))
    # Somebody nobody knew yet, so that keys are given while it is killed.
    key = make_visitor()
    record("course.viewed", actor=Actor(visitor=key), course_id=2, occurred_at=now - timedelta(days=2))
    if turn % 5 == 4:
        join_visitor(visitor=people[-1].visitor, member_id=people[0].member_id)
    os.write(pipe, READY)
    lake.seal_past_days()
    lake.compact()
    os.write(pipe, DONE)


def same_as_log() -> None:
    with lake.events(purpose=Purpose.ANALYTICS) as events:
        rows = events.select("id", "member_id", "visitor", "day").to_pyarrow().to_pylist()
    read = Counter((row["id"], row["member_id"], row["visitor"], row["day"]) for row in rows)
    log = Counter(
        (pk, member, None if member else str(visitor), day)
        for pk, member, visitor, day in Event.objects.values_list("pk", "member_id", "visitor", "day")
    )
    if read != log:
        raise AssertionError(f"lake − log: {read - log}\nlog − lake: {log - read}")


def the_end(turn: int) -> None:
    """Once nobody kills it, it seals all, and nothing of what was broken off stays."""
    lake.seal_past_days()
    lake.compact()
    same_as_log()
    folder = Path(settings.ZHIYUE_DATA_DIR) / "lake"
    moment = clock.now
    clock.now = lambda: moment() + timedelta(hours=2)
    lake.sweep()
    clock.now = moment
    check = lake.verify()
    if check.fault_count or check.open_days != [[clock.business_day().isoformat(), "today"]]:
        raise AssertionError(f"{check.faults} {check.open_days}")
    pointed = set(SealedDay.objects.exclude(file="").values_list("file", flat=True))
    if {file.name for file in folder.iterdir()} != pointed | {MARK}:
        raise AssertionError("files of nobody were left")
    if Subject.objects.filter(is_current=True, member__isnull=False).count() != 1:
        raise AssertionError("a member has several keys at once")


main()
