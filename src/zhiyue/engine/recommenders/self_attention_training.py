"""How the numbers of `self_attention` are learnt: by PyTorch, the extra `deep`, which nothing else needs."""

import importlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyue.engine.kinds import Arrays, Bools, CannotFit, Floats, Histories, Ints

BLOCK = ("norm", "ask", "answer", "near", "join", "widen_norm", "widen", "narrow")
# Of a block, those that are pulled towards 0.
WEIGHTS = frozenset({"ask", "answer", "join", "widen", "narrow"})
ROUNDING = 1e-5
# A step is made of pieces of equal length, so that nothing is reckoned for places that aren't there; so many at least.
PIECES = 4
# The step rises over this share of all steps; numbers move at most so far at once.
RISING = 0.05
LONGEST_SLOPE = 1.0
START_DEVIATION = 0.05

log = logging.getLogger(__name__)


class NoTorch(CannotFit):
    """PyTorch isn't installed."""


@dataclass(frozen=True, slots=True)
class SelfAttentionConfig:
    """width, heads, blocks  numbers an item is made of, the heads that share them, and how often attention is paid
    reach  so many of a person's newest items are read
    ahead, ahead_power  the next `ahead` items are foretold, the one d places after the next worth (1 + d) **
    -ahead_power; 1: the next alone, as in the paper
    breadth_power  a person with n items counts n ** -breadth_power
    dropout, item_dropout  the share of numbers put to 0 while learning, inside the blocks and of the items read
    rate, decay  the largest step (it rises, and falls as a cosine) and the pull of weights towards 0 (AdamW)
    epochs, patience, checked  so often everybody is read at most; after `patience` epochs in which the loss of the
    held-out share `checked` of people didn't fall no more follow, and the numbers of the best epoch are kept
    places  so many places make a step
    negatives  so many items besides those that a step foretells stand against them; all, where there are no more
    temper  a chance is told as (chance / the highest) ** temper
    """

    width: int = 128
    heads: int = 2
    blocks: int = 1
    reach: int = 50
    ahead: int = 1
    ahead_power: float = 1.0
    breadth_power: float = 0.5
    dropout: float = 0.2
    item_dropout: float = 0.3
    rate: float = 2e-3
    decay: float = 0.01
    epochs: int = 6
    patience: int = 2
    checked: float = 0.02
    places: int = 3000
    negatives: int = 4096
    temper: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        counts = self.width, self.heads, self.blocks, self.reach, self.ahead, self.epochs, self.patience
        if min(*counts, self.places, self.negatives) < 1:
            raise ValueError("sizes and numbers of times must be at least 1")
        if self.width % self.heads:
            raise ValueError("the heads must share the width evenly")
        if not (0 <= self.dropout < 1 and 0 <= self.item_dropout < 1 and 0 < self.checked < 1):
            raise ValueError("dropouts are shares in [0, 1), `checked` in (0, 1)")
        if min(self.rate, self.temper) <= 0 or min(self.decay, self.ahead_power, self.breadth_power) < 0:
            raise ValueError("rate and temper must be above 0, decay and the powers not below")


def learnt(folded: Histories, config: SelfAttentionConfig) -> Arrays:
    """The numbers of a model, float32:

    items  (items, width), read and foretold by the same; height  (items,), what an item has before anything is read
    entry, exit  (2, width), the norms before the first block and after the last
    block/norm, widen_norm  (2, width) · ask (width + 1, width) · answer (width + 1, 2 width): keys, values · join
    (width + 1, width) · widen (width + 1, 2 width) · narrow (2 width + 1, width): weights, and in the last row what is
    added · near (heads, reach): what a head adds for what stands so many places back

    folded  histories in their order
    Raises NoTorch.
    """
    torch = _torch()
    random = np.random.default_rng(config.seed)
    checked = _checked(folded, config, random)
    lessons, tests = (Windows.of(folded, config, people) for people in (~checked, checked))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return Learner(torch, folded, config, random).learnt(lessons, tests)


