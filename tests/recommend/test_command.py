"""`zhiyue recommend …` on files, as a person runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from tests.config.test_backup import run as run_alone
from tests.recommend.teachable import TAUGHT
from zhiyue.core.kit import clock
from zhiyue.recommend import live
from zhiyue.recommend.models import LivePolicy
from zhiyue.recommend.policies import POLICIES

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"

TRAIN = """user_id,item_id,position
1,10,0
1,11,1
2,10,0
2,11,1
2,12,2
3,13,0
3,11,1
4,10,0
"""
HEADINGS = ["HR@5", "HR@10", "Recall@20", "NDCG@10", "MRR@20", "coverage@10"]
ITEMS = "item_id,title\n10,统计学的直觉\n11,概率与统计\n12,唐诗赏析\n13,宋词与唐诗\n14,统计学与直觉\n"


@pytest.fixture
def folder(tmp_path):
    for name, text in (
        ("train.csv", TRAIN),
        ("test.csv", "user_id,item_id\n4,11\n4,12\n9,10\n1,99\n1,10\n"),
        ("users.csv", "user_id\n4\n9\n1\n"),
        ("items.csv", ITEMS),
    ):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(*words):
    out, err = StringIO(), StringIO()
    call_command("recommend", *map(str, words), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def listed(path):
    lists = {}
    for row in pq.read_table(path).to_pylist():
        lists.setdefault(row["user_id"], []).append(row["item_id"])
    return lists


@pytest.mark.django_db
def test_the_policies_are_listed_with_a_line_each():
    out, _ = run("policies")

    assert [line.split()[0] for line in out.splitlines()] == [
        "popular",
        "item-neighbours",
        "user-neighbours",
        "clusters",
        "ease",
        "walks",
        "factors",
        "sequence",
        "similar",
        "content",
        "hybrid",
        "boosted",
        "deep",
    ]
    assert [line.split()[0] for line in out.splitlines() if line.endswith(" [live]")] == ["hybrid"]
    LivePolicy.objects.create(policy="ease", chosen_at=clock.now())
    live.forget()
    out, _ = run("policies")
    assert [line.split()[0] for line in out.splitlines() if line.endswith(" [live]")] == ["ease"]


def test_without_an_academy_the_policies_are_listed_all_the_same(tmp_path):
    told = subprocess.run(
        [sys.executable, "-m", "zhiyue", "recommend", "policies"],
        env={name: value for name, value in os.environ.items() if name != "ZHIYUE_DATABASE_URL"}
        | {"ZHIYUE_DATA_DIR": str(tmp_path / "none")},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr
    assert [line.split()[0] for line in told.stdout.splitlines()] == list(POLICIES)
    assert "[live]" not in told.stdout


def test_evaluate_prints_all_metrics_and_writes_json_and_plot(folder):
    out, err = run(
        "evaluate", "--train", folder / "train.csv", "--test", folder / "test.csv",
        "--items", folder / "items.csv", "--json", folder / "report.json", "--plot", folder / "report.svg",
    )  # fmt: skip

    report = json.loads((folder / "report.json").read_text())
    assert [result["policy"] for result in report["results"]] == [
        name for name in TAUGHT if name != "boosted"
    ]
    head = next(line for line in out.splitlines() if line.startswith("policy"))
    assert head.split() == ["policy", *HEADINGS, "fit", "s", "ms/user"]
    people = (report["learners"], report["test_learners"], report["unknown_learners"])
    pairs = (report["items"], report["unreachable_pairs"], report["owned_pairs"])
    assert (people, pairs) == ((4, 3, 1), (5, 1, 1))
    near = report["results"][1]["measures"]["recall@20"]
    assert near["value"] == pytest.approx((1 + 1 + 0) / 3)
    assert near["low"] < near["value"] < near["high"]
    assert (folder / "report.svg").read_text().startswith("<?xml")
    few = "a ranker learns from 300 people with several courses, there are 1"
    said = iter(err.splitlines())
    for name in TAUGHT:
        if name != "boosted":
            assert next(said) == f"{name}: fitting …"
            assert re.fullmatch(rf"{name}: fitted in \d+\.\d s", next(said))
        if name == "hybrid":
            assert next(said) == f"hybrid: {few}, so its courses stay in the order of the blend"
    assert not list(said)


def test_what_needs_an_extra_is_compared_where_it_is_named(folder):
    files = ("--train", folder / "train.csv", "--test", folder / "test.csv", "--items", folder / "items.csv")
    out, err = run("evaluate", *files, "--policy", "deep", "--policy", "boosted")
    assert "deep: left out. The policy “deep” cannot be fitted: self-attention learns from 100 people" in err
    assert "boosted: a ranker learns from 300 people" in err
    assert "\nboosted" in out and "\nhybrid" not in out
    with pytest.raises(SystemExit), redirect_stdout(StringIO()) as help_:
        run("evaluate", "--help")
    assert "all but boosted, deep, which need an extra" in " ".join(help_.getvalue().split())


def test_without_items_content_is_left_out_and_the_hybrid_says_what_is_left_of_it(folder):
    out, err = run("evaluate", "--train", folder / "train.csv", "--test", folder / "test.csv")

    assert "content: left out. The policy “content” compares texts: give texts with --items FILE." in err
    assert (
        "hybrid: no texts given with --items, so it falls back to "
        "next-items, item-neighbours, walks, user-neighbours, few-factors, popular\n"
    ) in err
    assert "\ncontent" not in out
    assert "\nhybrid" in out


def test_the_unit_that_a_time_column_was_taken_for_is_said(folder):
    (folder / "train.csv").write_text("user_id,item_id,time\n1,10,1772366400000000\n2,11,1772366401000000\n")

    _, err = run(
        "batch", "--train", folder / "train.csv", "--users", folder / "users.csv",
        "--out", folder / "out.parquet", "--policy", "popular",
    )  # fmt: skip

    assert f"{folder / 'train.csv'}: time is taken as microseconds since 1970\n" in err


def test_batch_writes_k_items_a_user_without_those_owned(folder):
    out, err = run(
        "batch", "--train", folder / "train.csv", "--users", folder / "users.csv", "--k", 2,
        "--out", folder / "out.parquet", "--policy", "item-neighbours",
    )  # fmt: skip

    assert listed(folder / "out.parquet") == {4: [11, 12], 9: [10, 11], 1: [12, 13]}
    assert pq.read_schema(folder / "out.parquet").names == ["user_id", "item_id", "score"]
    assert "6 rows" in out
    assert "1 of 3 users are not in" in err


def test_lists_of_many_users_are_written_as_they_are_made(tmp_path):
    """Two million rows, 40 MB as lists: in row groups, every user with their own items, in their order."""
    people, k = 20_000, 100
    user = np.arange(people)
    pq.write_table(pa.table({"user_id": user, "item_id": user % 2000}), tmp_path / "train.parquet")
    pq.write_table(pa.table({"user_id": user[::-1]}), tmp_path / "users.parquet")

    out, _ = run(
        "batch", "--train", tmp_path / "train.parquet", "--users", tmp_path / "users.parquet", "--k", k,
        "--out", tmp_path / "out.parquet", "--policy", "popular",
    )  # fmt: skip

    found = pq.ParquetFile(tmp_path / "out.parquet")
    assert "2,000,000 rows" in out
    groups = [found.metadata.row_group(place).num_rows for place in range(found.num_row_groups)]
    assert sum(groups) == 2_000_000
    assert len(groups) > 1
    assert all(500_000 <= rows < 1_000_000 for rows in groups[:-1])
    table = found.read()
    assert np.array_equal(table["user_id"].to_numpy(), np.repeat(user[::-1], k))
    # Every item has ten people, and equal scores stand by item code.
    items = table["item_id"].to_numpy().reshape(people, k)
    assert items[0].tolist() == list(range(100))
    assert items[-1].tolist() == list(range(1, 101))
    assert not (items == (user[::-1] % 2000)[:, None]).any()


def test_users_who_own_everything_get_a_file_without_rows(folder):
    (folder / "train.csv").write_text("user_id,item_id\n1,10\n1,11\n2,10\n")
    (folder / "users.csv").write_text("user_id\n1\n")

    out, _ = run(
        "batch", "--train", folder / "train.csv", "--users", folder / "users.csv",
        "--out", folder / "out.parquet", "--policy", "popular",
    )  # fmt: skip

    assert "0 rows" in out
    assert pq.read_table(folder / "out.parquet").column_names == ["user_id", "item_id", "score"]


def test_with_texts_a_course_that_nobody_took_can_be_recommended(folder):
    run(
        "batch", "--train", folder / "train.csv", "--users", folder / "users.csv", "--k", 1,
        "--out", folder / "out.parquet", "--items", folder / "items.csv", "--policy", "content",
    )  # fmt: skip

    assert listed(folder / "out.parquet")[4] == [14]


def test_ids_come_out_with_the_types_they_had(folder):
    pq.write_table(
        pa.table(
            {
                "user_id": pa.array(["a", "a", "b"]),
                "item_id": pa.array([1, 2, 1], pa.int16()),
                "extra": [[1], [2], []],
            }
        ),
        folder / "typed.parquet",
    )
    run(
        "batch", "--train", folder / "typed.parquet", "--users", folder / "typed.parquet",
        "--out", folder / "out.parquet",
    )  # fmt: skip

    schema = pq.read_schema(folder / "out.parquet")
    assert (schema.field("user_id").type, schema.field("item_id").type) == (pa.string(), pa.int16())
    assert listed(folder / "out.parquet") == {"b": [2]}


def test_numbers_in_one_file_meet_the_same_numbers_as_text_in_another(folder):
    pq.write_table(pa.table({"user_id": ["4"]}), folder / "text.parquet")
    run(
        "batch", "--train", folder / "train.csv", "--users", folder / "text.parquet", "--k", 1,
        "--out", folder / "out.parquet", "--policy", "item-neighbours",
    )  # fmt: skip

    assert listed(folder / "out.parquet") == {"4": [11]}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--k", "-3"], "--k is -3; it must be 1 or more."),
        (["--k", "0"], "--k is 0; it must be 1 or more."),
        (
            ["--policy", "magic"],
            f"There is no policy “magic”. Choose from: {', '.join(POLICIES)}.",
        ),
        (["--policy", "content"], "give them with --items FILE"),
        (["--train", "{}/none.csv"], "none.csv: there is no such file"),
        (["--users", "{}/items.csv"], "items.csv: the column user_id is missing"),
        (["--out", "{}/none/out.parquet"], "does not exist"),
        (["--out", "{}/out.csv"], "the name must end in .parquet"),
    ],
)
def test_a_refused_batch_says_why_ends_with_2_and_writes_nothing(folder, words, reason):
    given = {"--train": "{}/train.csv", "--users": "{}/users.csv", "--out": "{}/out.parquet"} | dict([words])
    before = sorted(folder.rglob("*"))

    with pytest.raises(CommandError) as refusal:
        run("batch", *[word.format(folder) for pair in given.items() for word in pair])

    assert reason in str(refusal.value)
    assert refusal.value.returncode == 2
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("verb", "option", "target", "reason"),
    [
        ("evaluate", "--json", "{}/none/x.json", "does not exist"),
        ("evaluate", "--plot", "{}/none/x.svg", "does not exist"),
        ("evaluate", "--json", "/proc/x.json", "/proc/x.json: nothing can be written there"),
        ("evaluate", "--plot", "/proc/x.png", "/proc/x.png: nothing can be written there"),
        ("batch", "--out", "/proc/x.parquet", "/proc/x.parquet: nothing can be written there"),
        ("batch", "--out", "{}/" + 300 * "x" + ".parquet", "File name too long"),
    ],
)
def test_a_place_that_takes_no_file_is_refused_before_any_file_is_read(folder, verb, option, target, reason):
    """The training file is bad as well: whoever reads it first, complains about it."""
    (folder / "train.csv").write_text("nothing\n")
    before = sorted(folder.rglob("*"))
    given = {"--train": "{}/train.csv"}
    given |= (
        {"--test": "{}/test.csv", "--json": "{}/a.json"}
        if verb == "evaluate"
        else {"--users": "{}/users.csv"}
    )

    with pytest.raises(CommandError) as refusal:
        run(verb, *[word.format(folder) for pair in (given | {option: target}).items() for word in pair])

    assert reason in str(refusal.value)
    assert refusal.value.returncode == 2
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("evaluate", ["--test", "{}/train.csv", "--json", "{}/out.json", "--plot", "{}/out.svg"]),
        ("batch", ["--users", "{}/train.csv", "--out", "{}/out.parquet"]),
    ],
)
def test_ctrl_c_ends_with_one_line_and_leaves_nothing(tmp_path, verb, words):
    pairs = (f"{user},{user * place % 997}\n" for user in range(40_000) for place in range(1, 11))
    (tmp_path / "train.csv").write_text("user_id,item_id\n" + "".join(pairs))
    command = [sys.executable, "-m", "zhiyue", "recommend", verb, "--train", "{}/train.csv", *words]
    started = subprocess.Popen(
        [word.format(tmp_path) for word in command],
        env=os.environ | {"ZHIYUE_DATA_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
        # A runner in the background may have told its children to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while not list(tmp_path.glob(".out*")) and started.poll() is None:
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)

    assert started.returncode == 130
    assert err.splitlines()[-1] == "Interrupted; nothing was written."
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["train.csv"]


def test_a_bad_test_file_stops_an_evaluation_before_anything_is_written(folder):
    (folder / "test.csv").write_text("user_id,item_id\n1,2\n,3\n")
    before = sorted(path.name for path in folder.iterdir())

    with pytest.raises(CommandError, match=r"data row 2 \(line 3\): user_id is missing"):
        run(
            "evaluate", "--train", folder / "train.csv", "--test", folder / "test.csv",
            "--json", folder / "report.json",
        )  # fmt: skip

    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_test_file_that_hides_nothing_is_refused(folder):
    with pytest.raises(CommandError, match="nothing is hidden"):
        run("evaluate", "--train", folder / "train.csv", "--test", folder / "train.csv")


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
def test_order_aware_neighbours_find_more_than_popularity_on_real_enrolments(tmp_path):
    """Learners 0 to 7,999; their last but one course is hidden, the last stays with the public test."""
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 8000)]).to_pandas()
    last = rows.groupby("user_id")["position"].transform("max") == rows["position"]
    rows[~last].to_csv(tmp_path / "train.csv", index=False)
    rows[last].to_csv(tmp_path / "test.csv", index=False)

    run(
        "evaluate", "--train", tmp_path / "train.csv", "--test", tmp_path / "test.csv",
        "--policy", "popular", "--policy", "item-neighbours", "--json", tmp_path / "report.json",
    )  # fmt: skip

    popular, near = (
        result["measures"] for result in json.loads((tmp_path / "report.json").read_text())["results"]
    )
    assert near["hr@10"]["low"] > 0.27
    assert near["ndcg@10"]["low"] > 0.165
    assert popular["hr@10"]["high"] < 0.10


@pytest.mark.parametrize(
    "words", [["off-policy", "--academy"], ["train"], ["explain", "nobody@a.cn"]], ids=" ".join
)
def test_a_database_that_waits_for_its_tables_is_said_to(tmp_path, words):
    done = run_alone(tmp_path, "-m", "zhiyue", "recommend", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CommandError: The database isn't up to this version. First run: zhiyue migrate\n"


def test_a_database_that_does_not_answer_is_said_to(tmp_path):
    url = "postgres://nobody:nothing@127.0.0.1:1/none"
    done = run_alone(
        tmp_path, "-m", "zhiyue", "recommend", "off-policy", "--academy", ZHIYUE_DATABASE_URL=url
    )
    assert done.returncode == 1
    assert "\nCommandError: The database can't be asked: " in done.stderr
    assert "Traceback" not in done.stderr
