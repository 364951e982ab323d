"""The notebook that compares all policies: a valid file without stored outputs, whose cells run as they stand."""

import csv
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from zhiyue.recommend.policies import POLICIES

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "compare_policies.ipynb"
MOOCCUBE = Path(__file__).parents[3] / "shared" / "data" / "mooccube_mini"
PICTURES = 4
ONE_THREAD = ("OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS")
# Runs after the last cell, in the same names.
TOLD = """
import json
print("TOLD" + json.dumps({
    "policies": [one.policy for one in found.results],
    "people": found.test_learners,
    "strangers": [] if strangers is None else [one.policy for one in strangers.results],
    "pictures": [len(plt.figure(number).axes) for number in plt.get_fignums()],
}))
"""


def notebook():
    return json.loads(NOTEBOOK.read_text("utf-8"))


def run(tmp_path, data=None):
    """All cells of code in one go, as a process of its own; what the last line tells, and what was printed."""
    cells = ["".join(cell["source"]) for cell in notebook()["cells"] if cell["cell_type"] == "code"]
    script = tmp_path / "cells.py"
    script.write_text("\n\n".join([*cells, TOLD]), "utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ZHIYUE_", "DJANGO_"))}
    # Threads that wait for each other are slow on a machine with other work.
    env |= {"MPLBACKEND": "Agg", "TMPDIR": str(tmp_path)} | dict.fromkeys(ONE_THREAD, "1")
    env |= {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), env.get("PYTHONPATH", "")])}
    env |= {} if data is None else {"ZHIYUE_EXAMPLE_DATA": str(data)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore:FigureCanvasAgg", str(script)],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = re.search(r"^TOLD(.*)$", done.stdout, re.MULTILINE)
    return done, json.loads(told[1]) if told else None


def test_it_is_a_notebook_of_format_four_and_stores_no_outputs():
    found = notebook()
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    assert found["metadata"]["kernelspec"]["language"] == "python"
    ids = [cell["id"] for cell in found["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one) for one in ids)
    for cell in found["cells"]:
        assert isinstance(cell["metadata"], dict)
        assert all(isinstance(line, str) for line in cell["source"])
        if cell["cell_type"] == "code":
            assert set(cell) == {"cell_type", "id", "metadata", "source", "outputs", "execution_count"}
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
        else:
            assert set(cell) == {"cell_type", "id", "metadata", "source"}
            assert cell["cell_type"] == "markdown"


def test_it_runs_anywhere_on_a_simulated_academy_and_compares_all_policies(tmp_path):
    done, told = run(tmp_path)

    assert done.returncode == 0, done.stderr[-2000:]
    passed_over = set(re.findall(r"^(\S+): left out\.", done.stdout, re.MULTILINE))
    # Their extras may not be here.
    assert passed_over <= {"boosted", "deep"}
    assert set(told["policies"]) == set(POLICIES) - passed_over
    assert told["people"] >= 300
    assert {"popular", "item-neighbours"} <= set(told["strangers"])
    assert len(told["pictures"]) == PICTURES and all(told["pictures"])
    assert "finds most: NDCG@10 0." in done.stdout
    # Nothing is left beside the temporary folder, and no list says that something is missing that the academy has.
    assert "no topics" not in done.stdout


@pytest.mark.skipif(not MOOCCUBE.exists(), reason="the MOOCCube sample is not on this machine")
def test_it_runs_on_real_data_that_a_folder_holds(tmp_path):
    data = tmp_path / "academy"
    data.mkdir()
    for name in ("train", "public_test"):
        with gzip.open(MOOCCUBE / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        some = [row for row in rows if int(row[0]) < 250]
        with gzip.open(data / f"{name}.csv.gz", "wt", encoding="utf-8") as file:
            csv.writer(file).writerows([head, *some])
    (data / "courses.csv.gz").write_bytes((MOOCCUBE / "courses.csv.gz").read_bytes())

    done, told = run(tmp_path, data)

    assert done.returncode == 0, done.stderr[-2000:]
    # There is no order in it.
    assert {"popular", "content", "ease", "hybrid"} <= set(told["policies"]) <= set(POLICIES) - {"sequence"}
    assert "sequence: left out." in done.stdout
    assert told["people"] >= 100
    assert "your own" in done.stdout and str(data) not in done.stdout


def test_a_folder_without_a_log_is_told_what_is_missing(tmp_path):
    done, told = run(tmp_path, tmp_path)

    assert (done.returncode, told) == (1, None)
    assert "There is no train.parquet, .csv or .csv.gz in the folder" in done.stderr
    assert "Traceback" not in done.stderr
