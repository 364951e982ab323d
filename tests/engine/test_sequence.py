"""What follows what: by hand, and against plain loops on random and on real orders."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array

from zhiyue.engine import matrix as matrix_module
from zhiyue.engine.kinds import Acts, CannotFit, Profiles
from zhiyue.engine.recommenders import pairs, sequence
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.sequence import NoOrder, SequenceConfig

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"
CONFIG = SequenceConfig(
    neighbours=50, shrink=0.7, from_power=0.8, to_power=0.3, gap_power=0.6, gap_scale=0.5,
    breadth_power=0.4, weight_power=0.5, temper=0.5,
)  # fmt: skip


def taken(*rows):
    """Acts of weight 1 from one list of items a user, oldest first."""
    user = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    item = np.asarray([item for row in rows for item in row])
    return Acts(user, item, np.ones(len(user)), len(rows), int(item.max()) + 1, np.arange(len(user)))


def random_acts(users=50, items=20, rows=400, seed=0):
    random = np.random.default_rng(seed)
    cell = random.choice(users * items, rows, replace=False)
    weight = random.integers(1, 5, rows).astype(float)
    return Acts(cell // items, cell % items, weight, users, items, random.permutation(rows))


def in_plain_loops(acts, config):
    """The formula of the page, pair by pair."""
    joint, norm = np.zeros((acts.items, acts.items)), np.zeros(acts.items)
    for user in range(acts.users):
        mine = np.flatnonzero(acts.user == user)
        mine = mine[np.argsort(acts.order[mine])]
        voice = max(len(mine), 1) ** -config.breadth_power
        weight = acts.weight[mine] ** config.weight_power
        for place, row in enumerate(mine):
            norm[acts.item[row]] += voice * weight[place] ** 2
            for later in range(place + 1, len(mine)):
                decay = (1 + (later - place - 1) / config.gap_scale) ** -config.gap_power
                amount = voice * decay * weight[place] * weight[later]
                joint[acts.item[row], acts.item[mine[later]]] += amount
                joint[acts.item[mine[later]], acts.item[row]] += config.backward * amount
    bottom = np.outer(norm**config.from_power, norm**config.to_power) + config.shrink
    return (joint / bottom) ** config.temper


def test_what_came_later_follows_and_the_further_the_less():
    config = SequenceConfig(shrink=0.0, gap_power=1.0, gap_scale=0.5)

    follows = sequence.fit(taken([0, 1, 2]), config).similar.toarray()

    assert follows == pytest.approx(np.asarray([[0, 1, 1 / 3], [0, 0, 1], [0, 0, 0]]))


def test_it_is_the_damped_share_of_those_who_went_on():
    acts = taken([0, 1], [0, 1], [0, 2], [1, 0])

    follows = sequence.fit(acts, SequenceConfig(shrink=1.0)).similar.toarray()

    assert follows[0] == pytest.approx([0.0, 2 / (4 + 1), 1 / (4 + 1)])
    assert follows[1] == pytest.approx([1 / (3 + 1), 0.0, 0.0])


@pytest.mark.parametrize("backward", [0.0, 0.25])
def test_the_counts_are_those_of_plain_loops(backward):
    acts = random_acts()
    config = SequenceConfig(50, 1000, 0.7, 0.8, 0.3, 0.6, 0.5, backward, 0.4, 0.5, 0.5)

    follows = sequence.fit(acts, config).similar.toarray()

    assert follows == pytest.approx(in_plain_loops(acts, config), abs=1e-6)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
def test_on_real_enrolments_the_counts_are_those_of_plain_loops():
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 400)])
    user, item, order = (
        rows[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id", "position")
    )
    codes, item = np.unique(item, return_inverse=True)
    acts = Acts(user, item, np.ones(len(user)), 400, len(codes), order)
    config = SequenceConfig(len(codes), 10**9, 0.7, 0.8, 0.3, 0.6, 0.5, 0.1, 0.4, 0.5, 0.5)

    follows = sequence.fit(acts, config).similar.toarray()

    assert np.abs(follows - in_plain_loops(acts, config)).max() < 1e-6


def test_the_blocks_in_which_a_fit_is_cut_do_not_show(monkeypatch):
    acts = random_acts()
    whole = sequence.fit(acts, CONFIG).similar.toarray()
    monkeypatch.setattr(pairs, "TRIPLES_AT_ONCE", 70)
    monkeypatch.setattr(matrix_module, "CELLS_AT_ONCE", 60)

    assert sequence.fit(acts, CONFIG).similar.toarray() == pytest.approx(whole, abs=1e-6)


def test_the_newest_item_speaks_loudest_where_the_profile_says_so():
    model = sequence.fit(taken([0, 2], [1, 3], [4]), SequenceConfig(shrink=0.0))
    weights = csr_array(np.asarray([[0.5, 1.0, 0, 0, 0]], dtype=np.float32))
    profile = Profiles(weights, np.asarray([1]))

    assert model.scores(profile).tolist() == [[0.0, 0.0, 0.5, 1.0, 0.0]]
    assert model.shares(profile, np.asarray([3, 2])).tolist() == [[0.0, 1.0], [0.5, 0.0]]


def test_acts_without_order_are_refused_by_name():
    acts = random_acts()
    unordered = Acts(acts.user, acts.item, acts.weight, acts.users, acts.items)

    with pytest.raises(NoOrder, match="which act came first") as refusal:
        sequence.fit(unordered, CONFIG)
    assert isinstance(refusal.value, CannotFit)


@pytest.mark.filterwarnings("error")
def test_nobody_one_item_and_people_with_one_act_give_a_model_that_knows_nothing():
    none = np.zeros(0, dtype=np.int64)

    assert sequence.fit(Acts(none, none, np.zeros(0), 0, 3, none), CONFIG).similar.nnz == 0
    assert sequence.fit(taken([0], [0]), CONFIG).similar.nnz == 0
    assert sequence.fit(taken([0], [1], [2]), CONFIG).similar.nnz == 0


def test_what_was_taken_back_leads_nowhere():
    acts = Acts(
        np.asarray([0, 0, 0]),
        np.asarray([0, 1, 1]),
        np.asarray([1.0, 1.0, -1.0]),
        1,
        2,
        np.asarray([0, 1, 2]),
    )

    assert sequence.fit(acts, CONFIG).similar.nnz == 0


def test_arrays_and_more_items_keep_what_follows_what():
    model = sequence.fit(random_acts(), CONFIG)
    weights = csr_array(np.eye(20, dtype=np.float32))
    again = Hybrid.from_arrays(Hybrid(((1.0, model),)).to_arrays()).parts[0][1]
    wide = model.spread(np.arange(20) + 5, 30)

    assert np.array_equal(again.similar.toarray(), model.similar.toarray())
    assert np.array_equal(wide.similar.toarray()[5:25, 5:25], model.scores(Profiles(weights, np.arange(20))))


@pytest.mark.parametrize(
    "wrong", [{"neighbours": 0}, {"shrink": -1.0}, {"backward": 1.5}, {"gap_scale": 0.0}, {"temper": 0.0}]
)
def test_numbers_that_make_no_model_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SequenceConfig(**wrong)
