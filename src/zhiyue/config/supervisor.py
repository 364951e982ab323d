"""Runs web, worker and scheduler as children of one process, restarts what falls, and leaves none behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from watchfiles import PythonFilter, watch

from zhiyue.core.kit.supervised import SUPERVISOR_VARIABLE

GRACE_SECONDS = 10
QUICK_FALL_SECONDS = 10
QUICK_FALLS = 4


class CannotServe(Exception):
    """Why the academy can't be served; the message says what to do."""


@dataclass(slots=True)
class Child:
    """One process to keep alive."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    falls: int = 0
    start_at: float = field(default=0.0)


def port_of(text: str) -> int:
    """A port as somebody wrote it. Raises CannotServe."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise CannotServe(f"PORT must be a number from 1 to 65535, not “{text}”.")
    return int(text)


def check_folder(folder: Path, *, needed_bytes: int) -> None:
    """Raises CannotServe where the data folder can't be written or its disk is nearly full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".write-test").write_bytes(b"ok")
        (folder / ".write-test").unlink()
    except OSError as why:
        raise CannotServe(
            f"The data folder {folder} can't be written ({why.strerror}). Choose another with ZHIYUE_DATA_DIR."
        ) from why
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise CannotServe(
            f"The disk of {folder} has {free // 2**20} MiB free; at least {needed_bytes // 2**20} MiB are needed. "
            "Make room, or choose another folder with ZHIYUE_DATA_DIR."
        )


def check_port(host: str, port: int, *, instead: str) -> None:
    """Raises CannotServe where the address can't be had; `instead` is a command that takes the next one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as why:
            raise CannotServe(
                f"Port {port} on {host} can't be used ({why.strerror}). Choose another, for example: {instead}"
            ) from why


def children(*, host: str, port: int, proxies: str = "") -> list[Child]:
    """The three processes of an installation on one machine. `proxies`: addresses whose word about clients counts."""
    zhiyue = [sys.executable, "-m", "zhiyue"]
    web = [
        sys.executable,
        "-m",
        "uvicorn",
        "zhiyue.config.asgi:application",
        "--host",
        host,
        "--port",
        str(port),
    ]
    web += [
        "--log-level",
        "warning",
        "--no-server-header",
        "--timeout-graceful-shutdown",
        "3",
        "--lifespan",
        "off",
    ]
    web += ["--proxy-headers", "--forwarded-allow-ips", proxies] if proxies else ["--no-proxy-headers"]
    return [
        Child("web", web),
        Child("worker", [*zhiyue, "worker"]),
        Child("scheduler", [*zhiyue, "scheduler"]),
    ]


def run(
    wanted: list[Child], *, when_started: Callable[[], None] = lambda: None, watched: Path | None = None
) -> int:
    """Keep `wanted` alive until a signal comes. Returns the exit status.

    When a file below `watched` changes, all of them are started again.
    `when_started` is called once, in a thread of its own, after every child was started; it may take its time.
    """
    stop = Stop()
    environment = {**os.environ, SUPERVISOR_VARIABLE: str(os.getpid())}
    try:
        for child in wanted:
            _start(child, environment)
        threading.Thread(target=when_started, name="welcome", daemon=True).start()
        changes = Changes(watched) if watched else None
        while not stop.asked:
            if changes and changes.came():
                print("zhiyue: the code changed; starting again.", file=sys.stderr, flush=True)
                _end_all(wanted)
                for child in wanted:
                    _start(child, environment)
            _tend(wanted, environment)
            time.sleep(0.2)
    except CannotServe as why:
        print(f"zhiyue: {why}", file=sys.stderr, flush=True)
        return 1
    finally:
        _end_all(wanted)
    return 0


class Stop:
    """Remembers that SIGINT, SIGTERM or SIGHUP came; the loop looks."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


class Changes:
    """Watches a folder of code from a thread; the loop asks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = threading.Event()
        threading.Thread(target=self._watch, name="changes", daemon=True).start()

    def came(self) -> bool:
        """True once after each burst of changes."""
        if not self._seen.is_set():
            return False
        self._seen.clear()
        return True

    def _watch(self) -> None:
        for _ in watch(
            self._folder, watch_filter=PythonFilter(extra_extensions=(".html", ".mo")), raise_interrupt=False
        ):
            self._seen.set()


def _start(child: Child, environment: dict[str, str]) -> None:
    # A session of its own: Ctrl-C reaches the supervisor alone, and its whole group can be ended.
    child.process = subprocess.Popen(
        child.command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL
    )
    child.started = time.monotonic()


def _tend(wanted: list[Child], environment: dict[str, str]) -> None:
    moment = time.monotonic()
    for child in wanted:
        if child.process is not None and child.process.poll() is not None:
            _note_fall(child, moment)
        if child.process is None and moment >= child.start_at:
            _start(child, environment)


def _note_fall(child: Child, moment: float) -> None:
    status = child.process.returncode if child.process else None
    child.falls = child.falls + 1 if moment - child.started < QUICK_FALL_SECONDS else 1
    if child.falls >= QUICK_FALLS:
        raise CannotServe(
            f"{child.name} ended {child.falls} times in a row (status {status}); its messages stand above."
        )
    print(f"zhiyue: {child.name} ended (status {status}); starting it again.", file=sys.stderr, flush=True)
    child.process, child.start_at = None, moment + 0.5 * 2**child.falls


def _end_all(wanted: list[Child]) -> None:
    running = [
        child.process for child in wanted if child.process is not None and child.process.poll() is None
    ]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for process in running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
    for child in wanted:
        if child.process is not None:
            _end_group(child.process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever of the child's process group is left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
