"""Background entries of the queue itself, and the sweeping that Django leaves to others."""

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore

from zhiyue.core.jobs import services
from zhiyue.core.jobs.registry import daily, every, job
from zhiyue.core.kit import clock


@job(name="jobs.forget_finished", attempts=3, lease_seconds=60)
def forget_finished() -> None:
    services.forget_finished(before=clock.now() - timedelta(days=settings.ZHIYUE_JOBS_KEEP_DAYS))


@job(name="jobs.forget_sessions", attempts=3, lease_seconds=60)
def forget_sessions() -> None:
    """Delete sessions that have expired; nothing else in Django does."""
    SessionStore.clear_expired()


every(minutes=60, job=forget_finished)
daily(at="04:10", job=forget_sessions)
