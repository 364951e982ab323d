"""Steps taken by Spark are those taken here. Without Spark or Java: what is said then."""

import importlib
import importlib.util
import json
import shutil
import socket
from contextlib import nullcontext
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from tests.engine.test_counting import drawn
from zhiyue.config.environment import Environment
from zhiyue.engine.kinds import Acts
from zhiyue.engine.matrix import profiles
from zhiyue.engine.recommenders.factors import FactorsConfig
from zhiyue.engine.recommenders.sequence import NoOrder
from zhiyue.recommend import services, spark, steps
from zhiyue.recommend.comparing import compare, offered
from zhiyue.recommend.errors import NotPossible, SparkGone
from zhiyue.recommend.inputs import academy
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.policies import FACTORS, NEIGHBOURS, POPULAR, PROFILE, SEQUENCE, WALKS
from zhiyue.recommend.steps import HERE

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"
WITHOUT_PYSPARK = (
    "ZHIYUE_SPARK_MASTER names a Spark, which needs the extra “spark”: pip install 'zhiyue[spark]'"
)
STEPS = {
    "popular": POPULAR,
    "item_neighbours": NEIGHBOURS,
    "sequence": SEQUENCE,
    "walks": WALKS,
    "factors": replace(FACTORS, factors=8, rounds=4),
}


@pytest.fixture(scope="module")
def on_spark():
    """A Spark inside this process, two cores of it."""
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("Spark isn't here: it takes the extra “spark” and Java")
    with spark.session("local[2]") as opened:
        yield spark.OnSpark(opened)


@pytest.fixture
def without_pyspark(monkeypatch):
    there = importlib.import_module

    def missing(name, *rest):
        if name.startswith("pyspark"):
            raise ImportError(name)
        return there(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)


def require_equal(found, expected, within):
    mine, theirs = found.to_arrays(), expected.to_arrays()
    assert mine.keys() == theirs.keys()
    for name, array in theirs.items():
        assert mine[name].dtype == array.dtype
        assert mine[name] == pytest.approx(array, abs=within), name


@pytest.mark.parametrize("step", STEPS)
def test_a_step_gives_what_it_gives_here(on_spark, step):
    acts, config = drawn(), STEPS[step]

    found, expected = (getattr(steps, step)(acts, config) for steps in (on_spark, HERE))

    require_equal(found, expected, 1e-4 if step == "factors" else 1e-6)


@pytest.mark.parametrize("step", ["popular", "item_neighbours", "factors"])
def test_without_order_as_well(on_spark, step):
    acts, config = drawn(ordered=False), STEPS[step]

    found, expected = (getattr(steps, step)(acts, config) for steps in (on_spark, HERE))

    require_equal(found, expected, 1e-4 if step == "factors" else 1e-6)


def test_without_order_nothing_follows_anything(on_spark):
    with pytest.raises(NoOrder):
        on_spark.sequence(drawn(ordered=False), SEQUENCE)


@pytest.mark.parametrize("step", STEPS)
def test_of_nobody_there_is_nothing_to_learn(on_spark, step):
    nothing = np.zeros(0, dtype=np.int64)
    nobody = Acts(nothing, nothing, np.zeros(0), 0, 3, nothing, np.zeros(0))

    found, expected = (getattr(steps, step)(nobody, STEPS[step]) for steps in (on_spark, HERE))

    require_equal(found, expected, 0.0)


def test_many_acts_go_in_parts(on_spark, monkeypatch):
    monkeypatch.setattr(spark, "ACTS_AT_ONCE", 70)
    acts = drawn(2)

    require_equal(
        on_spark.item_neighbours(acts, NEIGHBOURS), HERE.item_neighbours(acts, NEIGHBOURS), within=1e-6
    )


def test_what_breaks_off_there_is_said_in_one_line(on_spark):
    with pytest.raises(NotPossible) as refused, spark._breaking_off(on_spark._session):
        on_spark._session.sql("select nothing_of_the_kind").collect()
    assert str(refused.value).startswith("Spark broke off: [UNRESOLVED_COLUMN")
    assert "\n" not in str(refused.value)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
