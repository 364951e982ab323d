"""A training that Spark takes part in keeps what a training here keeps."""

import importlib.util
import shutil

import pytest

from zhiyue.recommend import artefacts
from zhiyue.recommend.services import train_all

POLICIES = ["item-neighbours", "factors"]


@pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or shutil.which("java") is None,
    reason="Spark isn't here: it takes the extra “spark” and Java",
)
def test_spark_trains_what_is_trained_here(town, settings):
    here = train_all(POLICIES)
    settings.ZHIYUE_SPARK_MASTER = "local[2]"
    said: list[str] = []

    there = train_all(POLICIES, tell=said.append)

    assert [artefact.refusal for artefact in there] == ["", ""]
    assert [artefact.metrics for artefact in there] == [artefact.metrics for artefact in here]
    for mine, theirs in zip(there, here, strict=True):
        found, expected = (artefacts.take_up(one.path, one.digest).arrays for one in (mine, theirs))
        assert found.keys() == expected.keys()
        for name in expected.keys() - {"counted_at"}:
            if expected[name].dtype.kind == "f":
                assert found[name] == pytest.approx(expected[name], abs=1e-4), name
            else:
                assert (found[name] == expected[name]).all(), name
    assert any(line.startswith("item-neighbours: ") and line.endswith(" s on Spark") for line in said)
    assert "factors: round 10 of 10 on Spark" in said
