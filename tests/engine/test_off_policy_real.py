"""Two policies that really ran beside each other for a week (Open Bandit Dataset): the value of each, reckoned from the
log of the other, against the click rate seen."""

from pathlib import Path

import numpy as np
import pyarrow.csv as pv
import pytest

from zhiyue.engine.logged import Rounds, Target
from zhiyue.engine.off_policy import by_position, evaluated

OBD = Path(__file__).parents[3] / "shared" / "data" / "obd"
ITEMS, PLACES = 34, 3
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not OBD.exists(), reason=f"no sample of a real bandit's log in {OBD}"),
]


def read(policy):
    table = pv.read_csv(OBD / f"{policy}_men.csv.gz")
    hashed = [table[f"user_feature_{n}"].to_numpy(zero_copy_only=False) for n in range(4)]
    # Coded within one log, which is all that a model of that log needs.
    context = np.hstack(
        [np.eye(len(np.unique(one)))[np.unique(one, return_inverse=True)[1]] for one in hashed]
    )
    return Rounds(
        table["item_id"].to_numpy(),
        table["click"].to_numpy().astype(float),
        table["propensity_score"].to_numpy(),
        ITEMS,
        table["position"].to_numpy() - 1,
        context=context,
    )


@pytest.fixture(scope="module")
def random_log():
    return read("random")


@pytest.fixture(scope="module")
def bts_log():
    return read("bts")


@pytest.fixture(scope="module")
def bts_chances(bts_log):
    """How often Thompson sampling chose each item in each place. Its clicks are no part of this."""
    counts = np.zeros((PLACES, ITEMS))
    np.add.at(counts, (bts_log.place, bts_log.action), 1.0)
    return counts / counts.sum(axis=1, keepdims=True)


def test_the_value_of_thompson_sampling_from_the_random_log_holds_what_was_seen(
    random_log, bts_log, bts_chances
):
    found = evaluated(random_log, Target(bts_chances, random_log.place), seed=0)
    seen = bts_log.reward.mean()

    assert seen == pytest.approx(0.0069)
    assert found.logged.value == pytest.approx(0.0046)
    for method in ("ips", "clipped-ips", "snips", "dr", "switch-dr"):
        value = found.values[method]
        assert value.low <= seen <= value.high, (method, value)
        # Nor is the interval so wide that it says nothing: it leaves out half and twice what was seen.
        assert value.low > 0.002
        assert value.high < 0.010
    assert found.values["ips"].value == pytest.approx(0.00566, abs=5e-6)
    assert found.values["snips"].value == pytest.approx(0.00574, abs=5e-6)
    assert found.values["dr"].value == pytest.approx(0.00572, abs=5e-6)
    assert found.effective == pytest.approx(2869, abs=1)
    assert found.heaviest == pytest.approx(7.484, abs=1e-3)


def test_the_value_of_uniform_choice_from_thompsons_log_holds_what_was_seen(random_log, bts_log):
    uniform = Target(np.full((1, ITEMS), 1 / ITEMS), np.zeros(len(bts_log), dtype=np.int64))

    found = evaluated(bts_log, uniform, seed=0)
    seen = random_log.reward.mean()

    for method in ("ips", "clipped-ips", "snips", "dr", "switch-dr"):
        assert found.values[method].low <= seen <= found.values[method].high, method
        # Thompson sampling is better, and that is found without running uniform choice.
        assert found.gains[method].high < 0.0, method
    # So few clicks teach the model nothing but their mean: it takes both policies for the same.
    assert found.values["dm"].low > seen
    assert found.weights.low < 1.0 < found.weights.high
    assert found.heaviest == pytest.approx(178.25, abs=0.01)


def test_a_place_of_a_few_thousand_rounds_with_ten_clicks_is_refused(random_log, bts_chances):
    found = by_position(random_log, Target(bts_chances, random_log.place))

    assert "10 rounds that the policy could have made brought a reward" in found[0].values["dr"].reason
    assert found[1].values["dr"].value is not None
    assert found[1].logged.value == pytest.approx(22 / 3388)
