"""The way of an import of a table into the queue. What it then does is in `importing` and `order_importing`."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from zhiyue.core.accounts import uploads
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import UploadedSheet
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.registry import JobKind
from zhiyue.core.jobs.services import enqueue
from zhiyue.product.commerce.tasks import import_members, import_past_orders


def start_import(
    *, viewer: Viewer, sheet_id: int, why: str, greeting: Mapping[str, str] | None = None
) -> UploadedSheet | None:
    """Put the import of an upload of members into the queue; None where it has begun before. `greeting` is the subject
    and text of the mail to new members. Raises NotAllowed, NoSuchSheet, Unfit."""
    told = {"told": bool(greeting)}
    kind = UploadedSheet.Kind.MEMBERS
    return _start(viewer, kind, sheet_id, import_members, why=why, options=greeting or {}, told=told)


def start_order_import(*, viewer: Viewer, sheet_id: int, why: str) -> UploadedSheet | None:
    """The same for an upload of past orders. Raises NotAllowed, NoSuchSheet, Unfit."""
    return _start(viewer, UploadedSheet.Kind.ORDERS, sheet_id, import_past_orders, why=why)


@transaction.atomic
def _start(
    viewer: Viewer,
    kind: str,
    sheet_id: int,
    job: JobKind[Any],
    *,
    why: str,
    options: Mapping[str, str] | None = None,
    told: Mapping[str, Any] | None = None,
) -> UploadedSheet | None:
    by, why = require(viewer, uploads.NEEDED[kind]), tidy_why(why)
    sheet = uploads.start(
        viewer=viewer, kind=kind, sheet_id=sheet_id, options={**(options or {}), "why": why}
    )
    if sheet is None:
        return None
    sheet.job_id = enqueue(job, sheet_id=sheet.pk).pk
    sheet.save(update_fields=["job_id"])
    note(
        by=by,
        act=f"{kind}.import_started",
        subject=("import", sheet.pk, sheet.name),
        after={"file": sheet.name, **(told or {})},
        why=why,
    )
    return sheet
