"""How each part of a policy is fitted: the one line that a new algorithm of `engine.recommenders` takes here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from zhiyue.engine.kinds import Acts, Ints, Recommender
from zhiyue.engine.recommenders import (
    clusters,
    content,
    ease,
    factors,
    next_items,
    self_attention,
    user_neighbours,
)
from zhiyue.engine.recommenders.popular import Popular
from zhiyue.recommend.policies import (
    CLUSTERS,
    CONTENT,
    EASE,
    FACTORS,
    FEW_FACTORS,
    NEIGHBOURS,
    NEIGHBOURS_UNORDERED,
    NEXT_ITEMS,
    NEXT_ITEMS_UNORDERED,
    SELF_ATTENTION,
    SEQUENCE,
    USER_NEIGHBOURS,
    WALKS,
    PartName,
    Policy,
)
from zhiyue.recommend.steps import HERE, Steps
from zhiyue.recommend.traits import Traits


@dataclass(frozen=True, slots=True)
class Texts:
    """What items say about themselves: field -> one value an item, in the order of the item codes.

    texts are cut into words; labels are taken whole, several joined by "|"; traits: what lists are re-ranked by.
    """

    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    traits: Traits | None = None

    @property
    def groups(self) -> Ints | None:
        """The topic code of each item, NOTHING: none."""
        return None if self.traits is None else self.traits.topic


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What parts are fitted to, and where the heavy steps are taken. `popular` is fitted already: every policy has
    it."""

    acts: Acts
    popular: Popular
    texts: Texts = field(default_factory=Texts)
    steps: Steps = HERE


def _content(known: Known) -> Recommender:
    if not (known.texts.texts or known.texts.labels):
        raise content.NoWords("there are no texts")
    return content.fit(known.texts.texts, known.texts.labels, CONTENT)


def _item_neighbours(known: Known) -> Recommender:
    config = NEIGHBOURS if known.acts.order is not None else NEIGHBOURS_UNORDERED
    return known.steps.item_neighbours(known.acts, config)


def _next_items(known: Known) -> Recommender:
    return next_items.fit(known.acts, NEXT_ITEMS if known.acts.order is not None else NEXT_ITEMS_UNORDERED)


# Each may raise CannotFit (those of texts without texts, the linear ones of too many items, the sequence and
# self-attention without an order, the latter without PyTorch or with few people).
PARTS: Mapping[PartName, Callable[[Known], Recommender]] = {
    "popular": lambda known: known.popular.damped(),
    "item-neighbours": _item_neighbours,
    "user-neighbours": lambda known: user_neighbours.fit(known.acts, USER_NEIGHBOURS),
    "clusters": lambda known: clusters.fit(known.acts, CLUSTERS),
    "ease": lambda known: ease.fit(known.acts, EASE),
    "walks": lambda known: known.steps.walks(known.acts, WALKS),
    "factors": lambda known: known.steps.factors(known.acts, FACTORS),
    # Of some people only, which one machine does.
    "few-factors": lambda known: factors.fit(known.acts, FEW_FACTORS),
    "sequence": lambda known: known.steps.sequence(known.acts, SEQUENCE),
    "next-items": _next_items,
    "self-attention": lambda known: self_attention.fit(known.acts, SELF_ATTENTION),
    "content": _content,
}
# Dear to fit, and hardly another where few acts more or less were there: after a ranker learnt from a model that lacked
# no more than this share of the acts, that model stays.
DEAR: frozenset[PartName] = frozenset({"self-attention"})
DEAR_MAY_LACK = 0.05
# So often the job trains, and so often a policy with a dear part; whoever asks for one has it at once.
EVERY = timedelta(minutes=10)
DEAR_EVERY = timedelta(days=1)
# Made of nothing but texts, they are fitted again whenever the catalogue changes.
OF_TEXTS: frozenset[PartName] = frozenset({"content"})
# Their files hold a row for each person whom they remember: what that person took, without saying whose it is.
OF_PEOPLE: frozenset[PartName] = frozenset({"user-neighbours", "clusters"})


def is_dear(policy: Policy) -> bool:
    return any(part.name in DEAR for part in policy.parts)


def holds_people(policy: Policy) -> bool:
    """Whether somebody's row lies in its files, which `docs/operating/privacy.md` has to say."""
    return any(part.name in OF_PEOPLE for part in policy.parts)
