"""Past events out of a file: rows a second on SQLite and on PostgreSQL, CSV, Parquet and xAPI, beside what the
database itself can take of the same rows (COPY, or one bare INSERT for many). The rows are in the order of time, as
systems write down their past; BENCHMARK_SHUFFLED=1 has them in none.

Run as `python -m benchmarks importing`.
"""

import csv
import json
import os
import random
import time
from datetime import timedelta
from pathlib import Path

from benchmarks import on_each_database

ROWS = int(os.environ.get("BENCHMARK_ROWS", "200000"))
MEMBERS, COURSES = 2000, 40
GOAL = 40_000
_INSIDE = "BENCHMARK_IMPORTING_DATABASE"

MAPPING = """
[person]
column = "who"
[when]
column = "at"
[event]
column = "act"
names = { view = "course.viewed", read = "lesson.progressed", done = "lesson.finished", page = "course.saved" }
[course]
column = "course"
[lesson]
column = "lesson"
[properties]
percent = "percent"
seconds = "seconds"
"""


def main() -> None:
    if os.environ.get(_INSIDE):
        _measure(os.environ[_INSIDE])
        return
    on_each_database("importing", flag=_INSIDE)


def _measure(name: str) -> None:
    from zhiyue.config.sqlite import use_current_sqlite  # noqa: PLC0415

    use_current_sqlite()
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    _people_and_courses()
    folder = Path(settings.ZHIYUE_DATA_DIR)
    print(f"\n{name}: {ROWS:,} rows a file, {MEMBERS:,} members; goal {GOAL:,} rows a second")
    for form, path in _files(folder, name).items():
        _import(form, path)
    print(f"  {'the database alone':<20}{_bare():>12,.0f} rows/s")


def _people_and_courses() -> None:
    from tests.factories import make_course  # noqa: PLC0415
    from zhiyue.core.accounts.models import User  # noqa: PLC0415
    from zhiyue.core.consent.purposes import EVERYTHING  # noqa: PLC0415
    from zhiyue.core.consent.services import import_choices  # noqa: PLC0415
    from zhiyue.core.kit import clock  # noqa: PLC0415

    User.objects.bulk_create(
        User(email=f"m{n}@test.example", display_name=f"m{n}", password="!") for n in range(MEMBERS)
    )
    people = User.objects.values_list("pk", flat=True)
    import_choices(rows=[(pk, None, EVERYTHING, clock.now()) for pk in people])
    for n in range(COURSES):
        make_course(f"course-{n}")


def _rows(seed: int) -> list[dict[str, str]]:
    from zhiyue.core.kit import clock  # noqa: PLC0415

    chance = random.Random(seed)
    now = clock.now().replace(microsecond=0)
    rows = []
    ages = [chance.randrange(100 * 86_400) for _ in range(ROWS)]
    if not os.environ.get("BENCHMARK_SHUFFLED"):
        ages.sort(reverse=True)
    for age in ages:
        act = chance.choices(("view", "read", "done", "page"), (5, 4, 1, 1))[0]
        of_lesson = act in ("read", "done")
        moment = now - timedelta(seconds=age)
        rows.append(
            {
                "who": f"m{chance.randrange(MEMBERS)}@test.example",
                "at": moment.isoformat(),
                "act": act,
                "course": f"course-{chance.randrange(COURSES)}",
                "lesson": chance.choice(("one", "two", "three")) if of_lesson else "",
                "percent": str(chance.randrange(101)) if act == "read" else "",
                "seconds": str(chance.randrange(1, 60)) if act == "read" else "",
            }
        )
    return rows


def _files(folder: Path, name: str) -> dict[str, Path]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    files = {form: folder / f"{name}.{form}" for form in ("csv", "parquet", "jsonl")}
    rows = _rows(1)
    with files["csv"].open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    pq.write_table(pa.Table.from_pylist(_rows(2)), files["parquet"])
    verbs = {"view": "viewed", "read": "progressed", "done": "completed", "page": "save"}
    with files["jsonl"].open("w", encoding="utf-8") as file:
        for row in _rows(3):
            lesson = f"/lessons/{row['lesson']}" if row["lesson"] else ""
            progress = "https://w3id.org/xapi/cmi5/result/extensions/progress"
            statement = {
                "actor": {"mbox": f"mailto:{row['who']}"},
                "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verbs[row['act']]}"},
                "object": {"id": f"https://old.example/courses/{row['course']}{lesson}"},
                "timestamp": row["at"],
            }
            if row["act"] == "read":
                duration = f"PT{row['seconds']}S"
                statement["result"] = {"duration": duration, "extensions": {progress: int(row["percent"])}}
            file.write(json.dumps(statement) + "\n")
    return files


def _import(form: str, path: Path) -> None:
    from zhiyue.collect.importing.mapping import parse_mapping  # noqa: PLC0415
    from zhiyue.collect.importing.running import import_file, try_file  # noqa: PLC0415
    from zhiyue.product.catalogue.places import places  # noqa: PLC0415

    told = {
        "mapping": parse_mapping("" if form == "jsonl" else MAPPING, file=path),
        "places": places(),
        "report": lambda *_: None,
    }
    began = time.perf_counter()
    try_file(path, **told)
    tried = time.perf_counter() - began
    began = time.perf_counter()
    _, outcome = import_file(path, by=None, **told)
    took = time.perf_counter() - began
    assert outcome.refused == 0, outcome.errors[:3]
    print(f"  {form:<20}{ROWS / took:>12,.0f} rows/s   (dry run {ROWS / tried:,.0f})", flush=True)


def _bare() -> float:
    """Rows like those in the log, put into it again under other ids by the database's fastest way."""
    from django.db import connection  # noqa: PLC0415

    columns = (
        "name, member_id, visitor, course_id, lesson_id, properties, origin, occurred_at, recorded_at, day, "
        "corrections, purposes"
    )
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM collect_event ORDER BY id LIMIT {ROWS}")
        rows = cursor.fetchall()
    from uuid import uuid4  # noqa: PLC0415

    if connection.vendor == "postgresql":
        began = time.perf_counter()
        raw = connection.connection
        with (
            raw.cursor() as cursor,
            cursor.copy(f"COPY collect_event (event_id, {columns}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row((uuid4(), *row))
        raw.commit()
        return len(rows) / (time.perf_counter() - began)
    raw = connection.connection
    began = time.perf_counter()
    marks = ", ".join("?" * 13)
    raw.execute("BEGIN")
    told = [(uuid4().hex, *row) for row in rows]
    raw.executemany(f"INSERT INTO collect_event (event_id, {columns}) VALUES ({marks})", told)
    raw.execute("COMMIT")
    return len(rows) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
