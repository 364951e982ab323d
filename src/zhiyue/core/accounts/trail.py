"""The audit log, for those of staff who may read it."""

from django.db import transaction
from django.db.models import QuerySet

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit import selectors
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.audit.selectors import Sought
from zhiyue.core.audit.services import note


def entries(viewer: Viewer, sought: Sought) -> QuerySet[AuditEntry]:
    """The entries sought, newest first. Raises NotAllowed."""
    require(viewer, Permission.SEE_AUDIT)
    return selectors.entries(sought)


def about_member(viewer: Viewer, member_id: int, limit: int = 10) -> list[AuditEntry]:
    """What was done to a member, newest first. Raises NotAllowed."""
    return list(entries(viewer, Sought(kind="member", subject_id=str(member_id)))[:limit])


@transaction.atomic
def note_export(*, viewer: Viewer, sought: Sought) -> QuerySet[AuditEntry]:
    """Note that the entries sought were taken away, and give them. Raises NotAllowed."""
    by = require(viewer, Permission.SEE_AUDIT)
    found = selectors.entries(sought)
    newest = found.order_by("-pk").values_list("pk", flat=True).first() or 0
    found = found.filter(pk__lte=newest)
    note(by=by, act="audit.exported", subject=("audit", "", ""), after={"entries": found.count()})
    return found
