"""A program that kills its own children between any two steps of an order, and looks at what is left.

Run by `test_killing.py` with the settings of a test database. Django is loaded once; every child is a fork, and the
parent never opens a connection that a fork would break.
"""

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable

import django

django.setup()

from django.db.models import Count  # noqa: E402 - Django first

from tests.factories import make_course, make_member  # noqa: E402
from zhiyue.collect.kinds import Actor  # noqa: E402
from zhiyue.collect.models import Event  # noqa: E402
from zhiyue.core.accounts.models import User  # noqa: E402
from zhiyue.core.jobs.models import Job  # noqa: E402
from zhiyue.core.jobs.worker import run_due  # noqa: E402
from zhiyue.core.kit import clock  # noqa: E402
from zhiyue.product.catalogue.models import Course  # noqa: E402
from zhiyue.product.commerce import ledger  # noqa: E402
from zhiyue.product.commerce.models import Entry, Order, Payment, SandboxTrade  # noqa: E402
from zhiyue.product.commerce.orders import place  # noqa: E402
from zhiyue.product.commerce.payments import begin, receive, take_in  # noqa: E402
from zhiyue.product.commerce.providers import sandbox  # noqa: E402
from zhiyue.product.commerce.selectors import bought, enrolled_course_ids  # noqa: E402

KILLS, ENDS = 60, 30
COURSES = 400
A_FEW, ORDERS_A_CHILD = 4, 1.5
READY, DONE = b"R", b"D"

chance = random.Random(7)


def main() -> None:
    forked(prepare)
    begun = time.monotonic()
    forked(buy_a_few)
    # So long, whatever else this machine does, that a child gets into its first order or the one after it.
    within = ORDERS_A_CHILD * (time.monotonic() - begun) / A_FEW
    kills = kill_again_and_again(buy, within=within, kills=KILLS, ends=ENDS)
    forked(look)
    print(f"killed {kills} times: each order paid once, each right there once, the books balance")


def kill_again_and_again(work: Callable[[int], None], *, within: float, kills: int, ends: int) -> int:
    """Kill `work` at least `kills` times, and until `ends` of its pieces came to their end; how often it was.

    A machine that is slower than it was a moment ago would kill every child in its first piece: so a child that ended
    none gives the next a tenth more time, and one that did a tenth less. About half of them end one.
    """
    killed = ended = 0
    while killed < kills or ended < ends:
        was_killed, pieces = forked(work, kill_within=within)
        killed += was_killed
        ended += pieces
        within *= 0.9 if pieces else 1.1
    return killed


def forked(work: Callable[[int], None], *, kill_within: float = 0.0) -> tuple[bool, int]:
    """Run `work` in a child with a pipe to say on that it has begun, and that a piece of it is done; was it killed
    before its end, and how many pieces did it say were done?
    """
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
    pieces = 0
    if kill_within and os.read(reading, 1):
        time.sleep(chance.uniform(0, kill_within))
        os.kill(child, signal.SIGKILL)
        while said := os.read(reading, 4096):
            pieces += said.count(DONE)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit("a child failed")
    return os.WIFSIGNALED(status), pieces


def prepare(_: int) -> None:
    make_member("killed@test.example")
    for number in range(COURSES):
        make_course(f"course-{number}", price_fen=100 + number)
    # What follows from new courses isn't tried here, and would take most of the time.
    Job.objects.all().delete()


def buy_a_few(_: int) -> None:
    """Nobody waits for it to have begun."""
    buy(None, most=A_FEW)


def buy(pipe: int | None, most: int = COURSES) -> None:
    """Orders one course after the other; begins with what the former child left in the middle."""
    member = User.objects.get(email="killed@test.example")
    settle()
    owned = enrolled_course_ids(member.pk)
    if pipe is not None:
        os.write(pipe, READY)
    for course in Course.objects.exclude(pk__in=owned).order_by("pk")[:most]:
        order = place(
            user=member,
            offer=f"course:{course.pk}",
            seen_fen=course.price_fen,
            actor=Actor(member_id=member.pk),
        )
        payment = begin(
            user=member,
            order_number=order.number,
            provider="sandbox",
            channel="page",
            returns_to="/",
            notify_at="/",
        )
        trade = SandboxTrade.objects.get(number=payment.number)
        if trade.state == SandboxTrade.State.WAITING:
            receive("sandbox", sandbox.press(payment.number, "pay"))
        else:
            settle()
        run_due()
        if pipe is not None:
            os.write(pipe, DONE)


def settle() -> None:
    """What a provider and a worker do after a fall: the one tells again, the other goes on."""
    till = sandbox.Sandbox()
    for number in Payment.objects.filter(status=Payment.Status.BEGUN).values_list("number", flat=True):
        told = till.ask(number)
        if told.kind == "paid":
            take_in("sandbox", told)
    # The lease of a worker that was killed runs out in a minute.
    Job.objects.filter(state=Job.State.RUNNING).update(claimable_at=clock.now())
    run_due()


def look(_: int) -> None:
    settle()
    paid = set(SandboxTrade.objects.filter(state=SandboxTrade.State.PAID).values_list("number", flat=True))
    wrong = {
        "entries don't sum to 0": ledger.unbalanced(),
        "an entry without postings": list(Entry.objects.filter(postings=None).values_list("key", flat=True)),
        "money that isn't in the books": paid
        ^ {key.removeprefix("paid:") for key in Entry.objects.values_list("key", flat=True)},
        "paid and not fulfilled": list(Order.objects.filter(status=Order.Status.PAID).values_list("number")),
        "a right without money": bought().count() - len(paid),
        "a right twice": list(bought().values("course").annotate(n=Count("pk")).filter(n__gt=1)),
        "told twice": Event.objects.filter(name="order.paid").count() - len(paid),
    }
    if found := {what: rows for what, rows in wrong.items() if rows}:
        raise AssertionError(found)
    if len(paid) < ENDS:
        raise AssertionError(f"only {len(paid)} were paid: nothing was tried")


if __name__ == "__main__":
    main()
