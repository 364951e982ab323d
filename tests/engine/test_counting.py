"""Counted by a database, models are those that are counted in arrays. DuckDB stands for Spark, which runs the same
expressions (tests/recommend/test_spark.py)."""

from dataclasses import replace
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyue.engine import matrix
from zhiyue.engine.distributed import counting
from zhiyue.engine.kinds import Acts
from zhiyue.engine.recommenders import item_neighbours, popular, sequence, walks
from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig
from zhiyue.engine.recommenders.popular import PopularConfig
from zhiyue.engine.recommenders.sequence import SequenceConfig
from zhiyue.engine.recommenders.walks import WalksConfig
from zhiyue.engine.recommenders.weighting import Weighting
from zhiyue.recommend.policies import FACTORS, FEW_FACTORS, NEIGHBOURS, POPULAR, SEQUENCE, WALKS

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"


def table(acts: Acts) -> ibis.Table:
    columns = {"user": acts.user, "item": acts.item, "weight": acts.weight.astype(np.float64)}
    if acts.order is not None:
        columns["order"] = acts.order
    if acts.days is not None:
        columns["days"] = acts.days
    connection = ibis.duckdb.connect()
    connection.con.register("acts", pa.table(columns))
    return connection.table("acts")


def drawn(seed: int = 1, *, ordered: bool = True, acts: int = 600) -> Acts:
    """Acts of 40 people on 15 items: some twice, at the same moment, taken back or against an item."""
    random = np.random.default_rng(seed)
    order = random.integers(0, 60, acts) if ordered else None
    return Acts(
        random.integers(0, 40, acts),
        (random.random(acts) ** 2 * 15).astype(np.int64),
        random.choice([1.0, 3.0, -3.0, 0.5, 0.0], acts, p=[0.4, 0.2, 0.2, 0.15, 0.05]),
        40,
        15,
        order,
        None if order is None else order / 7.0,
    )


def one_by_one(*rows: tuple[int, int]) -> Acts:
    """Acts of weight 1, in their order."""
    user, item = (np.asarray(side, dtype=np.int64) for side in zip(*rows, strict=True))
    order = np.arange(len(rows))
    return Acts(user, item, np.ones(len(rows)), int(user.max()) + 1, int(item.max()) + 1, order)


def similar(found: ibis.Table, items: int) -> np.ndarray:
    counted = counting.similarity(found.to_pyarrow(), items).similar
    assert (counted.indices.dtype, counted.indptr.dtype) == (np.int32, np.int32)
    return counted.toarray()


def test_a_pair_counts_by_its_gap_and_its_direction():
    acts = one_by_one((0, 0), (0, 1), (0, 2), (1, 1), (1, 0))
    config = ItemNeighboursConfig(
        from_power=0.0, to_power=0.0, gap_power=1.0, gap_scale=1.0, backward=0.25, shrink=0.0
    )

    found = similar(
        counting.neighbours(counting.histories(table(acts)), config, items=3, ordered=True), items=3
    )

    # 0 came before 1 once and after it once; 2 stands two places from 0, which halves.
    assert found == pytest.approx(np.asarray([[0, 1.25, 0.5], [1.25, 0, 1.0], [0.125, 0.25, 0]]))


@pytest.mark.parametrize("ordered", [True, False])
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_histories_are_those_of_the_engine(ordered, seed):
    acts = drawn(seed, ordered=ordered, acts=120)
    expected = matrix.histories(acts)

    found = counting.histories(table(acts)).order_by(["user", "place"]).to_pyarrow()

    assert found["user"].to_pylist() == expected.user.tolist()
    assert found["item"].to_pylist() == expected.item.tolist()
    assert found["weight"].to_numpy() == pytest.approx(expected.weight)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize(
    "config",
    [
        ItemNeighboursConfig(),
        replace(NEIGHBOURS, weight_power=0.7),
        ItemNeighboursConfig(weight_power=0.0, from_power=1.0, to_power=0.0, breadth_power=1.0, shrink=2.0),
        # Of equal neighbours either may be kept, so few are kept only where none are equal.
        replace(NEIGHBOURS, neighbours=4),
    ],
)
def test_item_neighbours_are_those_of_the_engine(config, ordered):
    acts = drawn(ordered=ordered)

    found = counting.neighbours(counting.histories(table(acts)), config, items=15, ordered=ordered)

    expected = item_neighbours.fit(acts, config).similar
    assert similar(found, 15) == pytest.approx(expected.toarray(), abs=1e-6)
    assert expected.nnz > 50


