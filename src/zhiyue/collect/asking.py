"""What staff may ask the background for."""

from zhiyue.collect import tasks
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.services import enqueue


def verify_soon(*, viewer: Viewer) -> Job:
    """Look at every file of the lake, in the background; asked for again while it waits, once. Raises NotAllowed."""
    require(viewer, Permission.RUN_JOBS)
    return enqueue(tasks.verify, key="lake")
