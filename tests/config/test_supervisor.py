"""One command runs three processes and leaves none; each way to fail has its line."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def demo(tmp_path):
    """Starts `zhiyue demo` on a new data folder of its own, on SQLite."""
    started = []

    def start(port, *words, **more):
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("ZHIYUE_", "DJANGO_"))
        }
        environment |= {
            "ZHIYUE_DEMO": "1",
            "ZHIYUE_DEMO_MEMBERS": "50",
            "ZHIYUE_DEMO_DAYS": "5",
            "ZHIYUE_DATA_DIR": str(tmp_path / "var"),
            "PYTHONPATH": str(ROOT / "src"),
            **more,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "zhiyue", "demo", "--port", str(port), *words],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def children_of(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists() and "Z (" not in status(pid)]


def status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return "Z (gone"


def wait_until_ready(port: int, seconds: float = 60) -> dict:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                return json.load(answer)
        except OSError:
            assert time.monotonic() < deadline, "the demo did not answer"
            time.sleep(0.2)


def gone_within(pids: list[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not alive(pids)


def takes_forms_at(address: str) -> bool:
    """Is a form taken that a browser sends from this very address? Nobody is there yet to be let in."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = browser.open(f"{address}/sign-in/", timeout=10).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    form = urlencode(
        {"csrfmiddlewaretoken": token, "username": "nobody@example.com", "password": "wrong-one"}
    )
    request = urllib.request.Request(f"{address}/sign-in/", form.encode(), {"Origin": address})
    # A form that is refused for where it comes from raises HTTPError.
    return "notice-bad" in browser.open(request, timeout=10).read().decode()


def test_the_demo_answers_and_ends_with_no_process_left(demo):
    port = free_port()
    process = demo(port)
    state = wait_until_ready(port)
    assert (state["status"], state["database"], state["version"]) == ("ok", "sqlite", "0.1.0")
    assert {"sqlite_version", "queue_lag_seconds"} <= state.keys()
    children = children_of(process.pid)
    assert len(children) == 3
    assert takes_forms_at(f"http://localhost:{port}")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert alive(children) == []
    for role in ("learner", "creator", "operator", "agent", "owner"):
        assert f"{role}@example.com" in output
    assert "learner   reader@example.com  (taste turned: see /me/interests/)" in output
    assert f"http://localhost:{port}/" in output


def test_children_leave_when_the_supervisor_is_killed(demo):
    port = free_port()
    process = demo(port)
    wait_until_ready(port)
    children = children_of(process.pid)
    process.kill()
    assert gone_within(children, 20)


def test_a_killed_web_process_comes_back(demo):
    port = free_port()
    process = demo(port)
    wait_until_ready(port)
    before = children_of(process.pid)
    os.kill(before[0], signal.SIGKILL)
    assert gone_within(before[:1], 5)
    wait_until_ready(port)
    assert len(children_of(process.pid)) == 3


def test_a_port_in_use_is_one_clear_line(demo):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        output, _ = demo(port).communicate(timeout=30)
    assert output.strip().splitlines() == [
        f"CommandError: Port {port} on 127.0.0.1 can't be used (Address already in use). "
        f"Choose another, for example: make demo PORT={port + 1}"
    ]


@pytest.mark.parametrize("port", ["0", "70000", "eight"])
def test_a_port_that_is_none_is_one_clear_line(demo, port):
    output, _ = demo(port).communicate(timeout=30)
    assert output.strip() == f"CommandError: PORT must be a number from 1 to 65535, not “{port}”."


def test_a_data_folder_that_cannot_be_written_is_one_clear_line(demo):
    output, _ = demo(free_port(), ZHIYUE_DATA_DIR="/proc/nowhere").communicate(timeout=30)
    [line] = output.strip().splitlines()
    assert line.startswith("CommandError: The data folder /proc/nowhere can't be written (")
    assert line.endswith("Choose another with ZHIYUE_DATA_DIR.")


def test_the_demo_is_not_run_without_being_asked_for(demo):
    output, _ = demo(free_port(), ZHIYUE_DEMO="0").communicate(timeout=30)
    assert "ZHIYUE_DEMO=1" in output


def test_changed_code_starts_everything_again(demo, tmp_path):
    package = tmp_path / "src" / "zhiyue"
    shutil.copytree(ROOT / "src" / "zhiyue", package, ignore=shutil.ignore_patterns("__pycache__"))
    port = free_port()
    process = demo(port, "--reload", PYTHONPATH=str(tmp_path / "src"), ZHIYUE_DEBUG="1")
    wait_until_ready(port)
    before = children_of(process.pid)
    (package / "config" / "urls.py").write_text(
        (package / "config" / "urls.py").read_text() + "\n# changed\n"
    )
    assert gone_within(before, 30)
    wait_until_ready(port)
    assert len(children_of(process.pid)) == 3
