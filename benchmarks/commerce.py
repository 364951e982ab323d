"""Orders paid through the sandbox by many buyers at once, beside a bare transaction of three rows in the same run, each
a `create` of Django's as in any shop written with it; and beside the same three without Django.

An order here is placed, begun at the till, paid there, told of by a signed notice, entered into the books and
fulfilled. Run as `python -m benchmarks commerce`.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from threading import Thread

from benchmarks import on_each_database

BUYERS = int(os.environ.get("BENCHMARK_BUYERS", "32"))
ORDERS = int(os.environ.get("BENCHMARK_ORDERS", "10"))
# Paid orders a second over bare transactions a second, on PostgreSQL.
GOAL = 1 / 12
_INSIDE = "BENCHMARK_COMMERCE_DATABASE"


def main() -> None:
    if os.environ.get(_INSIDE):
        _measure(os.environ[_INSIDE])
        return
    on_each_database("commerce", flag=_INSIDE)


def _measure(name: str) -> None:
    from zhiyue.config.sqlite import use_current_sqlite  # noqa: PLC0415

    use_current_sqlite()
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection, transaction  # noqa: PLC0415

    from tests.factories import make_course, make_member  # noqa: PLC0415
    from zhiyue.collect.kinds import Actor  # noqa: PLC0415
    from zhiyue.core.accounts.models import User  # noqa: PLC0415
    from zhiyue.facilities.notices.models import OutgoingMessage  # noqa: PLC0415
    from zhiyue.product.commerce import ledger  # noqa: PLC0415
    from zhiyue.product.commerce.models import Order  # noqa: PLC0415
    from zhiyue.product.commerce.orders import place  # noqa: PLC0415
    from zhiyue.product.commerce.payments import begin, fulfil, receive  # noqa: PLC0415
    from zhiyue.product.commerce.providers import sandbox  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    courses = [make_course(f"course-{n}", price_fen=9_900).pk for n in range(ORDERS)]
    buyers = [make_member(f"buyer{n}@bench.example", f"买家{n}") for n in range(BUYERS)]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (a integer, b varchar(40), c integer)")

    def created(user: User, course: int) -> None:
        with transaction.atomic():
            for row in range(3):
                OutgoingMessage.objects.create(channel="mail", to=f"{user.pk}-{course}-{row}@a.example")

    def buy(user: User, course: int) -> None:
        order = place(user=user, offer=f"course:{course}", seen_fen=9_900, actor=Actor(member_id=user.pk))
        payment = begin(
            user=user,
            order_number=order.number,
            provider="sandbox",
            channel="page",
            returns_to="/",
            notify_at="/",
        )
        receive("sandbox", sandbox.press(payment.number, "pay"))
        fulfil(order.pk)

    def bare(user: User, course: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for row in range(3):
                cursor.execute("INSERT INTO bare VALUES (%s, %s, %s)", [user.pk, "bare", course + row])

    print(f"\n{name}: {BUYERS} buyers at once, {ORDERS} orders each")
    rates = {}
    for what, act in (
        ("three rows in a transaction, without Django", bare),
        ("three rows in a transaction", created),
        ("orders paid and fulfilled", buy),
    ):
        taken, spent = _at_once(buyers, courses, act)
        rates[what] = len(taken) / spent
        print(
            f"  {what}: {rates[what]:,.0f}/s, p50 {1000 * statistics.median(taken):.1f} ms, "
            f"p99 {1000 * statistics.quantiles(taken, n=100)[98]:.1f} ms"
        )
    _, bare_rate, rate = rates.values()
    print(f"  ratio 1/{bare_rate / rate:.1f} (goal 1/{1 / GOAL:.0f})")
    paid = Order.objects.filter(status=Order.Status.FULFILLED).count()
    books = {one.account: one.amount_fen for one in ledger.balances()}
    if paid != BUYERS * ORDERS or books != {"receivable:sandbox": paid * 9_900, "revenue": -paid * 9_900}:
        sys.exit(f"commerce: {paid} of {BUYERS * ORDERS} orders were paid, the books say {books}")
    if name == "PostgreSQL" and rate < GOAL * bare_rate:
        sys.exit(f"commerce: slower than it should be: 1/{bare_rate / rate:.1f} of a bare transaction")


def _at_once(buyers: list, courses: list[int], act: Callable[..., None]) -> tuple[list[float], float]:
    """Seconds that each act took, and all of them together; every buyer in a thread, one course after the other."""
    from django.db import connection  # noqa: PLC0415

    taken: list[float] = []

    def go(user: object) -> None:
        for course in courses:
            began = time.perf_counter()
            act(user, course)
            # As a request does when it ends: buyers outnumber the pool.
            connection.close()
            taken.append(time.perf_counter() - began)

    threads = [Thread(target=go, args=[user]) for user in buyers]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, time.perf_counter() - began


if __name__ == "__main__":
    main()
