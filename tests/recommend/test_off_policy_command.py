"""`zhiyue recommend off-policy` on files, as a person runs it."""

import json
from io import StringIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from zhiyue.recommend.logs import read_log

LOG = """item_id,reward,propensity,position,user_id
a,1,0.5,1,7
b,0,0.5,1,8
a,0,0.25,2,7
c,1,0.75,2,9
"""
POLICY = """item_id,chance,position
a,1.0,1
b,0.5,2
c,0.5,2
"""


def run(*words):
    out = StringIO()
    call_command("recommend", "off-policy", *map(str, words), stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def files(tmp_path):
    log, policy = tmp_path / "log.csv", tmp_path / "policy.csv"

    def write(log_text=LOG, policy_text=POLICY):
        log.write_text(log_text)
        policy.write_text(policy_text)
        return log, policy

    return write


@pytest.fixture
def long_log(tmp_path):
    """Uniform choice among two items for 100 people, 10 rounds each; item 1 pays 0.4, item 2 pays 0.1."""
    random = np.random.default_rng(0)
    item = random.integers(1, 3, 1000)
    reward = (random.random(1000) < np.where(item == 1, 0.4, 0.1)).astype(float)
    columns = {
        "item_id": item,
        "reward": reward,
        "propensity": np.full(1000, 0.5),
        "user_id": np.arange(1000) % 100,
        "position": np.repeat([1, 2], 500),
        "feature_age": random.normal(size=1000),
        "note": np.full(1000, "ignored"),
    }
    log, policy = tmp_path / "log.parquet", tmp_path / "policy.csv"
    pq.write_table(pa.table(columns), log)
    policy.write_text("item_id,chance\n1,1\n")
    return log, policy, reward[item == 1]


def test_the_files_are_read_into_rounds_and_chances(files):
    read = read_log(*files())

    assert read.rounds.action.tolist() == [0, 1, 0, 2]
    assert read.rounds.propensity.tolist() == [0.5, 0.5, 0.25, 0.75]
    assert read.rounds.place.tolist() == [0, 0, 1, 1]
    assert read.rounds.person.tolist() == [0, 1, 0, 2]
    assert read.places == (1.0, 2.0)
    chances = read.target.chances[read.target.row]
    assert chances.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]]


def test_chances_may_depend_on_the_person_and_the_position(files):
    policy = "user_id,position,item_id,chance\n8,1,b,1\n7,2,d,1\n7,1,a,.5\n7,1,b,.5\n9,2,c,1\n99,1,b,1\n"

    read = read_log(*files(policy_text=policy))

    assert read.rounds.actions == 4
    assert read.target.chances[read.target.row].tolist() == [
        [0.5, 0.5, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 0, 1],
        [0, 0, 1, 0],
    ]


def test_it_prints_each_estimator_over_people_and_writes_json(long_log, tmp_path):
    log, policy, rewards = long_log
    target = tmp_path / "report.json"

    out = run("--log", log, "--policy", policy, "--by-position", "--json", target)

    lines = out.splitlines()
    assert "2 items, 1,000 rounds of 100 people; mean reward" in lines[0]
    assert "weights: worth" in lines[1]
    rows = {line.split()[0]: line for line in lines[4:11]}
    assert list(rows) == ["estimator", "ips", "clipped-ips", "snips", "dm", "dr", "switch-dr"]
    assert rows["snips"].split()[1] == f"{rewards.mean():.5f}"
    assert [line.split(",")[0] for line in lines if line.startswith("position")] == [
        "position 1",
        "position 2",
    ]
    assert "95 % bootstrap intervals (BCa) over people, seed 0." in out
    told = json.loads(target.read_text())
    assert told["whole"]["values"]["snips"]["value"] == pytest.approx(rewards.mean())
    assert told["whole"]["units"] == 100
    assert list(told["places"]) == ["1", "2"]
    assert run("--log", log, "--policy", policy) == run("--log", log, "--policy", policy)


def test_too_little_is_said_instead_of_a_value(files, tmp_path):
    log, policy = files()
    target = tmp_path / "report.json"

    out = run("--log", log, "--policy", policy, "--json", target)

    assert "Not enough data: 3 people, at least 30 are needed." in out
    assert "estimator" not in out
    assert json.loads(target.read_text())["whole"]["values"]["dr"]["value"] is None


@pytest.mark.parametrize(
    ("log", "policy", "says"),
    [
        (LOG.replace("propensity", "chance"), POLICY, "log.csv: the column propensity is missing"),
        (LOG.replace("0.25", "0"), POLICY, "data row 3 (line 4): propensity must be above 0 and at most 1"),
        (LOG.replace("0.25", "1.2"), POLICY, "data row 3 (line 4): propensity must be above 0 and at most 1"),
        (
            LOG.replace("0.25", ""),
            POLICY,
            "data row 3 (line 4): propensity is missing or not a finite number",
        ),
        (LOG.replace("b,0,", "b,x,"), POLICY, "data row 2 (line 3): reward is 'x', not a number"),
        (LOG, POLICY.replace("chance", "share"), "policy.csv: the column chance is missing"),
        (LOG, POLICY.replace("1.0", "1.5"), "data row 1 (line 2): chance must lie between 0 and 1"),
        (
            LOG,
            POLICY.replace("b,0.5", "b,0.4"),
            "data row 2 (line 3): the chances that begin here add up to 0.9, not to 1",
        ),
        (
            LOG,
            POLICY.replace("b,0.5,2", "c,0.5,2"),
            "data row 3 (line 4): this item has a chance already for this position",
        ),
        (LOG, "item_id,chance\na,.5\na,.5\n", "data row 2 (line 3): this item has a chance already"),
        (LOG, "item_id,chance,position\na,1,1\n", "data row 3 (line 4): "),
        (LOG, "item_id,chance,user_id\na,1,7\na,1,8\n", "has no chances for the user_id of this round"),
        (
            "item_id,reward,propensity\na,1,0.5\n",
            POLICY,
            "log.csv: the column position is missing: ",
        ),
    ],
)
def test_bad_files_are_refused_with_row_and_reason_and_nothing_is_written(files, tmp_path, log, policy, says):
    log_file, policy_file = files(log, policy)
    target = tmp_path / "report.json"

    with pytest.raises(CommandError) as refused:
        run("--log", log_file, "--policy", policy_file, "--json", target)

    assert says in str(refused.value)
    assert refused.value.returncode == 2
    assert not target.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "policy.csv"]


def test_other_words_are_refused_too(files, tmp_path):
    log, policy = files()
    with pytest.raises(CommandError, match="there is no such file"):
        run("--log", tmp_path / "none.csv", "--policy", policy)
    with pytest.raises(CommandError, match="--seed must be 0 or more"):
        run("--log", log, "--policy", policy, "--seed", "-1")
    with pytest.raises(CommandError, match=r"\.json"):
        run("--log", log, "--policy", policy, "--json", tmp_path / "report.txt")


def test_rewards_of_which_the_squares_cannot_be_reckoned_are_refused_as_ratings_are(files):
    log, policy = files("item_id,reward,propensity\na,1e9,0.5\na,-1e300,0.5\n", "item_id,chance\na,1\n")
    with pytest.raises(CommandError) as refused:
        run("--log", log, "--policy", policy)
    assert refused.value.returncode == 2
    assert "data row 2 (line 3): reward is -1e+300; it must lie between -1,000,000,000 and" in str(
        refused.value
    )
