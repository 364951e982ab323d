"""The benchmarks say when they could not measure."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.recommend import main as recommend
from benchmarks.recommend import power_law
from benchmarks.recommend.alone import alone

ROOT = Path(__file__).parents[2]


def test_pages_that_could_not_be_measured_are_a_failure():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "pages"],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no Chromium on this machine" in done.stdout
    assert "Failed: pages." in done.stderr


def test_a_peer_that_is_not_installed_is_left_out_and_how_to_install_it_said(capfd, monkeypatch, tmp_path):
    # Stands before a faiss that is installed, and can't be imported.
    (tmp_path / "faiss.py").write_text("raise ModuleNotFoundError('No module named faiss', name='faiss')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    assert alone("benchmarks.recommend.products", "faiss", "1") is None
    assert capfd.readouterr().out == "faiss: left out; pip install faiss-cpu\n"


def test_a_contestant_is_measured_in_a_process_of_its_own():
    timed = alone("benchmarks.recommend.products", "ours", "1")

    assert timed is not None
    assert 0 < timed.wall < 5
    assert 0.03 < timed.memory < 2
    assert timed.told["sum"] == pytest.approx(315.05, abs=0.01)


def test_a_part_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("BENCHMARK_PARTS", "products,speed")
    with pytest.raises(SystemExit, match="no part speed; choose from: quality, neighbours, products, graph"):
        recommend()


def test_the_made_power_law_is_always_the_same_and_of_the_size_asked_for(tmp_path):
    (tmp_path / "again").mkdir()
    power_law.make(20_000, 1_000, 400_000, tmp_path)
    power_law.make(20_000, 1_000, 400_000, tmp_path / "again")

    made = power_law.load(str(tmp_path), 1_000)

    assert (made != power_law.load(str(tmp_path / "again"), 1_000)).nnz == 0
    assert made.nnz == pytest.approx(400_000, rel=0.1)
    people = np.sort(np.bincount(made.indices))[::-1]
    assert people[:200].sum() / made.nnz == pytest.approx(0.54, abs=0.05)
