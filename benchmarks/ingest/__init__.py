"""Events through the real door: a web server as `zhiyue serve` starts it, one process, on PostgreSQL and on SQLite.

Clients post batches of 100 over kept connections, as several visitors and members at once. Beside it stand what COPY
does with the same rows in the same database, how long a batch takes where nothing else goes on, how soon an event can
be seen, and how fast past events are imported. Run as `python -m benchmarks ingest`.
"""

import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

SECONDS = float(os.environ.get("BENCHMARK_SECONDS", "20"))
CLIENTS = 4
PEOPLE = 120
COURSES = 40
PACED_PEOPLE = 12
BATCH = 100
PACED = 600
PACED_EVERY_SECONDS = 0.06
IMPORTED = 100_000
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
FLOORS = {"PostgreSQL": 5_000, "SQLite": 2_000}
_INSIDE = "BENCHMARK_INGEST"


def main() -> None:
    if os.environ.get(_INSIDE):
        from benchmarks.ingest import inside  # noqa: PLC0415

        inside.run(os.environ[_INSIDE])
        return
    from tests.services import postgresql  # noqa: PLC0415

    cores = os.cpu_count()
    print(
        f"{cores} cores, load {os.getloadavg()[0]:.1f} before; {SECONDS:.0f} s, {CLIENTS} clients, batches of {BATCH}"
    )
    short = []
    with tempfile.TemporaryDirectory() as folder:
        short += _run("SQLite", f"sqlite:///{folder}/ingest.sqlite3", folder)
        with postgresql() as address:
            short += _run("PostgreSQL", address, folder)
    if short:
        sys.exit(f"ingest: slower than it should be: {', '.join(short)}")


def _run(name: str, address: str, folder: str) -> list[str]:
    environment = {
        **os.environ,
        "ZHIYUE_DATABASE_URL": address,
        "ZHIYUE_DATA_DIR": folder,
        "ZHIYUE_ENVIRONMENT": "test",
        "ZHIYUE_EVENTS_PER_MINUTE": str(10**9),
        "DJANGO_SETTINGS_MODULE": "zhiyue.config.settings",
    }
    people = json.loads(_inside("prepare", environment))
    print(f"\n{name}")
    with _web_server(environment) as (port, process):
        person = people["people"][0]
        calm = _paced(port, _Batches(people, people["people"][:PACED_PEOPLE], start_hours=20), PACED)
        print(
            f"  one client, a batch every {1000 * PACED_EVERY_SECONDS:.0f} ms: "
            f"p50 {statistics.median(calm):.1f} ms, p99 {_quantile(calm, 0.99):.1f} ms"
        )
        cpu = _cpu_seconds(process.pid)
        stored, taken, spent = _flood(port, people)
        cpu = _cpu_seconds(process.pid) - cpu
        rate = stored / spent
        print(
            f"  {CLIENTS} clients: {rate:,.0f} events/s for {spent:.0f} s, "
            f"a batch p50 {statistics.median(taken):.0f} ms, p99 {_quantile(taken, 0.99):.0f} ms; "
            f"the web process works {1000 * cpu / len(taken):.1f} ms CPU a batch, "
            f"at most {BATCH * len(taken) / cpu:,.0f} events a CPU second"
        )
        print(
            _inside(
                "visible", {**environment, "BENCHMARK_PORT": str(port), "BENCHMARK_KEY": person["cookie"]}
            )
        )
    print(_inside("limits", environment))
    print(_inside("import", environment))
    print(f"  load {os.getloadavg()[0]:.1f} after")
    return [f"{name} {rate:,.0f} < {FLOORS[name]:,}"] if rate < FLOORS[name] else []


def _inside(step: str, environment: dict[str, str]) -> str:
    """A step that needs Django, in a process of its own: Django knows one database at a time."""
    command = [sys.executable, "-m", "benchmarks", "ingest"]
    done = subprocess.run(
        command, env={**environment, _INSIDE: step}, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.rstrip("\n")


@contextmanager
def _web_server(environment: dict[str, str]) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    from zhiyue.config.supervisor import children  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web = next(child for child in children(host="127.0.0.1", port=port) if child.name == "web")
    process = subprocess.Popen(web.command, env=environment)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).read()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    sys.exit("ingest: the web server doesn't answer")
                time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=20)