@pytest.mark.parametrize(
    ("step", "config"), [("item_neighbours", NEIGHBOURS), ("factors", FactorsConfig(factors=32, rounds=5))]
)
def test_on_real_enrolments_it_gives_what_it_gives_here(on_spark, step, config):
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 2000)])
    user, item, place = (
        rows[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id", "position")
    )
    acts = Acts(user, item, np.ones(len(user)), 2000, 3321, place)

    found, expected = (getattr(steps, step)(acts, config) for steps in (on_spark, HERE))

    if step == "item_neighbours":
        assert abs(found.similar - expected.similar).max() < 1e-6
    people = profiles(acts, PROFILE).block(0, 500)
    mine, theirs = found.scores(people), expected.scores(people)
    assert np.abs(mine - theirs).max() <= 1e-4 * theirs.max()


def test_without_pyspark_only_what_needs_spark_is_not_trained_and_says_what_to_install(
    town, settings, without_pyspark
):
    (before,) = services.train_all(["item-neighbours"])
    settings.ZHIYUE_SPARK_MASTER = "local[2]"
    heard: list[str] = []

    trained = services.train_all(["popular", "item-neighbours", "content", "hybrid"], tell=heard.append)

    assert [(one.policy, one.refusal) for one in trained] == [
        ("popular", ""),
        ("item-neighbours", "broken"),
        ("content", ""),
        ("hybrid", "broken"),
    ]
    refused = Artefact.objects.refused()
    assert {one.detail for one in refused} == {WITHOUT_PYSPARK}
    assert Artefact.objects.newest_first("item-neighbours").first() == before
    assert f"item-neighbours: refused, what served before goes on: {WITHOUT_PYSPARK}" in heard
    # One of them alone, as when a catalogue is taken in.
    assert services.train(policy="walks").detail == WITHOUT_PYSPARK


def test_a_spark_that_cannot_be_had_is_looked_for_once(settings, monkeypatch):
    settings.ZHIYUE_SPARK_MASTER = "local[2]"
    looked: list[str] = []

    def nowhere(master):
        looked.append(master)
        raise NotPossible("nowhere")

    monkeypatch.setattr(spark, "session", nowhere)
    acts = drawn()
    with steps.chosen() as found:
        assert looked == []
        require_equal(found.popular(acts, POPULAR), HERE.popular(acts, POPULAR), 0.0)
        for step in ("item_neighbours", "sequence", "walks", "factors"):
            with pytest.raises(NotPossible, match="nowhere"):
                getattr(found, step)(acts, STEPS[step])
    assert looked == ["local[2]"]


class Failing:
    """A Spark that opened, and whose steps end so."""

    def __init__(self, problem):
        self.asked, self._problem = [], problem

    def __getattr__(self, step):
        def ends(acts, config):
            self.asked.append(step)
            raise self._problem

        return ends


@pytest.mark.parametrize(
    ("problem", "asked"), [(SparkGone("gone"), ["popular"]), (NotPossible("too much"), list(STEPS))]
)
def test_a_spark_that_is_gone_is_asked_no_more(settings, monkeypatch, problem, asked):
    settings.ZHIYUE_SPARK_MASTER = "local[2]"
    failing = Failing(problem)
    monkeypatch.setattr(spark, "session", nullcontext)
    monkeypatch.setattr(spark, "OnSpark", lambda session, tell: failing)
    acts = drawn()
    with steps.chosen() as found:
        require_equal(found.popular(acts, POPULAR), HERE.popular(acts, POPULAR), 0.0)
        for step in ("item_neighbours", "sequence", "walks", "factors"):
            with pytest.raises(NotPossible, match=str(problem)):
                getattr(found, step)(acts, STEPS[step])
    assert failing.asked == asked


def test_without_pyspark_the_lab_compares_the_others_and_keeps_why(town, settings, without_pyspark):
    settings.ZHIYUE_SPARK_MASTER = "local[2]"
    with steps.chosen() as found:
        compared = compare(
            academy(), offered(), policies=["walks", "popular", "ease"], split="newest", steps=found
        )
    assert [one.policy for one in compared.policies] == ["popular", "ease"]
    assert compared.passed_over == {"walks": WITHOUT_PYSPARK}


def test_a_command_leaves_out_only_what_needs_spark(settings, without_pyspark, tmp_path):
    settings.ZHIYUE_SPARK_MASTER = "local[2]"
    (tmp_path / "train.csv").write_text("user_id,item_id\n1,1\n1,2\n2,1\n2,3\n")
    (tmp_path / "test.csv").write_text("user_id,item_id\n1,3\n")
    report = tmp_path / "report.json"
    heard = StringIO()

    def evaluate(*policies):
        named = [word for policy in policies for word in ("--policy", policy)]
        call_command(
            *("recommend", "evaluate", "--train", str(tmp_path / "train.csv")),
            *("--test", str(tmp_path / "test.csv"), "--json", str(report), *named),
            stdout=StringIO(),
            stderr=heard,
        )

    with pytest.raises(CommandError, match="None of the policies could be fitted") as refused:
        evaluate("walks", "factors")
    assert refused.value.returncode == 2
    assert not report.exists()
    assert heard.getvalue().count(f"left out. {WITHOUT_PYSPARK}") == 2

    evaluate("walks", "popular")
    assert [one["policy"] for one in json.loads(report.read_text())["results"]] == ["popular"]


def test_lists_that_need_spark_are_refused_without_it(settings, without_pyspark, tmp_path):
    settings.ZHIYUE_SPARK_MASTER = "local[2]"
    (tmp_path / "train.csv").write_text("user_id,item_id\n1,1\n1,2\n2,1\n2,3\n")
    words = ("--train", str(tmp_path / "train.csv"), "--users", str(tmp_path / "train.csv"))
    for policy, out in (("walks", tmp_path / "walks.parquet"), ("popular", tmp_path / "popular.parquet")):
        with pytest.raises(CommandError, match=r"zhiyue\[spark\]") if policy == "walks" else nullcontext():
            call_command(
                "recommend", "batch", *words, "--policy", policy, "--out", str(out), stdout=StringIO()
            )
    assert not (tmp_path / "walks.parquet").exists()
    assert pq.read_table(tmp_path / "popular.parquet").num_rows == 2


def test_without_java_it_is_said_where_it_was_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(NotPossible, match="needs Java 17 or 21, and there is none on this machine"):
        spark._require_java()

    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(NotPossible, match=f"JAVA_HOME is {tmp_path}, where there is none"):
        spark._require_java()

    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.touch()
    spark._require_java()


def test_a_master_that_does_not_answer_is_named():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        # One of several is enough.
        spark._require_answer(f"spark://127.0.0.1:1,127.0.0.1:{port}")
    with pytest.raises(NotPossible, match=f"spark://127.0.0.1:{port} doesn't answer"):
        spark._require_answer(f"spark://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "master",
    [
        "local[2]",
        "local[*]",
        "spark://one:7077,two.example-1:1,10.0.0.3:65535",
        "spark://[::1]:7077,[2001:db8::7]:7078",
        "yarn",
        "k8s://https://cluster:443",
        "",
    ],
)
def test_a_setting_that_names_a_master_is_taken(monkeypatch, master):
    monkeypatch.setenv("ZHIYUE_SPARK_MASTER", master)
    assert Environment().spark("ZHIYUE_SPARK_MASTER") == master


@pytest.mark.parametrize(
    "master",
    [
        *("local", "localhost", "local[two]", "local[0]", "http://one:7077", "one:7077"),
        *(
            "spark://",
            "spark://one",
            "spark://one:0",
            "spark://one:65536",
            "spark://one:70770",
            "spark://:7077",
        ),
        *(
            "spark://one:7077,",
            "spark://one:7077,two",
            "spark://one:7077,spark://two:7077",
            "spark://one:7077, two:1",
        ),
        *(
            "spark://::1:7077",
            "spark://[::1]",
            "spark://[::1",
            "spark://[one]:7077",
            "spark://[1::2::3]:7077",
        ),
        *("spark://the_one:7077", "spark://-one:7077", "spark://one:７０７７", "local[２]"),
    ],
)
def test_a_setting_that_names_none_is_refused(monkeypatch, master):
    monkeypatch.setenv("ZHIYUE_SPARK_MASTER", master)
    with pytest.raises(ImproperlyConfigured, match=r"ZHIYUE_SPARK_MASTER must be local\[cores\]"):
        Environment().spark("ZHIYUE_SPARK_MASTER")
