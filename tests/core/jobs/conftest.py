"""The journal in which test jobs leave their lines, and real processes on the test's own database."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.core.jobs import acts

ROOT = Path(__file__).resolve().parents[3]
Spawn = Callable[..., "subprocess.Popen[bytes]"]


class Journal:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    @property
    def lines(self) -> list[str]:
        path = Path(self.path)
        return path.read_text().splitlines() if path.exists() else []

    def wait_for(self, count: int, seconds: float = 20) -> list[str]:
        until(lambda: len(self.lines) >= count, seconds)
        return self.lines


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture(autouse=True)
def forgetful() -> None:
    """What the acts keep in memory doesn't outlive a test."""
    acts.kept_in_order.clear()
    acts.stumbled.clear()
    acts.broken_numbers.clear()


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts `zhiyue <words>` with the test jobs, on the database of this test."""
    if connection.vendor == "sqlite" and "mode=memory" in str(connection.settings_dict["NAME"]):
        pytest.fail(
            "Other processes can't see a database in memory: give SQLite a TEST NAME in the settings."
        )
    children: list[subprocess.Popen[bytes]] = []

    def start(*words: str, through: str = "run_command.py") -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "zhiyue.config.settings",
            "ZHIYUE_DATA_DIR": str(tmp_path),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src"), *sys.path]),
            "ZHIYUE_JOBS_TEST_DATABASE": json.dumps(connection.settings_dict, default=str),
        }
        script = Path(__file__).with_name(through)
        child = subprocess.Popen([sys.executable, str(script), *words], env=environment, cwd=ROOT)
        children.append(child)
        return child

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
