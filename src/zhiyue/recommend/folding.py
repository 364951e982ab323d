"""The profiles with which models are asked: one way of folding acts, wherever a model is asked."""

from dataclasses import replace

import numpy as np

from zhiyue.engine.drift.person import holding
from zhiyue.engine.kinds import Acts, Ints, Profiles
from zhiyue.engine.matrix import profiles, standing
from zhiyue.recommend.policies import PROFILE, TURNS


def asked_with(acts: Acts, groups: Ints | None, people: Ints | None = None) -> Profiles:
    """The profiles with which every model is asked: for a slate, for the page that tells what suggestions go by, and
    wherever a policy is measured or a ranker learns. `groups`: the topic of each course, None: not known. `people`: of
    whom it will be asked, None: of all; the rows of others are as if nobody's taste had turned."""
    return profiles(present(acts, groups, TURNS, people), PROFILE)


def present(acts: Acts, groups: Ints | None, turns: float, people: Ints | None = None) -> Acts:
    """Acts, each weighing by the chance that its person's taste didn't turn since: what they did before a turn fades
    away. `groups`: the topic of each course, NOTHING: none; `turns`: as `policies.TURNS`; `people`: whose acts fade,
    None: everybody's. Without topics or real times everything weighs as it did.
    """
    if not turns or groups is None or acts.days is None or not len(acts.item):
        return acts
    # What was taken back keeps its weight, by which it is known for that.
    stands = standing(acts)
    day, topic = np.floor(acts.days).astype(np.int64), groups[acts.item]
    counts = stands & (topic >= 0) & (acts.weight > 0)
    topics = int(groups.max(initial=0)) + 1
    shares = np.full(topics, 1 / topics)
    by_person = np.argsort(acts.user, kind="stable")
    whose = acts.user[by_person]
    asked = np.unique(whose if people is None else people)
    kept = np.ones(len(acts.item))
    ends = zip(np.searchsorted(whose, asked), np.searchsorted(whose, asked, side="right"), strict=True)
    for low, high in ends:
        own = by_person[low:high]
        chosen = own[counts[own]]
        # A topic on a day is one choice.
        choices = np.unique(day[chosen] * topics + topic[chosen])
        holds = holding(choices % topics, shares, turns=turns)
        if len(holds):
            latest = np.searchsorted(choices // topics, day[own], side="right") - 1
            kept[own] = holds[np.maximum(latest, 0)]
    if kept.min(initial=1.0) == 1:
        return acts
    return replace(acts, weight=np.where(stands, acts.weight * kept, acts.weight))
