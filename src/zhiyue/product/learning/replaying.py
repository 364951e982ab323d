"""Taking in what was kept out, after a mend of the table or of a page: asked for by staff, done by `rejudging`."""

from collections.abc import Collection

from django.db import transaction

from zhiyue.collect import quarantine
from zhiyue.collect.quarantine_acts import reason_of
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.services import enqueue
from zhiyue.product.learning.rejudging import Rejudged, rejudge
from zhiyue.product.learning.tasks import replay_quarantine

# A second's work; more is a job's.
AT_ONCE = 50


def replay(
    *, viewer: Viewer, reason: str = "", name: str = "", entry_ids: Collection[int] = ()
) -> Rejudged | None:
    """Judge entries of the quarantine again: those named, or all of a reason or of a kind of event. None where they are
    so many that a job does it. What was taken in once isn't taken in again. Raises NotAllowed."""
    ids = _asked_for(viewer, reason, name, entry_ids)
    return None if len(ids) > AT_ONCE else rejudge(ids)


@transaction.atomic
def _asked_for(viewer: Viewer, reason: str, name: str, entry_ids: Collection[int]) -> list[int]:
    """The entries, with a note of who asked; the job, where they are many. None where nothing is named."""
    by = require(viewer, Permission.RUN_JOBS)
    if not (reason or name or entry_ids):
        return []
    rows = quarantine.replayable()
    rows = rows.filter(pk__in=entry_ids) if entry_ids else rows
    rows = rows.filter(reason=reason) if reason else rows
    rows = rows.filter(name=name) if name else rows
    ids = list(rows.values_list("pk", flat=True))
    if ids:
        label = reason or name or reason_of(rows)
        subject = ("quarantine", label, label)
        note(by=by, act="quarantine.replayed", subject=subject, after={"entries": len(ids)})
    if len(ids) > AT_ONCE:
        enqueue(replay_quarantine, entry_ids=ids)
    return ids
