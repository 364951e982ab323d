"""The table an analyst may tune: a policy's name -> its engine parts, their parameters, how acts fold into a
profile.

How the numbers were found is said beside them; to try others, change them here and run `zhiyue recommend
evaluate` on a validation split made from the training file, never on the test file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from zhiyue.analyse.weights import HALF_LIFE_DAYS
from zhiyue.engine.bandits import Thompson
from zhiyue.engine.boosted import BoostedConfig
from zhiyue.engine.matrix import ProfileShape
from zhiyue.engine.ranker import LogitConfig
from zhiyue.engine.recommenders.clusters import ClustersConfig
from zhiyue.engine.recommenders.content import ContentConfig
from zhiyue.engine.recommenders.ease import EaseConfig
from zhiyue.engine.recommenders.factors import FactorsConfig
from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig
from zhiyue.engine.recommenders.linear import Finish
from zhiyue.engine.recommenders.neighbourhood import Nearness
from zhiyue.engine.recommenders.next_items import NextItemsConfig
from zhiyue.engine.recommenders.popular import PopularConfig
from zhiyue.engine.recommenders.self_attention_training import SelfAttentionConfig
from zhiyue.engine.recommenders.sequence import SequenceConfig
from zhiyue.engine.recommenders.user_neighbours import UserNeighboursConfig
from zhiyue.engine.recommenders.walks import WalksConfig
from zhiyue.engine.recommenders.weighting import Weighting
from zhiyue.engine.reranking import Variety

PartName = Literal[
    "popular",
    "user-neighbours",
    "item-neighbours",
    "clusters",
    "content",
    "factors",
    "few-factors",
    "ease",
    "next-items",
    "self-attention",
    "sequence",
    "walks",
]


RankerName = Literal["logit", "boosted"]


@dataclass(frozen=True, slots=True)
class Part:
    """One engine part of a pipeline and its weight in the blend."""

    name: PartName
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """A named pipeline. `says` is its line in `zhiyue recommend policies`; `is_varied`: its lists are re-ranked;
    `ranker`: what puts the best of the parts' blend in order, None: their blended scores do; `needs`: the part without
    which it would only be another policy."""

    name: str
    says: str
    parts: tuple[Part, ...]
    is_varied: bool = True
    ranker: RankerName | None = None
    needs: PartName | None = None

    @property
    def reads_texts(self) -> bool:
        return any(part.name == "content" for part in self.parts)

    @property
    def needs_texts(self) -> bool:
        """Whether nothing (but the popular list) is left of it without texts."""
        return all(part.name == "content" for part in self.parts)


@dataclass(frozen=True, slots=True)
class Reranking:
    """How scores become the list that is shown, where a policy `is_varied`.

    variety  shares of a list from one topic, from one teacher, and for one reason
    twins_from  courses of which the shorter stands in the longer by so much are never in one list
    novelty  what a course that hardly anybody took gains: 1 + novelty times its score
    level_fall  what is left of the score of a course two levels off
    refund_days  so long a course is not offered again after its money went back
    explore_from, explore_place  in lists of so many places or more that place is drawn among new courses
    explore_days  so long a course is new
    explore_floor  the chance to be drawn goes by score + floor; 1 is the person's highest score
    """

    variety: Variety
    twins_from: float
    novelty: float
    level_fall: float
    refund_days: int
    explore_from: int
    explore_place: int
    explore_days: int
    explore_floor: float


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
# The same split, 16,000 people, the profile below, in steps (HR@10, NDCG@10): the paper's model with λ 300 0.332,
# 0.205; people counting by n ** -0.5 0.334, 0.210; tempered, with λ 80 0.339, 0.214; dropout and λ 20 0.343, 0.216.
# All weights kept would give less than 0.001 more than 800 an item.
EASE = EaseConfig(
    regularisation=20.0,
    dropout=0.375,
    breadth_power=0.5,
    weight_power=0.5,
    finish=Finish(to_power=0.15, temper=0.7),
)
# The same split: a grid of alpha 0.4 to 1 by beta 0.2 to 0.8. Plain RP3β with alpha 1 reaches 0.326, 0.201 at beta 0.4,
# these 0.330, 0.203; 1,000 ends an item instead of 200 change nothing.
WALKS = WalksConfig(alpha=0.8, beta=0.45, weight_power=0.5)
# The same split, one number at a time, twice through. Ordered ridge regression without the rest 0.345, 0.219; larger
# penalties, popularity divided out and orders read backward as well 0.352, 0.223; tempered 0.358, 0.228; a profile
# flatter than the fitted history 0.360, 0.228. `reach` 20, 40 and 80, `ahead` 10 and 20 are the same within 0.001; a
# penalty by popularity and rows counting more the newer they are gave nothing. All weights kept would give 0.0008 more.
NEXT_ITEMS = NextItemsConfig(
    recency=0.7,
    reach=20,
    backward=0.3,
    regularisation=30.0,
    newest_regularisation=60.0,
    profile_power=0.53,
    finish=Finish(to_power=0.18, temper=0.75),
)
# Without order, like neighbours, it is best untempered, where people are few at least: recall@20 0.433 instead of 0.409
# on mooccube_mini, HR@10 0.434 instead of 0.438 on xuetangx without positions (8,000 people), validation splits both.
NEXT_ITEMS_UNORDERED = replace(NEXT_ITEMS, regularisation=60.0, finish=Finish(to_power=0.18, temper=1.0))
# A grid on xuetangx, place n - 1 of 12,000 public learners hidden: 64 factors reach HR@10 0.294, 96 0.309, 128 0.317 in
# twice the time. Regularisation about three times the confidence is best from 96 on; ten times cost 0.025.
FACTORS = FactorsConfig(factors=96, rounds=10, confidence=50.0, regularisation=150.0, weight_power=0.5)
# The voice of a blend: as good as the above on mooccube_mini (recall@20 0.438 and 0.436), in a small part of the time.
FEW_FACTORS = FactorsConfig(
    factors=32, rounds=6, confidence=20.0, regularisation=100.0, weight_power=0.5, people=30_000
)
# Coordinate search on the same split: HR@10 0.344. Forward only, so that it is another voice than item-neighbours: a
# backward share of 0.2 would give 0.350 and nearly the same lists.
SEQUENCE = SequenceConfig(
    neighbours=2000,
    shrink=4.0,
    from_power=0.74,
    to_power=0.44,
    gap_power=0.9,
    gap_scale=0.53,
    breadth_power=0.44,
    weight_power=0.5,
    temper=0.31,
)
# The same split, the next ten foretold: six epochs 0.333, fourteen 0.341; the loss of held-out people falls until the
# thirteenth. After two epochs the next item alone stood at 0.320 and the next ten at 0.317: it is the epochs that tell.
SELF_ATTENTION = SelfAttentionConfig(width=128, heads=2, blocks=1, reach=50, ahead=10, epochs=14, temper=0.5)
POPULAR = PopularConfig(half_life_days=HALF_LIFE_DAYS)
# mooccube_mini, from texts alone: 24 times 70 courses drawn at random were kept out and ranked among each other for who
# took one. Found among ten: 0.432 at temper 1, 0.462 at 2, 0.468 at 2.5, 0.471 at 3 (with labels 0.464, 0.485, 0.487,
# 0.488). The hybrid's recall@20 is the same within chance from 1 to 4.
CONTENT = ContentConfig(temper=2.5)
# Courses whose prices lie between the same two bounds, in fen, are alike in that; free ones among themselves.
PRICE_BANDS_FEN = (5_000, 10_000, 20_000, 50_000)

# `recency` from the same search. The calendar part counts only where acts have real times: the half-life is
# that of the academy's interests, the boost lets what happens in this sitting outweigh last week.
PROFILE = ProfileShape(
    recency=0.94, power=0.5, half_life_days=HALF_LIFE_DAYS, session_boost=3.0, session_half_life_hours=2.0
)

# Courses of a topic that somebody wants more of weigh so many times as much in their profile.
MORE = 3.0
# The odds, before anything is known of a person, that their taste turned within the acts that are read: what they did
# before a turn then weighs less (`folding.present`); 0 turns it off. With all acts read, the simulator's people who
# turned gain 0.003 ± 0.001 NDCG@10 by it, steady ones lose nothing sure (`python -m benchmarks drift`,
# docs/algorithms/drift.md).
TURNS = 0.1

# Where the numbers come from says docs/algorithms/re-ranking.md: a share and a fall are a matter of taste, novelty was
# measured. The weakest reason, too, is taste: under it stood "coffee, therefore Python".
RERANKING = Reranking(
    variety=Variety(
        per_group=(1 / 3, 1 / 2),
        per_reason=1 / 3,
        weakest_reason=0.75,
        newest_first=True,
        per_before=1 / 5,
        most_rise=6,
    ),
    twins_from=0.5,
    novelty=0.3,
    level_fall=0.5,
    refund_days=180,
    explore_from=6,
    explore_place=4,
    explore_days=30,
    explore_floor=0.05,
)

# Policies in a contest: each is drawn with a tenth at least, so that a log of some hundred people tells what each is
# worth (weights are 10 at most); what was seen counts half after a month, as rates and policies change with trainings.
CONTEST = Thompson(half_life_days=30.0, least_share=0.1)
MOST_ARMS = 4
# New courses in the place that is drawn among them: each keeps a quarter of an equal chance, however it did; before so
# many days of people were shown one on days with several nothing is held against any; and what each is believed to be
# at first weighs so many choices.
NEW_COURSE_LEAST = 0.25
NEW_COURSE_DAYS = 50
NEW_COURSE_PRIOR = 0.5
# What takes up a course: it was opened, tried or joined.
TAKING_UP = frozenset({"preview.started", "lesson.opened", "lesson.started", "course.enrolled"})

# The home page's own shelf has so many places. Lists depend on their length, so whoever asks what somebody is
# recommended asks for as many.
SHELF_LENGTH = 12

# Acts that say that somebody took a course, not only looked at it: their level is that of these courses.
TAKING = frozenset({"course.enrolled", "lesson.finished"})

# Of every person the ranker sees the blend's best hundred, so the weights of the blend need not be fine. A grid on the
# same split, 12,000 people: full ranking is the same within 0.001 from walks 0.3 to 0.8 and neighbours 0.5 to 1; among
# sampled items HR@10 is 0.853 as here, 0.848 without walks and with counts that aren't damped, for what lies further
# down counts there. mooccube_mini (texts, no orders), recall@20: content 0.25 0.437, 0.5 0.442.
HYBRID = (
    Part("next-items", 1.0),
    Part("item-neighbours", 1.0),
    Part("walks", 0.8),
    Part("user-neighbours", 0.3),
    Part("few-factors", 0.5),
    Part("content", 0.5),
    Part("popular", 0.1),
)
# Over this blend the logit gains 0.006 of HR@10 and 0.008 of NDCG@10 on xuetangx (that split, 12,000 people), and 0.006
# of recall@20 on mooccube_mini. 3,000 people taught it as well as 12,000: HR@10 0.366 and 0.365 over another blend.
LOGIT = LogitConfig()
BOOSTED = BoostedConfig()

DEFAULT_POLICY = "hybrid"
SIMILAR_POLICY = "similar"
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
        Policy("ease", "each course foretold from all others at once (EASE, Steck 2019)", (Part("ease"),)),
        Policy(
            "walks", "where random walks over learners end, popular ends held back (RP3β)", (Part("walks"),)
        ),
        Policy(
            "factors",
            "courses that suit a learner's taste as found in everybody's choices",
            (Part("factors"),),
        ),
        Policy(
            "sequence",
            "courses that learners took soon after the newest ones; needs an order of acts",
            (Part("sequence"),),
        ),
        # As the blend was before next-items: what comes after a course isn't what is like it.
        Policy(
            "similar",
            "item-neighbours and content blended: what is like a course; shown on its page",
            (Part("item-neighbours", 1.0), Part("content", 0.25), Part("popular", 0.02)),
        ),
        Policy("content", "courses whose title, topic and text are alike; needs texts", (Part("content"),)),
        Policy(
            "hybrid",
            "seven of them blended, the best put in order by what people here took next; the default",
            HYBRID,
            ranker="logit",
        ),
        Policy(
            "boosted",
            "as hybrid, its candidates put in order by boosted trees; needs LightGBM (zhiyue[boost])",
            (*HYBRID, Part("ease", 0.05), Part("sequence", 0.05)),
            ranker="boosted",
        ),
        Policy(
            "deep",
            "as hybrid, with self-attention as a further voice (SASRec); needs PyTorch (zhiyue[deep])",
            (Part("self-attention", 0.5), *HYBRID),
            ranker="logit",
            needs="self-attention",
        ),
    )
}
