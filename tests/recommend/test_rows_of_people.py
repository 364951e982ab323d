"""Which files hold a row for each person is told by their arrays, and must be known of each part."""

import numpy as np
import pytest

from zhiyue.engine.kinds import Acts
from zhiyue.recommend.parts import OF_PEOPLE, PARTS, Known, Texts
from zhiyue.recommend.policies import POPULAR
from zhiyue.recommend.steps import HERE

# No other size of an array here: courses, acts and cells are other numbers.
PEOPLE, COURSES, EACH = 331, 24, 4


@pytest.fixture(scope="module")
def known():
    random = np.random.default_rng(0)
    item = np.concatenate([random.choice(COURSES, EACH, replace=False) for _ in range(PEOPLE)])
    user = np.repeat(np.arange(PEOPLE), EACH)
    order = np.arange(PEOPLE * EACH)
    acts = Acts(user, item, np.ones(len(item), dtype=np.float32), PEOPLE, COURSES, order, order / 100.0)
    texts = Texts({"title": [f"words common{n % 4} rare{n}" for n in range(COURSES)]})
    return Known(acts, HERE.popular(acts, POPULAR), texts)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_of_people_where_its_arrays_have_a_row_for_each(known, part):
    if part == "self-attention":
        pytest.importorskip("torch", reason="PyTorch, the extra “deep”, isn't installed")
    shapes = {name: array.shape for name, array in PARTS[part](known).to_arrays().items()}
    # Sparse rows begin and end at one number more than there are rows.
    by_person = [name for name, shape in shapes.items() if {PEOPLE, PEOPLE + 1} & set(shape)]
    assert bool(by_person) == (part in OF_PEOPLE), by_person
