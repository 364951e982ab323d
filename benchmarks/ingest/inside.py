"""The steps of the benchmark `ingest` that need Django. Each prints what its caller shows."""

import http.client
import json
import os
import time
from datetime import timedelta
from uuid import uuid4


def run(step: str) -> None:
    from zhiyue.config.sqlite import use_current_sqlite  # noqa: PLC0415

    use_current_sqlite()
    import django  # noqa: PLC0415

    django.setup()
    {"prepare": _prepare, "visible": _visible, "limits": _limits, "import": _import}[step]()


def _prepare() -> None:
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from benchmarks.ingest import COURSES, PEOPLE  # noqa: PLC0415
    from tests.factories import lesson_of, make_course, make_member, make_visitor  # noqa: PLC0415
    from zhiyue.collect.slates import signed  # noqa: PLC0415
    from zhiyue.experience.shell.viewers import VISITOR_COOKIE, signed_key  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    course = make_course("intuition", price_fen=9900)
    others = [make_course(f"course-{n}").pk for n in range(COURSES)]
    people = []
    for n in range(PEOPLE):
        if n % 4:
            people.append({"cookie": f"{VISITOR_COOKIE}={signed_key(make_visitor())}"})
        else:
            client = Client()
            client.force_login(make_member(f"member{n}@bench.example", f"成员{n}"))
            people.append({"cookie": f"zy_session={client.cookies['zy_session'].value}"})
    known = {
        "course": course.pk,
        "lesson": lesson_of(course, "one").pk,
        "courses": others,
        "slate": signed("for-you", policy="hybrid"),
        "people": people,
    }
    print(json.dumps(known))


def _visible() -> None:
    from benchmarks.ingest import BROWSER  # noqa: PLC0415
    from zhiyue.collect.selectors import latest_events  # noqa: PLC0415
    from zhiyue.core.kit import clock  # noqa: PLC0415

    waits = []
    for _ in range(5):
        newest = latest_events(limit=1)[0].pk
        event = {"id": str(uuid4()), "name": "page.viewed", "at": clock.now().isoformat()}
        body = json.dumps({"events": [event | {"properties": {"path": "/seen/"}}]})
        headers = {
            "Content-Type": "application/json",
            "Cookie": os.environ["BENCHMARK_KEY"],
            "User-Agent": BROWSER,
        }
        server = http.client.HTTPConnection("127.0.0.1", int(os.environ["BENCHMARK_PORT"]))
        began = time.perf_counter()
        server.request("POST", "/api/v1/events", body, headers)
        server.getresponse().read()
        while not latest_events(after_id=newest, limit=1):
            time.sleep(0.005)
        waits.append(time.perf_counter() - began)
    print(f"  an event is among the latest after {1000 * max(waits):.0f} ms at most, of 5")


def _limits() -> None:
    """What the database does with the same rows, without anything of ours: one COPY, and one for each hundred."""
    from django.db import connection, transaction  # noqa: PLC0415

    from zhiyue.collect import log  # noqa: PLC0415

    if connection.vendor != "postgresql":
        print("  (SQLite has no COPY)")
        return
    columns = ", ".join(log.LogRow._fields)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM collect_event")
        rows = min(200_000, cursor.fetchone()[0])
        cursor.execute("CREATE TABLE told AS SELECT * FROM collect_event LIMIT %s", [rows])
        cursor.execute("CREATE TABLE limit_of_copy (LIKE collect_event INCLUDING ALL)")
        with cursor.copy(f"COPY told ({columns}) TO STDOUT") as copy:
            lines = [bytes(line) for line in copy]
        spent = []
        for size in (len(lines), 100):
            cursor.execute("TRUNCATE limit_of_copy")
            parts = [b"".join(lines[start : start + size]) for start in range(0, len(lines), size)]
            began = time.perf_counter()
            for part in parts:
                with transaction.atomic(), cursor.copy(f"COPY limit_of_copy ({columns}) FROM STDIN") as copy:
                    copy.write(part)
            spent.append(time.perf_counter() - began)
        cursor.execute("DROP TABLE limit_of_copy, told")
    whole, hundreds = (rows / seconds for seconds in spent)
    print(
        f"  COPY of the same rows: {whole:,.0f} rows/s at once, {hundreds:,.0f} rows/s in transactions of 100"
    )


def _import() -> None:
    from benchmarks.ingest import IMPORTED  # noqa: PLC0415
    from zhiyue.collect.cleaning import Cleaned, clean  # noqa: PLC0415
    from zhiyue.collect.kinds import Actor  # noqa: PLC0415
    from zhiyue.collect.services import import_history  # noqa: PLC0415
    from zhiyue.core.accounts.models import User  # noqa: PLC0415
    from zhiyue.core.kit import clock  # noqa: PLC0415

    people = list(User.objects.values_list("pk", flat=True))
    now = clock.now()

    def past(n: int) -> tuple[Cleaned, Actor]:
        at = now - timedelta(days=30, seconds=-20 * n)
        cleaned = clean(
            name="lesson.progressed",
            origin="import",
            event_id=uuid4(),
            course_id=1 + n % 40,
            lesson_id=1 + n % 400,
            properties={"percent": n % 100, "seconds": 10},
            occurred_at=at,
            received_at=at,
        )
        return cleaned, Actor(member_id=people[n % len(people)])

    began = time.perf_counter()
    events = [past(n) for n in range(IMPORTED)]
    cleaned = time.perf_counter()
    new = 0
    for start in range(0, IMPORTED, 20_000):
        new += import_history(events=events[start : start + 20_000])
    done = time.perf_counter()
    print(
        f"  import of {new:,} past events: {IMPORTED / (done - cleaned):,.0f}/s once they are cleaned, "
        f"{IMPORTED / (done - began):,.0f}/s with their cleaning"
    )
