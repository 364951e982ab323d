"""Self-attention: the model in numpy against what PyTorch recorded, and, where PyTorch is, what it learns."""

import builtins
import importlib
import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from tests.engine.self_attention_orders import (
    NOBODYS,
    RECORD,
    SMALL,
    along_roads,
    read_by_torch,
    some_sequences,
)
from zhiyue.engine.kinds import Acts, Profiles
from zhiyue.engine.matrix import ProfileShape, histories, profiles
from zhiyue.engine.recommenders import self_attention
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.self_attention import SelfAttention, TooFewPeople
from zhiyue.engine.recommenders.self_attention_training import (
    Learner,
    NoTorch,
    SelfAttentionConfig,
    Windows,
)
from zhiyue.engine.recommenders.sequence import NoOrder

ITEMS = NOBODYS + 1


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch, the extra “deep”, isn't installed")


@pytest.fixture(scope="module")
def recorded() -> SelfAttention:
    with np.load(RECORD) as arrays:
        return SelfAttention.from_arrays(dict(arrays))


@pytest.fixture(scope="module")
def fitted(torch: Any) -> SelfAttention:
    return self_attention.fit(along_roads(), SMALL)


def profile(*rows: list[int]) -> Profiles:
    """People with these items, oldest first, all of weight 1."""
    start = np.cumsum([0, *(len(row) for row in rows)])
    items = np.asarray([item for row in rows for item in row], dtype=np.int64)
    weights = csr_array((np.ones(len(items), dtype=np.float32), items, start), shape=(len(rows), ITEMS))
    return Profiles(weights, np.asarray([row[-1] if row else -1 for row in rows]))


def test_numpy_reads_as_pytorch_did(recorded):
    with np.load(RECORD) as arrays:
        expected = arrays["read"]

    found = [recorded.read(one[None])[0] for one in some_sequences()]

    assert np.stack(found) == pytest.approx(expected, abs=1e-4)
    assert RECORD.stat().st_size < 50_000


def test_numpy_reads_as_pytorch_does(torch, fitted):
    found = [fitted.read(one[None])[0] for one in some_sequences()]

    assert np.stack(found) == pytest.approx(read_by_torch(torch, fitted), abs=1e-4)


def test_attention_in_plain_loops(recorded):
    """One block by the formula, place by place and head by head."""
    state = np.random.default_rng(2).normal(size=(4, 16)).astype(np.float32)
    mine = {name.removeprefix("0/"): a for name, a in recorded.numbers.items() if name.startswith("0/")}

    def normed(row, norm):
        return (row - row.mean()) / np.sqrt(row.var() + 1e-5) * norm[0] + norm[1]

    expected = []
    for place in range(4):
        heard = np.zeros(16)
        ask = normed(state[place], mine["norm"]) @ mine["ask"][:-1] + mine["ask"][-1]
        answers = [normed(row, mine["norm"]) @ mine["answer"][:-1] + mine["answer"][-1] for row in state]
        for head in range(2):
            part = slice(8 * head, 8 * head + 8)
            marks = [
                ask[part] @ answers[earlier][:16][part] / np.sqrt(8) + mine["near"][head, place - earlier]
                for earlier in range(place + 1)
            ]
            shares = np.exp(marks) / np.exp(marks).sum()
            heard[part] = sum(share * answers[earlier][16:][part] for earlier, share in enumerate(shares))
        row = state[place] + heard @ mine["join"][:-1] + mine["join"][-1]
        wide = np.maximum(normed(row, mine["widen_norm"]) @ mine["widen"][:-1] + mine["widen"][-1], 0)
        expected.append(row + wide @ mine["narrow"][:-1] + mine["narrow"][-1])

    assert recorded._attended(state[None], mine, last_only=False)[0] == pytest.approx(
        np.stack(expected), abs=1e-4
    )
    assert recorded._attended(state[None], mine, last_only=True)[0, 0] == pytest.approx(
        expected[-1], abs=1e-4
    )


def test_the_next_on_the_road_is_foretold(recorded):
    scores = recorded.scores(profile([0, 1, 2], [8, 9, 11], [25]))

    assert scores.argmax(axis=1).tolist() == [3, 12, 26]
    assert scores.max(axis=1).tolist() == [1, 1, 1]
    assert (scores[:, :NOBODYS] > 0).all()


def test_people_together_score_as_each_alone(recorded):
    rows = [[0, 1, 2], [8], [], [1, 2, 3, 4, 5, 6, 7], [16, 17, 18], [24]]

    together = recorded.scores(profile(*rows))

    for place, row in enumerate(rows):
        assert together[place] == pytest.approx(recorded.scores(profile(row))[0], abs=1e-5)


