"""Self-attention: what comes next, foretold from a person's order of items by a small transformer (SASRec). The fitted
model reckons in numpy alone; how PyTorch, the extra `deep`, finds its numbers is in `self_attention_training`."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from zhiyue.engine.kinds import Acts, Arrays, Bools, CannotFit, Floats, Histories, Ints, Profiles
from zhiyue.engine.matrix import histories
from zhiyue.engine.recommenders.self_attention_training import BLOCK, ROUNDING, SelfAttentionConfig, learnt
from zhiyue.engine.recommenders.sequence import NoOrder

# A model of thousands of numbers learns nothing that holds from fewer people.
FEWEST_PEOPLE = 100
# So many cells of a batch of people's places are reckoned at once.
CELLS_AT_ONCE = 4_000_000
# Of so many of a person's newest acts it is asked what each gave; each costs a reading of its own.
NEWEST_ASKED = 16


class TooFewPeople(CannotFit):
    """There are too few orders to learn from."""


@dataclass(frozen=True, slots=True, eq=False)
class SelfAttention:
    """numbers  the arrays that `self_attention_training` lists, float32; heads of each block
    taken  (items,): whether anybody had the item, so that anything is known of it
    temper  as in the config
    """

    numbers: Arrays
    taken: Bools
    heads: int
    temper: float

    @property
    def items(self) -> int:
        return len(self.taken)

    @property
    def reach(self) -> int:
        return int(self.numbers["0/near"].shape[1])

    def scores(self, profiles: Profiles) -> Floats:
        """(chance / the person's highest) ** temper of each item; 0 for what nobody took, and for everything where none
        of a person's items was ever taken. Of a profile only the order counts, not its weights; where the order isn't
        known its items are read as they stand."""
        chances = self.chances(self._sequences(profiles))
        highest = chances.max(axis=1, keepdims=True, initial=0.0)
        return self._told(chances, highest)

    def shares(self, profile: Profiles, wanted: Ints) -> Floats:
        """Each score, divided among the acts by how much it falls if one of them is left out. An act without which it
        doesn't fall gave nothing, nor did one that isn't among the newest `NEWEST_ASKED`."""
        mine = profile.weights.indices.astype(np.int64)
        read = np.flatnonzero(self.taken[mine])[-self.reach :]
        asked = read[-NEWEST_ASKED:]
        given = np.zeros((len(wanted), len(mine)), dtype=np.float32)
        if not len(read):
            return given
        rows = [mine[read], *(mine[read[read != act]] for act in asked)]
        chances = self.chances(rows)
        told = self._told(chances, chances[:1].max())[:, wanted].T
        lost = np.maximum(told[:, :1] - told[:, 1:], 0.0)
        whole = lost.sum(axis=1, keepdims=True)
        given[:, asked] = told[:, :1] * lost / np.where(whole > 0, whole, 1.0)
        return given

    def chances(self, sequences: list[Ints]) -> Floats:
        """The chance of each item to be next, (sequences, items); zeros for an empty sequence.

        sequences  items, all of them taken by somebody, oldest first, at most `reach`
        """
        found = np.zeros((len(sequences), self.items), dtype=np.float32)
        heights = np.where(self.taken, self.numbers["height"], -np.inf).astype(np.float32)
        for some, together in self._of_equal_length(sequences):
            marks = self.read(together) @ self.numbers["items"].T + heights
            raised = np.exp(marks - marks.max(axis=1, keepdims=True))
            found[some] = raised / raised.sum(axis=1, keepdims=True)
        return found

    def read(self, together: Ints) -> Floats:
        """What the model makes of sequences of equal length, (sequences, width).

        Source: Kang and McAuley 2018, with the norms before each step and the distance told to the attention.
        """
        known = self.numbers
        state = _normed(known["items"][together], known["entry"])
        blocks = sum(name.endswith("/near") for name in known)
        for block in range(blocks):
            mine = {name: known[f"{block}/{name}"] for name in BLOCK}
            state = self._attended(state, mine, last_only=block == blocks - 1)
        return _normed(state[:, -1], known["exit"])

    def spread(self, places: Ints, items: int) -> "SelfAttention":
        """The same model over more items: item i becomes places[i]; of the others nothing is known.

        places  (self.items,), ascending, below `items`
        """
        numbers = dict(self.numbers)
        for name in ("items", "height"):
            wide = np.zeros((items, *self.numbers[name].shape[1:]), dtype=np.float32)
            wide[places] = self.numbers[name]
            numbers[name] = wide
        taken = np.zeros(items, dtype=np.bool_)
        taken[places] = self.taken
        return SelfAttention(numbers, taken, self.heads, self.temper)

    def to_arrays(self) -> Arrays:
        kept = {"taken": self.taken, "heads": np.asarray(self.heads), "temper": np.asarray(self.temper)}
        return kept | {f"numbers/{name}": array for name, array in self.numbers.items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        under = "numbers/"
        numbers = {name.removeprefix(under): a for name, a in arrays.items() if name.startswith(under)}
        return cls(numbers, arrays["taken"], int(arrays["heads"]), float(arrays["temper"]))

    def _told(self, chances: Floats, highest: Floats) -> Floats:
        told = (chances / np.where(highest > 0, highest, 1.0)) ** np.float32(self.temper)
        return np.asarray(told, dtype=np.float32)

    def _sequences(self, profiles: Profiles) -> list[Ints]:
        """Each profile's items that somebody took, oldest first, at most `reach`."""
        items, start = profiles.weights.indices.astype(np.int64), profiles.weights.indptr
        read = (items[low:high] for low, high in pairwise(start.tolist()))
        return [mine[self.taken[mine]][-self.reach :] for mine in read]

    def _of_equal_length(self, sequences: list[Ints]) -> Iterator[tuple[Ints, Ints]]:
        lengths = np.asarray([len(one) for one in sequences], dtype=np.int64)
        for length in np.unique(lengths[lengths > 0]).tolist():
            rows = np.flatnonzero(lengths == length)
            size = max(1, CELLS_AT_ONCE // max(self.items, length * self.numbers["items"].shape[1] * 4))
            for low in range(0, len(rows), size):
                some = rows[low : low + size]
                yield some, np.stack([sequences[row] for row in some])

    def _attended(self, state: Floats, mine: Arrays, *, last_only: bool) -> Floats:
        """One block: attention to what came before, then the same two layers at every place.

        state  (sequences, length, width); `last_only`: only the last place is wanted
        """
        rows, length, width = state.shape
        each = width // self.heads
        normed = _normed(state, mine["norm"])
        first = length - 1 if last_only else 0
        ask = _linear(normed[:, first:], mine["ask"]).reshape(rows, -1, self.heads, each)
        answer = _linear(normed, mine["answer"]).reshape(rows, length, 2, self.heads, each)
        keys, values = answer[:, :, 0].transpose(0, 2, 3, 1), answer[:, :, 1].transpose(0, 2, 1, 3)
        attention = ask.transpose(0, 2, 1, 3) @ keys * np.float32(each**-0.5)
        ago = np.arange(first, length)[:, None] - np.arange(length)[None, :]
        attention += np.where(ago < 0, -np.inf, mine["near"][:, np.maximum(ago, 0)]).astype(np.float32)
        attention = np.exp(attention - attention.max(axis=3, keepdims=True))
        attention /= attention.sum(axis=3, keepdims=True)
        heard = (attention @ values).transpose(0, 2, 1, 3).reshape(rows, -1, width)
        state = state[:, first:] + _linear(heard, mine["join"])
        wide = np.maximum(_linear(_normed(state, mine["widen_norm"]), mine["widen"]), 0.0)
        return np.asarray(state + _linear(wide, mine["narrow"]), dtype=np.float32)


def fit(acts: Acts, config: SelfAttentionConfig) -> SelfAttention:
    """Learn to foretell, at every place t of every person's order i_0, i_1, … from what stands up to it, what stands
    after it:

        loss = - sum_u n_u ** -breadth_power sum_t sum_{d<ahead} q_d ln P(i_{t+1+d} | i_0 … i_t)
        q_d  = (1 + d) ** -ahead_power, over their sum;  P = softmax over all items of (what is read) . items + height

    Items whose acts weigh nothing are passed over. Equal seeds give equal models on the same machine.
    Raises NoOrder, TooFewPeople, and NoTorch where PyTorch isn't installed.
    Sources: Kang and McAuley 2018, "Self-attentive sequential recommendation"; Klenitskiy and Vasilev 2023, "Turning
    dross into gold loss" (cross-entropy over all items instead of one negative); Shaw et al. 2018 (distances instead of
    places); Pancha et al. 2022, "PinnerFormer" (more than the next one foretold).
    """
    if acts.order is None:
        raise NoOrder("nothing says which act came first")
    folded = _counting(histories(acts))
    people = int((folded.lengths > 1).sum())
    if people < FEWEST_PEOPLE:
        raise TooFewPeople(
            f"self-attention learns from {FEWEST_PEOPLE} people with several courses, there are {people}"
        )
    taken = np.bincount(folded.item, minlength=folded.items) > 0
    return SelfAttention(learnt(folded, config), taken, config.heads, config.temper)


def _counting(folded: Histories) -> Histories:
    """Without the items whose acts weigh nothing."""
    counts = folded.weight > 0
    start = np.concatenate([[0], np.cumsum(counts)])[folded.start].astype(np.int64)
    return Histories(start, folded.item[counts], folded.weight[counts], folded.items)


def _normed(state: Floats, norm: Floats) -> Floats:
    """norm  (2, width): factors and what is added"""
    centred = state - state.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(ROUNDING))
    return np.asarray(centred / spread * norm[0] + norm[1], dtype=np.float32)


def _linear(state: Floats, layer: Floats) -> Floats:
    """layer  (inputs + 1, outputs): weights, and in the last row what is added"""
    return np.asarray(state @ layer[:-1] + layer[-1], dtype=np.float32)