class _Batches:
    """What browsers tell: ten minutes of one person in each batch, one after the other in the hours before now."""

    def __init__(self, known: dict[str, Any], people: list[dict[str, str]], *, start_hours: float) -> None:
        self.known, self.people = known, people
        self.begin = datetime.now(UTC) - timedelta(hours=start_hours)
        self.chance = random.Random(7)
        self.turn = 0

    def next(self) -> tuple[str, bytes]:
        person = self.people[self.turn % len(self.people)]
        first = self.begin + timedelta(minutes=10 * (self.turn // len(self.people)))
        self.turn += 1
        events = [self._event(first + timedelta(seconds=6 * n), n) for n in range(BATCH)]
        told = {"sent_at": datetime.now(UTC).isoformat(), "events": events}
        return person["cookie"], json.dumps(told, ensure_ascii=False).encode()

    def _event(self, at: datetime, n: int) -> dict[str, object]:
        course, lesson = self.known["course"], self.known["lesson"]
        event: dict[str, object] = {"id": str(uuid4()), "at": at.isoformat()}
        sort = self.chance.random()
        if sort < 0.35:
            path = f"/courses/{self.chance.randrange(500)}/"
            return event | {"name": "page.viewed", "properties": {"path": path}}
        slate = {"slate": self.known["slate"], "policy": "hybrid"}
        if sort < 0.5:
            shown = {
                **slate,
                "courses": self.chance.sample(self.known["courses"], 12),
                "propensities": [1] * 12,
            }
            return event | {"name": "slate.shown", "properties": shown}
        if sort < 0.6:
            chosen = {**slate, "position": self.chance.randrange(1, 13), "propensity": 1}
            return event | {"name": "slate.chosen", "course_id": course, "properties": chosen}
        if sort < 0.65:
            chosen = {"words": "统计学", "kind": "course", "position": self.chance.randrange(1, 9)}
            return event | {"name": "search.chosen", "properties": chosen}
        read = {"percent": n, "seconds": 6}
        return event | {
            "name": "lesson.progressed",
            "course_id": course,
            "lesson_id": lesson,
            "properties": read,
        }


def _post(server: http.client.HTTPConnection, cookie: str, body: bytes) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Cookie": cookie, "User-Agent": BROWSER}
    server.request("POST", "/api/v1/events", body, headers)
    answer = server.getresponse()
    told = answer.read()
    if answer.status != 202:
        raise RuntimeError(f"{answer.status} {told[:300]!r}")
    found: dict[str, Any] = json.loads(told)
    return found


def _paced(port: int, batches: _Batches, times: int) -> list[float]:
    server = http.client.HTTPConnection("127.0.0.1", port)
    taken = []
    for turn in range(times + 5):
        cookie, body = batches.next()
        began = time.perf_counter()
        _post(server, cookie, body)
        spent = time.perf_counter() - began
        # The first ones wake what sleeps.
        if turn >= 5:
            taken.append(1000 * spent)
        time.sleep(max(0.0, PACED_EVERY_SECONDS - spent))
    return taken


def _flood(port: int, known: dict[str, Any]) -> tuple[int, list[float], float]:
    """How many events were stored, how many milliseconds each batch took, and how many seconds all of them."""
    stored = [0] * CLIENTS
    taken: list[list[float]] = [[] for _ in range(CLIENTS)]
    failures: list[BaseException] = []
    prepared = []
    for client in range(CLIENTS):
        batches = _Batches(known, known["people"][PACED_PEOPLE + client :: CLIENTS], start_hours=8)
        prepared.append([batches.next() for _ in range(int(SECONDS * 40))])
    began = time.perf_counter()

    def tell(client: int) -> None:
        server = http.client.HTTPConnection("127.0.0.1", port)
        try:
            for cookie, body in prepared[client]:
                asked = time.perf_counter()
                if asked > began + SECONDS:
                    return
                stored[client] += _post(server, cookie, body)["accepted"]
                taken[client].append(1000 * (time.perf_counter() - asked))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=tell, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - began
    if failures:
        raise failures[0]
    return sum(stored), [one for some in taken for one in some], spent


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
