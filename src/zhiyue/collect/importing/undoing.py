"""Takes what an import brought out of the log again."""

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.collect.days import reopen
from zhiyue.collect.errors import ImportNotFound, ImportNotInState
from zhiyue.collect.models import Event, HistoryImport
from zhiyue.collect.tasks import seal
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock

BATCH = 5000


def imports(viewer: Viewer, *, limit: int = 50) -> list[HistoryImport]:
    """The newest imports first. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    return list(HistoryImport.objects.select_related("by").order_by("-pk")[:limit])


def undo_on_the_desk(*, viewer: Viewer, import_id: int) -> int:
    """The same as `undo`, for who may run such work. Raises NotAllowed, ImportNotFound, ImportNotInState."""
    return undo(import_id=import_id, by=require(viewer, Permission.RUN_JOBS))


def undo(*, import_id: int, by: User | None) -> int:
    """Delete every event that an import brought, a batch at a time; broken off, it goes on when called again.
    Returns how many went. Raises ImportNotFound, ImportNotInState."""
    before = _stop(import_id)
    gone = last = 0
    while ids := _undo_some(import_id, after=last):
        gone, last = gone + len(ids), ids[-1]
    _note(import_id, by, before, gone)
    # Its days are read from the log until then.
    enqueue(seal, key="imported")
    return gone


@transaction.atomic
def _stop(import_id: int) -> str:
    """Call it undone first: one that is still running finds so before its next part, and stops. Returns its former
    state."""
    record = HistoryImport.objects.select_for_update().filter(pk=import_id).first()
    if record is None:
        raise ImportNotFound(pgettext("import", "There is no such import."))
    before = record.state
    if before == HistoryImport.State.UNDONE and not Event.objects.filter(source_id=import_id).exists():
        raise ImportNotInState(pgettext("import", "This import was undone before."))
    record.state, record.undone_at = HistoryImport.State.UNDONE, clock.now()
    record.save(update_fields=["state", "undone_at"])
    return before


@transaction.atomic
def _undo_some(import_id: int, *, after: int) -> list[int]:
    """The next of its events in the order of the log, deleted."""
    theirs = Event.objects.filter(source_id=import_id, pk__gt=after)
    ids = list(theirs.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if ids:
        some = theirs.filter(pk__lte=ids[-1])
        reopen(some.order_by().values_list("day", flat=True).distinct())
        some.delete()
    return ids


def _note(import_id: int, by: User | None, before: str, gone: int) -> None:
    record = HistoryImport.objects.get(pk=import_id)
    after = {"state": record.state, "removed": gone}
    note(
        by=by,
        act="history.undone",
        subject=("import", record.pk, record.file_name),
        before={"state": before},
        after=after,
    )
