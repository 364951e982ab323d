"""Whether a training may serve: how well it foretells, measured on people whose newest course it doesn't know, and
compared with what serves now."""

import math
from datetime import timedelta
from typing import Any

from zhiyue.core.kit import clock
from zhiyue.engine import evaluate
from zhiyue.engine.evaluate import Estimate
from zhiyue.engine.matrix import owned
from zhiyue.recommend import serve
from zhiyue.recommend.fitting import Pipeline, fit
from zhiyue.recommend.folding import asked_with
from zhiyue.recommend.inputs import Academy
from zhiyue.recommend.models import FIGURE, Artefact
from zhiyue.recommend.policies import Policy
from zhiyue.recommend.steps import Steps

CHECKED_PEOPLE = 1000
FEWEST_CHECKED = 30
# So long what was measured once is held against what comes after: a day less than rows of people are kept
# (`forgetting`), so that even what is trained once a day has its turn before they go.
HOLDS = timedelta(days=6)
# Another academy, as it were: acts have become more or fewer by a larger share than this.
CHANGED_SHARE = 1 / 3

Metrics = dict[str, Any]


def measured(policy: Policy, read: Academy, steps: Steps) -> Metrics:
    """How well the policy foretells the newest course of people who took several, as [value, low, high] each; {} while
    there are few. Whose times don't tell which course that is isn't asked about.

    As in `offline.evaluate` these are plain lists of 20, best first. What the home page serves is limited by topic and
    by act on top of that (`policies.RERANKING`) and shorter, so it may find less than these figures say.
    """
    people, _ = evaluate.with_newest(read.acts, CHECKED_PEOPLE)
    if len(people) < FEWEST_CHECKED:
        return {}
    kept, relevant = evaluate.hide_newest(read.acts, people)
    pipeline: Pipeline = fit(policy, kept, read.texts, steps)
    shaped, taken = asked_with(kept, pipeline.groups, people), owned(kept)
    mine = type(shaped)(shaped.weights[people], shaped.newest[people])
    lists = serve.rank(pipeline, mine, taken[people], evaluate.LIST_LENGTH, vary=False).items
    found = evaluate.measured(lists, relevant, kept.items)
    return {name: [cell.value, cell.low, cell.high] for name, cell in found.items()} | {"people": len(people)}


def parts_of(policy: Policy) -> str:
    return ", ".join(part.name for part in policy.parts)


def is_worse(policy: Policy, metrics: Metrics, interactions: int, served: Artefact | None) -> bool:
    """Whether a training foretells worse than what serves did, by more than the interval of their difference.

    Each figure is of a model that didn't know the hidden courses. That is why figures are compared and not lists: the
    model that serves was fitted on nearly all courses that are hidden today, and would beat any successor at them.
    The interval is that of two measurements on different people, the root of the sum of squares. Most people are the
    same both times, so the true one is narrower: a healthy training is refused less often than one in forty.
    Nothing is worse where either wasn't measured, or where the older figure doesn't stand for this recommender of this
    academy: it is older than six days, acts have become more or fewer by a third, or the policy has other parts. Else
    what changed on purpose could never be trained for again.
    """
    if served is None or not {FIGURE} <= metrics.keys() & served.metrics.keys():
        return False
    is_old = clock.now() - served.read_at > HOLDS
    is_another = abs(interactions - served.interactions) > CHANGED_SHARE * served.interactions
    if is_old or is_another or served.parts not in ("", parts_of(policy)):
        return False
    was, became = (_figure(one) for one in (served.metrics, metrics))
    return was.value - became.value > math.hypot(was.reach, became.reach)


def _figure(metrics: Metrics) -> Estimate:
    value, low, high = metrics[FIGURE]
    return Estimate(value, low, high, "normal")
