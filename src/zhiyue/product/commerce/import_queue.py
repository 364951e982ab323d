"""The way of an import of members into the queue. What it then does is in `importing`."""

from collections.abc import Mapping

from django.db import transaction

from zhiyue.core.accounts import uploads
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import UploadedSheet
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.services import enqueue
from zhiyue.product.commerce.tasks import import_members


@transaction.atomic
def start_import(
    *, viewer: Viewer, sheet_id: int, why: str, greeting: Mapping[str, str] | None = None
) -> UploadedSheet | None:
    """Put the import of an upload into the queue; None where it has begun before. `greeting` is the subject and text of
    the mail to new members. Raises NotAllowed, NoSuchSheet, Unfit."""
    by, why = require(viewer, Permission.CHANGE_MEMBERS), tidy_why(why)
    options = {**(greeting or {}), "why": why}
    sheet = uploads.start(viewer=viewer, kind=UploadedSheet.Kind.MEMBERS, sheet_id=sheet_id, options=options)
    if sheet is None:
        return None
    sheet.job_id = enqueue(import_members, sheet_id=sheet.pk).pk
    sheet.save(update_fields=["job_id"])
    note(
        by=by,
        act="members.import_started",
        subject=("import", sheet.pk, sheet.name),
        after={"file": sheet.name, "told": bool(greeting)},
        why=why,
    )
    return sheet
