"""The benchmarks say when they could not measure."""

import subprocess
import sys
from pathlib import Path

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
