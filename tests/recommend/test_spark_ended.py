"""A Spark whose Java process ends before the training does. Each process has one Spark at most, so it isn't that which
`test_spark` shares among its tests."""

import importlib
import importlib.util
import shutil

import pytest

from tests.engine.test_counting import drawn
from zhiyue.recommend import spark, steps
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.policies import POPULAR, WALKS
from zhiyue.recommend.steps import HERE


@pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or shutil.which("java") is None,
    reason="Spark isn't here: it takes the extra “spark” and Java",
)
def test_a_spark_whose_java_ended_says_so_once_and_is_asked_no_more(settings, monkeypatch):
    settings.ZHIYUE_SPARK_MASTER = "local[2]"
    acts, told, asked = drawn(), [], []
    whole = spark.OnSpark._folded
    monkeypatch.setattr(spark.OnSpark, "_folded", lambda self, acts: asked.append(1) or whole(self, acts))
    with steps.chosen(told.append) as found:
        found.walks(acts, WALKS)
        java = importlib.import_module("pyspark").SparkContext._gateway.proc
        java.kill()
        java.wait()
        assert found.popular(acts, POPULAR).score.tolist() == HERE.popular(acts, POPULAR).score.tolist()
        with pytest.raises(NotPossible, match="Spark has ended: ") as refused:
            found.walks(acts, WALKS)
    assert "\n" not in str(refused.value)
    assert (len(told), len(asked)) == (1, 2)
    # Another training opens another one.
    with steps.chosen(told.append) as found:
        found.walks(acts, WALKS)
    assert (len(told), len(asked)) == (2, 3)