def _checked(folded: Histories, config: SelfAttentionConfig, random: np.random.Generator) -> Bools:
    """Whose orders only check: a share of those with several items."""
    several = np.flatnonzero(folded.lengths > 1)
    chosen = np.zeros(folded.users, dtype=np.bool_)
    chosen[random.choice(several, max(1, int(config.checked * len(several))), replace=False)] = True
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Stretches of people's orders: rows first … first + length - 1 of the histories are read, each foretells those
    after it up to the person's `end`, and counts `weight`."""

    first: Ints
    length: Ints
    end: Ints
    weight: Floats

    @classmethod
    def of(cls, folded: Histories, config: SelfAttentionConfig, people: Bools) -> "Windows":
        """All places of these people that something follows, counted from their end in stretches of `reach`."""
        who = np.flatnonzero(people & (folded.lengths > 1))
        stretches = -(-(folded.lengths[who] - 1) // config.reach)
        user = np.repeat(who, stretches)
        back = np.arange(len(user)) - np.repeat(np.cumsum(stretches) - stretches, stretches)
        end = folded.start[user + 1]
        last = end - 1 - back * config.reach
        first = np.maximum(folded.start[user], last - config.reach)
        weight = folded.lengths[user].astype(np.float64) ** -config.breadth_power
        return cls(first, last - first, end, weight.astype(np.float32))

    def steps(self, places: int, random: np.random.Generator) -> Iterator[list[Ints]]:
        """The windows in random steps of about so many places, each in pieces of equal length."""
        shuffled = random.permutation(len(self.length))
        shuffled = shuffled[np.argsort(self.length[shuffled], kind="stable")]
        pieces: list[Ints] = []
        for same in np.split(shuffled, np.flatnonzero(np.diff(self.length[shuffled])) + 1):
            if len(same):
                size = max(1, places // PIECES // int(self.length[same[0]]))
                pieces += np.split(same, np.arange(size, len(same), size))
        step: list[Ints] = []
        held = 0
        for at in random.permutation(len(pieces)).tolist():
            step.append(pieces[at])
            held += len(pieces[at]) * int(self.length[pieces[at][0]])
            if held >= places:
                yield step
                step, held = [], 0
        if step:
            yield step


class Learner:
    """The numbers while they are learnt, and what PyTorch reckons with them. The forward pass is that of
    `SelfAttention.read`, which a test holds."""

    def __init__(
        self, torch: Any, folded: Histories, config: SelfAttentionConfig, random: np.random.Generator
    ) -> None:
        self.torch = torch
        self.config = config
        self.random = random
        self.item = folded.item
        self.items = folded.items
        self.numbers: dict[str, Any] = {
            name: torch.tensor(array, requires_grad=True)
            for name, array in _start(
                np.bincount(folded.item, minlength=folded.items), config, random
            ).items()
        }
        # Half the size and twice as fast where the processor reckons in it; the few digits do for a slope.
        is_fast = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
        self.coarse = torch.bfloat16 if is_fast else torch.float32
        self.worth = (1.0 + np.arange(config.ahead)) ** -config.ahead_power

    def learnt(self, lessons: Windows, tests: Windows) -> Arrays:
        config, torch = self.config, self.torch
        weights = [array for name, array in self.numbers.items() if name.split("/")[-1] in WEIGHTS]
        others = [array for name, array in self.numbers.items() if name.split("/")[-1] not in WEIGHTS]
        groups = [
            {"params": weights, "weight_decay": config.decay},
            {"params": others, "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(groups, lr=config.rate, betas=(0.9, 0.98))
        total = config.epochs * max(1, int(lessons.length.sum()) // config.places)
        best, lowest, failed, done = self._kept(), np.inf, 0, 0
        for epoch in range(config.epochs):
            sums = np.zeros(2)
            for step in lessons.steps(config.places, self.random):
                for group in optimiser.param_groups:
                    group["lr"] = config.rate * _rate(done / total)
                optimiser.zero_grad()
                sums += self._step(lessons, step, is_lesson=True)
                torch.nn.utils.clip_grad_norm_([*weights, *others], LONGEST_SLOPE)
                optimiser.step()
                done += 1
            with torch.no_grad():
                seen = np.sum(
                    [self._step(tests, step) for step in tests.steps(config.places, self.random)], axis=0
                )
            loss = float(seen[0] / seen[1])
            log.info(
                "Self-attention, epoch %s of %s: loss %.4f, of held-out people %.4f.",
                epoch + 1, config.epochs, sums[0] / sums[1], loss,
            )  # fmt: skip
            failed = 0 if loss < lowest else failed + 1
            if loss < lowest:
                best, lowest = self._kept(), loss
            if failed >= config.patience:
                break
        return best

    def _kept(self) -> Arrays:
        return {name: array.detach().numpy().copy() for name, array in self.numbers.items()}

    def _step(self, windows: Windows, step: Sequence[Ints], *, is_lesson: bool = False) -> Floats:
        """The summed loss of some windows and the sum of what their places count; a lesson leaves its slopes in the
        numbers, of the mean."""
        torch, config = self.torch, self.config
        read, place, end, weight = [], [], [], []
        for piece in step:
            length = int(windows.length[piece[0]])
            rows = windows.first[piece, None] + np.arange(length)
            read.append(self.read(self.item[rows], is_lesson).reshape(-1, config.width))
            place.append(rows.ravel())
            end.append(np.repeat(windows.end[piece], length))
            weight.append(np.repeat(windows.weight[piece], length))
        state, counts = torch.cat(read), np.concatenate(weight)
        after = np.concatenate(place)[:, None] + 1 + np.arange(config.ahead)
        worth = np.where(after < np.concatenate(end)[:, None], self.worth, 0.0)
        worth = (worth / worth.sum(axis=1, keepdims=True)).astype(np.float32)
        against, target, lift = self._against(self.item[np.minimum(after, len(self.item) - 1)], worth > 0)
        lost = self._lost(state, against, lift, (target, worth, counts), is_lesson)
        return np.asarray([lost, counts.sum()])

    def _against(self, wanted: Ints, counts: Bools) -> tuple[Any, Ints, Floats]:
        """Which items stand against each other in a step; the places of `wanted` among them; and what is added to each
        mark, so that those drawn speak for those that weren't."""
        if self.items <= self.config.negatives:
            return slice(None), wanted, np.zeros(self.items, dtype=np.float32)
        foretold = np.unique(wanted[counts])
        drawn = self.random.choice(self.items, self.config.negatives, replace=False)
        drawn = np.setdiff1d(drawn, foretold, assume_unique=True)
        share = max(len(drawn), 1) / max(self.items - len(foretold), 1)
        lift = np.concatenate([np.zeros(len(foretold)), np.full(len(drawn), -np.log(share))])
        target = np.minimum(np.searchsorted(foretold, wanted), len(foretold) - 1)
        against = self.torch.from_numpy(np.concatenate([foretold, drawn]))
        return against, target, lift.astype(np.float32)

    def _lost(
        self, state: Any, against: Any, lift: Floats, told: tuple[Ints, Floats, Floats], is_lesson: bool
    ) -> float:
        """Cross-entropy over the items `against` and, for a lesson, its slopes: written out, since PyTorch would hold
        four matrices of all places by all items where one does."""
        torch = self.torch
        target, worth, counts = (torch.from_numpy(np.ascontiguousarray(one)) for one in told)
        with torch.no_grad():
            rows = self.numbers["items"][against]
            height = self.numbers["height"][against] + torch.from_numpy(lift)
            coarse_state, coarse_rows = state.detach().to(self.coarse), rows.to(self.coarse)
            marks = (coarse_state @ coarse_rows.T).add_(height.to(self.coarse))
            real = (marks.gather(1, target).float() * worth).sum(1)
            highest = marks.max(1, keepdim=True).values
            marks.sub_(highest).exp_()
            whole = marks.sum(1, keepdim=True, dtype=torch.float32)
            lost = float(((whole.log().squeeze(1) + highest.squeeze(1).float() - real) * counts).sum())
            if not is_lesson:
                return lost
            share = (counts / counts.sum()).unsqueeze(1)
            slope = marks.mul_((share / whole).to(self.coarse))
            slope.scatter_add_(1, target, (-worth * share).to(self.coarse))
            of_state, of_rows = (slope @ coarse_rows).float(), (slope.T @ coarse_state).float()
            of_height = slope.sum(0, dtype=torch.float32)
        state.backward(of_state)
        self.numbers["items"].grad[against] += of_rows
        self.numbers["height"].grad = torch.zeros_like(self.numbers["height"])
        self.numbers["height"].grad[against] = of_height
        return lost

    def read(self, together: Ints, is_lesson: bool) -> Any:
        """What is made of sequences of equal length, (sequences, length, width)."""
        torch, config, known = self.torch, self.config, self.numbers
        entry = torch.nn.functional.embedding(torch.from_numpy(together), known["items"])
        state = self._dropped(_normed(torch, entry, known["entry"]), config.item_dropout, is_lesson)
        for block in range(config.blocks):
            mine = {name: known[f"{block}/{name}"] for name in BLOCK}
            state = self._attended(state, mine, is_lesson)
        return _normed(torch, state, known["exit"])

    def _attended(self, state: Any, mine: dict[str, Any], is_lesson: bool) -> Any:
        torch, config = self.torch, self.config
        rows, length, width = state.shape
        each = width // config.heads
        normed = _normed(torch, state, mine["norm"])
        ask = _linear(normed, mine["ask"]).view(rows, length, config.heads, each).transpose(1, 2)
        answer = _linear(normed, mine["answer"]).view(rows, length, 2, config.heads, each)
        keys, values = answer.permute(2, 0, 3, 1, 4)
        ago = torch.arange(length)[:, None] - torch.arange(length)[None, :]
        near = mine["near"][:, ago.clamp(min=0)].masked_fill(ago < 0, float("-inf"))
        attention = torch.softmax(ask @ keys.transpose(2, 3) * each**-0.5 + near, -1)
        heard = self._dropped(attention, config.dropout, is_lesson) @ values
        heard = _linear(heard.transpose(1, 2).reshape(rows, length, width), mine["join"])
        state = state + self._dropped(heard, config.dropout, is_lesson)
        wide = torch.relu(_linear(_normed(torch, state, mine["widen_norm"]), mine["widen"]))
        return state + self._dropped(_linear(wide, mine["narrow"]), config.dropout, is_lesson)

    def _dropped(self, state: Any, share: float, is_lesson: bool) -> Any:
        return self.torch.nn.functional.dropout(state, share, training=is_lesson)


def _start(people: Ints, config: SelfAttentionConfig, random: np.random.Generator) -> Arrays:
    """people  (items,), how many had each item"""
    width = config.width

    def layer(inputs: int, outputs: int) -> Floats:
        weights = random.normal(0.0, (3 * inputs) ** -0.5, (inputs, outputs))
        return np.concatenate([weights, np.zeros((1, outputs))])

    norm = np.stack([np.ones(width), np.zeros(width)])
    popular = np.log1p(people)
    found: Arrays = {
        "items": random.normal(0.0, START_DEVIATION, (len(people), width)),
        "height": (popular - popular.mean()) / 2,
        "entry": norm,
        "exit": norm,
    }
    for block in range(config.blocks):
        near = np.tile(-0.5 * np.log1p(np.arange(config.reach)), (config.heads, 1))
        parts = (
            norm, layer(width, width), layer(width, 2 * width), near, layer(width, width), norm,
            layer(width, 2 * width), layer(2 * width, width),
        )  # fmt: skip
        found |= {f"{block}/{name}": array for name, array in zip(BLOCK, parts, strict=True)}
    return {name: array.astype(np.float32) for name, array in found.items()}


def _rate(done: float) -> float:
    """What of the largest step is taken when this share of all steps is done."""
    return float(min(1.0, done / RISING + 0.01) * (0.02 + 0.49 * (1 + np.cos(np.pi * min(done, 1.0)))))


def _normed(torch: Any, state: Any, norm: Any) -> Any:
    return torch.nn.functional.layer_norm(state, state.shape[-1:], norm[0], norm[1], ROUNDING)


def _linear(state: Any, layer: Any) -> Any:
    return state @ layer[:-1] + layer[-1]


def _torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise NoTorch("self-attention needs the extra “deep”: pip install 'zhiyue[deep]'") from None
