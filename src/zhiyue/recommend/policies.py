"""The table an analyst may tune: a policy's name -> its engine parts, their parameters, how acts fold into a
profile.

How the numbers were found is said beside them; to try others, change them here and run `zhiyue recommend
evaluate` on a validation split made from the training file, never on the test file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from zhiyue.analyse.weights import HALF_LIFE_DAYS
from zhiyue.engine.matrix import ProfileShape
from zhiyue.engine.ranking import Variety
from zhiyue.engine.recommenders.clusters import ClustersConfig
from zhiyue.engine.recommenders.content import ContentConfig
from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig
from zhiyue.engine.recommenders.neighbourhood import Nearness
from zhiyue.engine.recommenders.popular import PopularConfig
from zhiyue.engine.recommenders.user_neighbours import UserNeighboursConfig
from zhiyue.engine.recommenders.weighting import Weighting

PartName = Literal[
    "popular",
    "user-neighbours",
    "item-neighbours",
    "clusters",
    "content",
    "factors",
    "ease",
    "sequence",
    "walks",
]


@dataclass(frozen=True, slots=True)
class Part:
    """One engine part of a pipeline and its weight in the blend."""

    name: PartName
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """A named pipeline. `says` is its line in `zhiyue recommend policies`; `is_varied`: VARIETY applies."""

    name: str
    says: str
    parts: tuple[Part, ...]
    is_varied: bool = True

    @property
    def reads_texts(self) -> bool:
        return any(part.name == "content" for part in self.parts)

    @property
    def needs_texts(self) -> bool:
        """Whether nothing (but the popular list) is left of it without texts."""
        return all(part.name == "content" for part in self.parts)


# Exponents, shrinkage and decay: random coordinate search on xuetangx, hiding place n - 1 of 12,000 public
# learners and maximising HR@10 + NDCG@10; plain cosine with the same profile reached 0.307 there, this
# 0.350. `neighbours` is near "all of them": 800 would cost 0.005.
NEIGHBOURS = ItemNeighboursConfig(
    neighbours=2000,
    shrink=1.6,
    from_power=0.74,
    to_power=0.48,
    gap_power=0.66,
    gap_scale=0.53,
    backward=0.23,
    breadth_power=0.44,
    weight_power=0.5,
    temper=0.31,
)
# Without order temper 1 is best: HR@10 0.306 instead of 0.294 on xuetangx without positions, recall@20 0.416
# instead of 0.394 on mooccube_mini, each on a validation split.
NEIGHBOURS_UNORDERED = replace(NEIGHBOURS, temper=1.0)
# Coordinate search on the same split, 5,000 learners: plain cosine with 100 neighbours reached HR@10 0.301 there, this
# 0.336. tf-idf and BM25 are alike (0.335, 0.331), unweighted loses 0.02; 2,000 neighbours gain 0.004 for half as much
# time again; remembering 50,000 people instead of all 97,722 loses 0.004, 25,000 lose 0.024.
USER_NEIGHBOURS = UserNeighboursConfig(
    people=100_000,
    nearness=Nearness(
        neighbours=1000, weighting=Weighting("tf-idf"), length_power=0.4, amplify=3.0, popular_power=0.4
    ),
)
# On that split, 8,000 learners: neighbours beat popularity inside a cluster at every number of clusters, rows beat
# factors or equal them, fewer clusters beat more (docs/algorithms/clusters.md has the table). 16 compare a profile with
# 45 % of the people, for HR@10 0.320 instead of 0.339.
CLUSTERS = ClustersConfig(
    clusters=16,
    inside="neighbours",
    nearest=2,
    people=100_000,
    nearness=replace(USER_NEIGHBOURS.nearness, neighbours=500),
)
POPULAR = PopularConfig(half_life_days=HALF_LIFE_DAYS)
CONTENT = ContentConfig()

# `recency` from the same search. The calendar part counts only where acts have real times: the half-life is
# that of the academy's interests, the boost lets what happens in this sitting outweigh last week.
PROFILE = ProfileShape(
    recency=0.94, power=0.5, half_life_days=HALF_LIFE_DAYS, session_boost=3.0, session_half_life_hours=2.0
)

# Used where courses have a topic: at most a third of a list from one topic or because of one act. The weakest reason is
# a matter of taste: under it stood "coffee, therefore Python".
VARIETY = Variety(per_group=1 / 3, per_reason=1 / 3, weakest_reason=0.75, newest_first=True)

DEFAULT_POLICY = "hybrid"
POLICIES: Mapping[str, Policy] = {
    policy.name: policy
    for policy in (
        Policy(
            "popular",
            "what many learners took lately; the same list for everybody",
            (Part("popular"),),
            is_varied=False,
        ),
        Policy(
            "item-neighbours",
            "courses that learners with the same courses take, newest acts first",
            (Part("item-neighbours"),),
        ),
        Policy(
            "user-neighbours",
            "what learners with the most similar courses took besides",
            (Part("user-neighbours"),),
        ),
        Policy(
            "clusters",
            "as user-neighbours, but only inside the learner's groups of like taste",
            (Part("clusters"),),
        ),
        Policy("content", "courses whose title, topic and text are alike; needs texts", (Part("content"),)),
        # Weights: validation split of mooccube_mini; content tried 0.1 to 0.8, popular 0 to 0.15.
        Policy(
            "hybrid",
            "item-neighbours, content and popular blended; the home page's policy",
            (Part("item-neighbours", 1.0), Part("content", 0.25), Part("popular", 0.02)),
        ),
    )
}
