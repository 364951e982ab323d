"""Background entries of the demo. They do nothing where no demo was begun."""

from zhiyue.core.jobs.registry import every, job
from zhiyue.demo import services


@job(name="demo.seed", attempts=5, lease_seconds=60)
def seed() -> None:
    """Fill the academy."""
    services.seed()


@job(name="demo.advance", attempts=2, lease_seconds=60)
def advance() -> None:
    """Let the simulated members live on."""
    services.advance()


every(minutes=1, job=advance)
