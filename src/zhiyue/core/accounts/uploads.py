"""Tables that staff uploaded, between the look at them and the import. Each is seen by who uploaded it."""

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from zhiyue.core.accounts.errors import NoSuchSheet
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import UploadedSheet
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock, sheets

KEPT = timedelta(days=1)
# What a kind of table needs; asked when it is uploaded, looked at, and imported.
NEEDED: Mapping[str, Permission] = {
    UploadedSheet.Kind.MEMBERS: Permission.CHANGE_MEMBERS,
    UploadedSheet.Kind.COURSES: Permission.CHANGE_ANY_COURSE,
    UploadedSheet.Kind.ORDERS: Permission.IMPORT_ORDERS,
}


@transaction.atomic
def keep_sheet(*, viewer: Viewer, kind: str, name: str, content: bytes) -> UploadedSheet:
    """Keep a file that can be read as a table. Raises NotAllowed, UnreadableSheet."""
    by = require(viewer, NEEDED[kind])
    text = sheets.decoded(content)
    sheets.read(text)
    return UploadedSheet.objects.create(kind=kind, by=by, name=name[-120:], text=text)


def sheet_of(viewer: Viewer, kind: str, sheet_id: int) -> UploadedSheet:
    """An upload of the viewer's own. Raises NotAllowed, NoSuchSheet."""
    by = require(viewer, NEEDED[kind])
    found = UploadedSheet.objects.filter(pk=sheet_id, kind=kind, by=by).first()
    if found is None:
        raise NoSuchSheet
    return found


@transaction.atomic
def start(*, viewer: Viewer, kind: str, sheet_id: int, options: Mapping[str, object]) -> UploadedSheet | None:
    """Begin the import of an upload; None where it has begun before. Raises NotAllowed, NoSuchSheet."""
    found = sheet_of(viewer, kind, sheet_id)
    begun = UploadedSheet.objects.filter(pk=found.pk, started_at=None).update(
        started_at=clock.now(), options=dict(options)
    )
    return UploadedSheet.objects.get(pk=found.pk) if begun else None


@transaction.atomic
def count(sheet: UploadedSheet, *, last_line: int, **more: int) -> None:
    """Add to what became of an upload, in the transaction that did it; `last_line` is how far it came."""
    sheet.result["line"] = last_line
    for name, n in more.items():
        sheet.result[name] = sheet.result.get(name, 0) + n
    sheet.save(update_fields=["result"])


@transaction.atomic
def end(sheet: UploadedSheet, reason: str) -> None:
    """The import ends before its time: what was done stays, and its page says why no more was."""
    sheet.result["ended"] = reason
    sheet.save(update_fields=["result"])
    finish(sheet)


@transaction.atomic
def finish(sheet: UploadedSheet) -> None:
    """The import is over: what people wrote about people isn't kept longer than needed."""
    sheet.finished_at, sheet.text = clock.now(), ""
    sheet.save(update_fields=["finished_at", "text"])


def forget_uploads() -> int:
    """Delete uploads older than a day. One whose import has begun and isn't over stays: it is still needed."""
    running = Q(started_at__isnull=False, finished_at=None)
    return UploadedSheet.objects.filter(uploaded_at__lt=clock.now() - KEPT).exclude(running).delete()[0]