def test_nothing_is_known_of_who_did_nothing_nor_of_what_nobody_took(recorded):
    scores = recorded.scores(profile([], [NOBODYS], [3, NOBODYS], [3]))

    assert (scores[:2] == 0).all()
    assert (scores[:, NOBODYS] == 0).all()
    assert scores[2].tolist() == scores[3].tolist()


def test_only_the_newest_items_within_reach_are_read(recorded):
    far, near = recorded.scores(profile([16, 17, 0, 1, 2, 3, 4], [0, 1, 2, 3, 4]))

    assert far.tolist() == near.tolist()


def test_the_order_counts_and_the_weights_do_not(recorded):
    forward, back = profile([0, 1, 2]), profile([2, 1, 0])
    heavy = Profiles(csr_array(forward.weights * 7.0), forward.newest)

    assert recorded.scores(heavy).tolist() == recorded.scores(forward).tolist()
    assert recorded.scores(forward).tolist() != recorded.scores(back).tolist()


def test_a_score_is_shared_by_what_is_lost_without_an_act(recorded):
    acts = profile([3, NOBODYS, 16, 4])
    wanted = np.asarray([5, 6, 17, NOBODYS])
    told = [
        chances[wanted] ** recorded.temper
        for chances in recorded.chances([np.asarray(rest) for rest in ([3, 16, 4], [16, 4], [3, 4], [3, 16])])
    ]
    lost = np.maximum(told[0][:, None] - np.stack(told[1:], axis=1), 0)

    shares = recorded.shares(acts, wanted)

    assert shares[:3, [0, 2, 3]] / shares[:3].sum(axis=1, keepdims=True) == pytest.approx(
        lost[:3] / lost[:3].sum(axis=1, keepdims=True), abs=1e-5
    )
    assert shares.sum(axis=1) == pytest.approx(recorded.scores(acts)[0][wanted], abs=1e-6)
    assert (shares[:, 1] == 0).all()
    assert shares[0].argmax() == 3


def test_only_the_newest_acts_are_asked_what_they_gave(recorded, monkeypatch):
    acts = profile([3, 16, 4, 20])
    everybody = recorded.shares(acts, np.arange(NOBODYS))
    monkeypatch.setattr(self_attention, "NEWEST_ASKED", 2)

    shares = recorded.shares(acts, np.arange(NOBODYS))

    assert (shares[:, :2] == 0).all()
    assert (everybody[:, :2] > 0).any()
    known = everybody[:, 2:].sum(axis=1) > 0
    assert shares[known].sum(axis=1) == pytest.approx(recorded.scores(acts)[0][:NOBODYS][known], abs=1e-6)


def test_the_only_act_gave_everything(recorded):
    alone = profile([3])

    assert recorded.shares(alone, np.arange(ITEMS))[:, 0] == pytest.approx(recorded.scores(alone)[0])
    assert recorded.shares(profile([]), np.arange(ITEMS)).shape == (ITEMS, 0)
    assert (recorded.shares(profile([NOBODYS]), np.arange(ITEMS)) == 0).all()


def test_a_wider_catalogue_keeps_what_was_known(recorded):
    places = np.concatenate([np.arange(5), np.arange(6, ITEMS + 1)])

    wider = recorded.spread(places, ITEMS + 3)
    mine = csr_array((np.ones(3, np.float32), np.asarray([0, 5, 6]), [0, 3]), shape=(1, ITEMS + 3))
    scores = wider.scores(Profiles(mine, np.asarray([6])))[0]

    assert scores[places] == pytest.approx(recorded.scores(profile([0, 5]))[0], abs=1e-6)
    assert scores[[5, ITEMS + 1, ITEMS + 2]].tolist() == [0, 0, 0]


def test_a_blend_keeps_it_in_its_arrays(recorded):
    blend = Hybrid(((1.0, recorded), (0.5, recorded)))

    again = Hybrid.from_arrays(blend.to_arrays())

    people = profile([0, 1], [9])
    assert again.scores(people).tolist() == blend.scores(people).tolist()


def test_acts_without_order_are_refused():
    acts = along_roads()

    with pytest.raises(NoOrder, match="which act came first"):
        self_attention.fit(Acts(acts.user, acts.item, acts.weight, acts.users, acts.items), SMALL)


def test_too_few_people_are_refused():
    with pytest.raises(TooFewPeople, match="100 people with several courses, there are 40"):
        self_attention.fit(along_roads(40), SMALL)


