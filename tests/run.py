"""`python -m tests.run`: the whole suite on SQLite, what touches records again on PostgreSQL and Redis, then the
browser. Words after it go to pytest, which then runs once, on SQLite."""

import os
import subprocess
import sys
import time

from tests.services import postgresql, redis_server

# Nothing in these depends on which database it is; `config` brings its own.
WITHOUT_RECORDS = ["tests/engine", "tests/house", "tests/browser", "tests/config"]
WORKERS = str(min(os.cpu_count() or 2, 4))


def main(words: list[str]) -> int:
    if words:
        return _pytest("SQLite", words)
    failed = _pytest("SQLite", ["-n", WORKERS, "--ignore=tests/browser"])
    with postgresql() as database, redis_server() as redis:
        environment = {"ZHIYUE_DATABASE_URL": database, "ZHIYUE_REDIS_URL": redis}
        ignored = [f"--ignore={folder}" for folder in WITHOUT_RECORDS]
        failed |= _pytest(
            "PostgreSQL and Redis", ["-n", WORKERS, "-m", "not real_data", *ignored], **environment
        )
    failed |= _pytest("Chromium", ["tests/browser"], DJANGO_ALLOW_ASYNC_UNSAFE="true")
    return failed


def _pytest(stage: str, words: list[str], **environment: str) -> int:
    begun = time.monotonic()
    print(f"\n== Tests on {stage}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", *words]
    status = subprocess.run(command, env={**os.environ, **environment}, check=False).returncode
    print(
        f"== Tests on {stage}: {'passed' if status == 0 else 'FAILED'} in {time.monotonic() - begun:.0f} s",
        flush=True,
    )
    return int(status != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
