"""How each ranker is fitted and read back: the one line that a new one takes here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zhiyue.engine import boosted, ranker
from zhiyue.engine.kinds import Arrays, Floats, Ints
from zhiyue.engine.ranker import Logit, Ranker
from zhiyue.recommend.policies import BOOSTED, LOGIT, RankerName


@dataclass(frozen=True, slots=True)
class RankerKind:
    """fit  columns of candidates and the place taken -> fitted; restored  its arrays -> the same
    most_people  so many people at most teach it
    """

    fit: Callable[[Floats, Ints], Ranker]
    restored: Callable[[Arrays], Ranker]
    most_people: int


RANKERS: Mapping[RankerName, RankerKind] = {
    "logit": RankerKind(lambda told, taken: ranker.fit(told, taken, LOGIT), Logit.from_arrays, 12_000),
    "boosted": RankerKind(
        lambda told, taken: boosted.fit(told, taken, BOOSTED), boosted.Boosted.from_arrays, 16_000
    ),
}
