"""Our parts measured beside their peers, in one process on one machine."""

import os
import subprocess
import sys
import tempfile


def on_each_database(benchmark: str, *, flag: str) -> None:
    """Run `benchmark` again on SQLite and on PostgreSQL, told by the environment variable `flag` which it is. Each in a
    process of its own: Django knows one database at a time."""
    from tests.services import postgresql  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, postgresql() as address:
        for name, url in (("SQLite", f"sqlite:///{folder}/{benchmark}.sqlite3"), ("PostgreSQL", address)):
            environment = {
                **os.environ,
                flag: name,
                "ZHIYUE_DATABASE_URL": url,
                "ZHIYUE_DATA_DIR": folder,
                "ZHIYUE_ENVIRONMENT": "test",
                "DJANGO_SETTINGS_MODULE": "zhiyue.config.settings",
            }
            subprocess.run([sys.executable, "-m", "benchmarks", benchmark], env=environment, check=True)
