"""What an operator should know of trainings: which were refused, which stay away, and of what there is none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from zhiyue.core.kit import clock
from zhiyue.recommend.kinds import RefusedTraining
from zhiyue.recommend.live import standing
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.parts import DEAR_EVERY, EVERY, holds_people, is_dear
from zhiyue.recommend.policies import POLICIES

# A training that is so much later than its rhythm isn't only slow.
LATE_BY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LateTraining:
    """A policy that serves as it was trained at `since`, though its rhythm is over for a day. `goes`: its files hold
    rows of people, and are dropped a week after that."""

    policy: str
    since: datetime
    goes: bool


def refused_trainings() -> list[RefusedTraining]:
    """The newest training of each policy, where it wasn't let serve."""
    newest: dict[str, Artefact] = {}
    served: dict[str, Artefact] = {}
    for artefact in Artefact.objects.filter(policy__in=POLICIES).order_by("pk"):
        (newest if artefact.refusal else served)[artefact.policy] = artefact
    return [
        RefusedTraining(
            name,
            refused.created_at,
            refused.detail,
            is_worse=refused.refusal == Artefact.Refusal.WORSE,
            was=served[name].figure if name in served else 0.0,
            became=refused.figure,
        )
        for name in POLICIES
        if (refused := newest.get(name))
    ]


def late_trainings() -> list[LateTraining]:
    """Policies that weren't trained anew for longer than is usual, whatever the reason: their trainings are refused,
    find nothing to fit, or don't run."""
    now = clock.now()
    serving = {one.policy: one for one in Artefact.objects.filter(refusal="").order_by("pk")}
    return [
        LateTraining(name, artefact.read_at, holds_people(policy))
        for name, policy in POLICIES.items()
        if (artefact := serving.get(name))
        and now - artefact.read_at > (DEAR_EVERY if is_dear(policy) else EVERY) + LATE_BY
    ]


def not_there() -> list[str]:
    """Policies that should serve and of which there is no training, so that another list stands in: what is live or
    tried by lot, once anything was trained, and what is refused."""
    trained = set(Artefact.objects.filter(refusal="").values_list("policy", flat=True))
    decided = standing()
    wanted = {decided.policy, *(decided.chances_on(clock.business_day()) or {})} if trained else set()
    wanted |= set(Artefact.objects.refused().values_list("policy", flat=True))
    return [name for name in POLICIES if name in wanted - trained]
