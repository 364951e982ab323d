"""Background entries of the queue itself."""

from datetime import timedelta

from django.conf import settings

from zhiyue.core.jobs import services
from zhiyue.core.jobs.registry import every, job
from zhiyue.core.kit import clock


@job(name="jobs.forget_finished", attempts=3)
def forget_finished() -> None:
    services.forget_finished(before=clock.now() - timedelta(days=settings.ZHIYUE_JOBS_KEEP_DAYS))


every(minutes=60, job=forget_finished)
