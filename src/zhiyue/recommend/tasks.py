"""Background entries of recommendation."""

from zhiyue.core.jobs.registry import every, job
from zhiyue.recommend import services


@job(name="recommend.train", attempts=3, lease_seconds=60)
def train(*, policy: str = "") -> None:
    """Train one policy, or all of them."""
    if policy:
        services.train(policy=policy)
    else:
        services.train_all()


every(minutes=10, job=train)
