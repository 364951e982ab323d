"""Orders that a self-attentive model learns from in tests; run with PyTorch, it records what PyTorch makes of them:
`python -m tests.engine.self_attention_orders`."""

from pathlib import Path
from typing import Any

import numpy as np

from zhiyue.engine.kinds import Acts, Floats, Ints
from zhiyue.engine.matrix import histories
from zhiyue.engine.recommenders import self_attention
from zhiyue.engine.recommenders.self_attention import SelfAttention
from zhiyue.engine.recommenders.self_attention_training import Learner, SelfAttentionConfig

RECORD = Path(__file__).parent / "self_attention.npz"
SMALL = SelfAttentionConfig(
    width=16, heads=2, blocks=2, reach=5, ahead=1, dropout=0.0, item_dropout=0.1, rate=1e-2, places=300,
    epochs=12, checked=0.1, breadth_power=0.0,
)  # fmt: skip
ROADS, STEPS, NOBODYS = 4, 8, 32


def along_roads(people: int = 600) -> Acts:
    """People who go from item to item along one of four roads of eight, and miss some; nobody takes the last item."""
    random = np.random.default_rng(0)
    walked = [
        (person, STEPS * (person % ROADS) + step)
        for person in range(people)
        for step in range(STEPS)
        if random.random() < 0.85
    ]
    user, item = np.asarray(walked, dtype=np.int64).T
    return Acts(user, item, np.ones(len(user)), people, NOBODYS + 1, np.arange(len(user)))


def some_sequences() -> list[Ints]:
    """One of each length up to the reach, twice."""
    random = np.random.default_rng(1)
    return [random.integers(0, NOBODYS, length) for length in (1, 2, 3, 4, 5) * 2]


def read_by_torch(torch: Any, model: SelfAttention) -> Floats:
    """What PyTorch's forward pass makes of `some_sequences` with a model's numbers, (sequences, width)."""
    learner = Learner(torch, histories(along_roads()), SMALL, np.random.default_rng(0))
    learner.numbers = {name: torch.tensor(array) for name, array in model.numbers.items()}
    read = [learner.read(one[None], False)[0, -1] for one in some_sequences()]
    return np.asarray(torch.stack(read).numpy())


if __name__ == "__main__":
    import torch

    fitted = self_attention.fit(along_roads(), SMALL)
    np.savez_compressed(RECORD, read=read_by_torch(torch, fitted), **fitted.to_arrays())
