"""How many like-minded people speak for a course, where a model works by people."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zhiyue.engine.kinds import Profiles, Recommender
from zhiyue.engine.recommenders.clusters import Clusters
from zhiyue.engine.recommenders.neighbourhood import Neighbourhood
from zhiyue.recommend.kinds import Reason

# Of fewer the number would tell what a single one of them did.
FEWEST = 3


def like_minded(model: Recommender, person: Profiles, listed: Sequence[int]) -> dict[int, int]:
    """Of how many people whom one profile is compared with each listed item is one; empty for a model that compares
    nobody, and for a blend, which several voices speak in."""
    if not isinstance(model, Neighbourhood | Clusters) or not person.weights.nnz:
        return {}
    wanted = np.asarray(listed, dtype=np.int64)
    return dict(zip(wanted.tolist(), model.having(person, wanted).tolist(), strict=True))


def by_people(reason: Reason | None, n: int | None) -> Reason | None:
    """The reason of an item that n like-minded people have: they are it, and not the act that they share."""
    if reason is None or not n:
        return reason
    return replace(reason, kind="people", learners=n if n >= FEWEST else None)