def test_sequences_walks_and_popularity_are_those_of_the_engine():
    acts = drawn()
    folded = counting.histories(table(acts))

    for config in (SEQUENCE, SequenceConfig(backward=0.5)):
        found = counting.neighbours(folded, config, items=15, ordered=True)
        assert similar(found, 15) == pytest.approx(sequence.fit(acts, config).similar.toarray(), abs=1e-6)
    for config in (WALKS, WalksConfig()):
        found = counting.walks(folded, config, items=15)
        assert similar(found, 15) == pytest.approx(walks.fit(acts, config).similar.toarray(), abs=1e-6)
    for config in (POPULAR, PopularConfig(half_life_days=2.0, power=1.0)):
        count = counting.counts(counting.popular(folded, config).to_pyarrow(), 15)
        assert popular.of_counts(count).score == pytest.approx(popular.fit(acts, config).score, abs=1e-6)


def test_of_equal_neighbours_the_first_are_kept():
    acts = one_by_one((0, 0), (0, 3), (1, 0), (1, 2), (2, 0), (2, 1))

    found = counting.neighbours(
        counting.histories(table(acts)), ItemNeighboursConfig(neighbours=2), items=4, ordered=True
    )

    assert np.flatnonzero(similar(found, 4)[0]).tolist() == [1, 2]


def test_fewer_pairs_may_be_stored_than_neighbours_are_wanted():
    acts = one_by_one((0, 0), (0, 1), (0, 2), (0, 3))

    found = counting.neighbours(
        counting.histories(table(acts)), ItemNeighboursConfig(stored_pairs=8), items=4, ordered=True
    )

    assert (similar(found, 4) > 0).sum(axis=1).tolist() == [2, 2, 2, 2]


def test_of_nobody_nothing_is_counted():
    nobody = Acts(np.zeros(0, int), np.zeros(0, int), np.zeros(0), 0, 3, np.zeros(0, int))
    folded = counting.histories(table(nobody))

    assert not similar(counting.neighbours(folded, NEIGHBOURS, items=3, ordered=True), 3).any()
    assert not counting.counts(counting.popular(folded, POPULAR).to_pyarrow(), 3).any()


@pytest.mark.parametrize("config", [{"likeness": "pearson"}, {"weighting": Weighting("bm25")}])
def test_what_a_database_does_not_count_is_refused(config):
    folded = counting.histories(table(drawn()))

    with pytest.raises(ValueError, match="plain cosines only"):
        counting.neighbours(folded, ItemNeighboursConfig(**config), items=15, ordered=True)


def test_what_factors_are_fitted_to_is_of_everybody():
    acts = drawn()
    stands = matrix.histories(acts)
    counts = stands.weight > 0

    found = counting.taken(counting.histories(table(acts)), FACTORS).order_by(["user", "item"]).to_pyarrow()

    by = np.lexsort((stands.item[counts], stands.user[counts]))
    assert found["user"].to_pylist() == stands.user[counts][by].tolist()
    assert found["item"].to_pylist() == stands.item[counts][by].tolist()
    assert found["weight"].to_numpy() == pytest.approx(stands.weight[counts][by] ** FACTORS.weight_power)
    with pytest.raises(ValueError, match="to everybody"):
        counting.taken(counting.histories(table(acts)), FEW_FACTORS)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
def test_on_real_enrolments_they_are_those_of_the_engine():
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 2000)])
    user, item, place = (
        rows[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id", "position")
    )
    acts = Acts(user, item, np.ones(len(user)), 2000, 3321, place)
    folded = counting.histories(table(acts))

    found = counting.neighbours(folded, NEIGHBOURS, items=3321, ordered=True).to_pyarrow()

    expected = item_neighbours.fit(acts, NEIGHBOURS).similar
    apart = abs(counting.similarity(found, 3321).similar - expected)
    assert expected.nnz > 1_000_000
    assert apart.max() < 1e-6