def test_without_pytorch_it_says_what_to_install(monkeypatch):
    there = builtins.__import__

    def missing(name, *rest):
        if name == "torch":
            raise ImportError(name)
        return there(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(NoTorch, match=r"pip install 'zhiyue\[deep\]'"):
        self_attention.fit(along_roads(), SMALL)


@pytest.mark.parametrize(
    "wrong",
    [{"width": 0}, {"heads": 3}, {"dropout": 1.0}, {"checked": 0.0}, {"rate": 0.0}, {"decay": -1.0}],
)
def test_numbers_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must|shares"):
        replace(SMALL, **wrong)


def test_every_place_that_something_follows_is_in_one_window():
    rows = [[1, 2, 3, 4, 5, 6, 7, 8], [9, 10], [11], []]
    user = np.repeat(np.arange(4), [len(row) for row in rows])
    item = np.asarray([item for row in rows for item in row])
    folded = histories(Acts(user, item, np.ones(len(user)), 4, 12, np.arange(len(user))))
    config = SelfAttentionConfig(reach=3, breadth_power=0.5)

    windows = Windows.of(folded, config, np.asarray([True, True, True, True]))

    assert windows.first.tolist() == [4, 1, 0, 8]
    assert windows.length.tolist() == [3, 3, 1, 1]
    assert windows.end.tolist() == [8, 8, 8, 10]
    assert windows.weight == pytest.approx(np.asarray([8, 8, 8, 2]) ** -0.5)
    pieces = [piece for step in windows.steps(4, np.random.default_rng(0)) for piece in step]
    assert sorted(np.concatenate(pieces).tolist()) == [0, 1, 2, 3]
    assert all(len(set(windows.length[piece].tolist())) == 1 for piece in pieces)


def test_what_comes_next_is_learnt(fitted):
    shaped = profiles(along_roads(), ProfileShape())
    last = [row for row in range(40) if shaped.newest[row] % 8 < 7]
    people = Profiles(shaped.weights[last], shaped.newest[last])

    best = fitted.scores(people).argmax(axis=1)

    assert (best == people.newest + 1).mean() > 0.8


def test_equal_seeds_give_equal_models(torch, fitted):
    before = torch.random.get_rng_state()
    again = self_attention.fit(along_roads(), SMALL)
    other = self_attention.fit(along_roads(), replace(SMALL, seed=1))

    assert all((again.numbers[name] == array).all() for name, array in fitted.numbers.items())
    assert (other.numbers["items"] != fitted.numbers["items"]).any()
    assert (torch.random.get_rng_state() == before).all()


def test_a_few_drawn_items_teach_as_all_do(fitted):
    drawn = self_attention.fit(along_roads(), replace(SMALL, negatives=8))
    people = profile([0, 1, 2], [8, 9, 11], [25])

    assert drawn.scores(people).argmax(axis=1).tolist() == [3, 12, 26]


def test_it_stops_when_held_out_people_gain_no_more(torch, caplog):
    with caplog.at_level(logging.INFO):
        self_attention.fit(along_roads(), replace(SMALL, epochs=80, patience=1))

    told = [record.getMessage() for record in caplog.records if "Self-attention" in record.getMessage()]
    assert told[0].startswith("Self-attention, epoch 1 of 80: loss ")
    assert 2 <= len(told) < 80


def test_the_slopes_written_out_are_those_of_pytorch(torch):
    """The loss of a step by PyTorch's own cross-entropy, and what it gives to every number."""
    folded = histories(along_roads())
    learner = Learner(
        torch, folded, replace(SMALL, ahead=3, dropout=0.0, item_dropout=0.0), np.random.default_rng(0)
    )
    learner.coarse = torch.float32
    windows = Windows.of(folded, learner.config, np.ones(folded.users, dtype=np.bool_))
    step = next(windows.steps(300, np.random.default_rng(3)))

    lost, counted = learner._step(windows, step, is_lesson=True)
    mine = {name: array.grad.clone() for name, array in learner.numbers.items()}

    for array in learner.numbers.values():
        array.grad = None
    total, weights = torch.zeros(()), 0.0
    for piece in step:
        for window in piece.tolist():
            rows = np.arange(windows.first[window], windows.first[window] + windows.length[window])
            state = learner.read(folded.item[rows][None], True)[0]
            marks = torch.log_softmax(state @ learner.numbers["items"].T + learner.numbers["height"], 1)
            for place, row in enumerate(rows.tolist()):
                after = folded.item[row + 1 : min(row + 4, windows.end[window])]
                worth = 1.0 / np.arange(1, len(after) + 1)
                chosen = marks[place, torch.from_numpy(after)] * torch.from_numpy(worth / worth.sum()).float()
                total = total - float(windows.weight[window]) * chosen.sum()
                weights += float(windows.weight[window])
    (total / weights).backward()

    assert (lost, counted) == pytest.approx((total.item(), weights), rel=1e-4)
    for name, array in learner.numbers.items():
        assert mine[name].numpy() == pytest.approx(array.grad.numpy(), abs=1e-5), name
