"""The set-up says plainly what a machine lacks."""

import ast
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

import bootstrap

ROOT = Path(__file__).resolve().parents[2]
Usage = namedtuple("Usage", "total used free")


def test_an_old_python_is_one_clear_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit):
        bootstrap.check_machine("base")
    assert capsys.readouterr().err == (
        "zhiyue: Zhiyue needs Python 3.11 or newer; this is 3.9. "
        "Install a newer one, or name it: make demo PYTHON=python3.11\n"
    )


def test_a_full_disk_is_one_clear_line(monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda _: Usage(0, 0, 100 * 2**20))
    monkeypatch.setattr(bootstrap, "PYTHON", "/nowhere")
    with pytest.raises(SystemExit):
        bootstrap.check_machine("base")
    assert capsys.readouterr().err == (
        f"zhiyue: The disk has 100 MiB free; the installation needs about {bootstrap.NEEDED_MIB['base']} MiB. "
        "Make room and try again.\n"
    )


def test_a_step_is_done_once_and_again_when_what_it_depends_on_changes(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))
    done, state = [], ["a"]
    for value in ("a", "a", "b", bootstrap.ABSENT):
        state[0] = value
        bootstrap.run_step("step", "A step", lambda: state[0], lambda: done.append(state[0]))
    assert done == ["a", "b", bootstrap.ABSENT]


def test_a_step_that_fails_is_tried_again(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))

    def fail():
        raise subprocess.CalledProcessError(3, ["pip"])

    with pytest.raises(SystemExit):
        bootstrap.run_step("step", "A step", lambda: "a", fail)
    assert bootstrap.stamp("step") is None


def test_the_set_up_can_be_read_by_an_old_python():
    # Newer syntax would end in a SyntaxError before the message about the version.
    ast.parse((ROOT / "bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 6))
