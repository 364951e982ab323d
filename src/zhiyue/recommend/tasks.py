"""Background entries of recommendation."""

from zhiyue.core.jobs.registry import daily, every, job
from zhiyue.core.jobs.services import enqueue, progress
from zhiyue.recommend import arms, forgetting, lab, services, trying
from zhiyue.recommend.parts import EVERY

# All courses published or changed within so many seconds are taken in at once.
GATHERED_SECONDS = 5.0


@job(name="recommend.train", attempts=3, lease_seconds=60)
def train(*, policy: str = "") -> None:
    """Train one policy, or all that are due."""
    if policy:
        services.train(policy=policy)
    else:
        services.train_all(services.due(), tell=lambda said: progress(done=0, total=1, note=said))
    # What was published while this read and fitted isn't in it.
    enqueue(take_in, key="catalogue")


@job(name="recommend.take_in", attempts=3, lease_seconds=60)
def take_in() -> None:
    """Let the recommenders know what is published now."""
    if services.take_in():
        enqueue(take_in, key="catalogue", delay_seconds=GATHERED_SECONDS)


@job(name="recommend.forget_people", attempts=3, lease_seconds=60)
def forget_people() -> None:
    """Drop models with rows of people that no training replaced for a week."""
    forgetting.forget_people()


@job(name="recommend.compare", attempts=2, lease_seconds=60)
def compare(*, run_id: int) -> None:
    """Carry out a comparison of the lab; broken off, it begins again once."""
    lab.carry_out(run_id)


@job(name="recommend.count_arms", attempts=3, lease_seconds=60)
def count_arms() -> None:
    """Count what came of policies and of new courses that are tried by lot, and decide how they share tomorrow."""
    arms.count_all()
    trying.count_new_courses()


every(seconds=int(EVERY.total_seconds()), job=train)
every(seconds=int(EVERY.total_seconds()), job=forget_people)
daily(at="03:10", job=count_arms)
