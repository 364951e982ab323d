"""kill -9 at fifty random moments of taking events in and of sealing: nothing is lost and nothing doubled."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def database_url():
    """The database of this test, for another process."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["ZHIYUE_DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_moment_nothing_is_lost_and_nothing_doubled():
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("ZHIYUE_", "DJANGO_"))}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.collect.killed"],
        cwd=ROOT,
        env=clean
        | {
            "DJANGO_SETTINGS_MODULE": "zhiyue.config.settings",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "ZHIYUE_ENVIRONMENT": "test",
            "ZHIYUE_DATABASE_URL": database_url(),
            "ZHIYUE_DATA_DIR": str(settings.ZHIYUE_DATA_DIR),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1] == "nothing lost, nothing doubled"
