"""Runs web, worker and scheduler as children of one process, restarts what falls, and leaves none behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

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


def check_port(host: str, port: int) -> None:
    """Raises CannotServe where the address can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as why:
            raise CannotServe(
                f"Port {port} on {host} can't be used ({why.strerror}). "
                f"Choose another, for example: PORT={port + 1} make demo"
            ) from why


def children(*, host: str, port: int, reload: bool = False) -> list[Child]:
    """The three processes of an installation on one machine."""
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
    if reload:
        web += ["--reload", "--reload-dir", "src", "--reload-include", "*.html"]
    return [
        Child("web", web),
        Child("worker", [*zhiyue, "worker"]),
        Child("scheduler", [*zhiyue, "scheduler"]),
    ]


def run(wanted: list[Child], *, when_started: Callable[[], None] = lambda: None) -> int:
    """Keep `wanted` alive until a signal comes. Returns the exit status.

    `when_started` is called once, in a thread of its own, after every child was started; it may take its time.
    """
    stop = Stop()
    environment = {**os.environ, SUPERVISOR_VARIABLE: str(os.getpid())}
    try:
        for child in wanted:
            _start(child, environment)
        threading.Thread(target=when_started, name="welcome", daemon=True).start()
        while not stop.asked:
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
