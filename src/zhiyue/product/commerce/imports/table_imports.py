"""What every import of an uploaded table does, whatever its rows are: step by step, and how it ends."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from django.db import transaction
from django.db.models import Q

from zhiyue.core.accounts import uploads
from zhiyue.core.accounts.errors import NoSuchSheet, NotAllowed, SecondFactorRequired
from zhiyue.core.accounts.models import UploadedSheet, User
from zhiyue.core.accounts.second_factor import viewer_of
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.services import progress
from zhiyue.core.kit import clock

STEP = 200
# Why an import that began may end early; see `UploadedSheet.result`.
NOT_ALLOWED, DISCARDED, GIVEN_UP = "not_allowed", "discarded", "given_up"
# Imported by a job of commerce; courses are at once.
_BY_JOB = (UploadedSheet.Kind.MEMBERS, UploadedSheet.Kind.ORDERS)

_NOTHING: Mapping[str, int] = {}


class Row(Protocol):
    """A row of the file, with the line in which it begins."""

    @property
    def line(self) -> int: ...


_Row = TypeVar("_Row", bound=Row)


def begun(sheet_id: int) -> tuple[UploadedSheet, User] | None:
    """An upload and in whose name its rows are written; None where nothing is left to do. Raises NoSuchSheet."""
    sheet = UploadedSheet.objects.select_related("by").filter(pk=sheet_id).first()
    if sheet is None:
        raise NoSuchSheet
    by = None if sheet.finished_at is not None else importer_of(sheet)
    return None if by is None else (sheet, by)


def importer_of(sheet: UploadedSheet) -> User | None:
    """In whose name rows are written; None where they aren't allowed to any more, and then the import has ended."""
    try:
        return require(viewer_of(sheet.by), uploads.NEEDED[sheet.kind])
    except (NotAllowed, SecondFactorRequired):
        end_import(sheet, NOT_ALLOWED)
        return None


def steps(sheet: UploadedSheet, rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    """The rows that no step has done yet, a few hundred at a time; whoever takes them counts each with `count_step`."""
    left = [row for row in rows if row.line > sheet.result.get("line", 0)]
    for start in range(0, len(left), STEP):
        yield left[start : start + STEP]
        progress(done=min(start + STEP, len(left)), total=len(left))


@transaction.atomic
def count_step(
    sheet: UploadedSheet,
    by: User,
    rows: Sequence[Row],
    told: Mapping[str, int] = _NOTHING,
    /,
    **counts: int,
) -> None:
    """Note what became of these rows, in the transaction that wrote them; what is `told` besides adds up to nothing."""
    uploads.count(sheet, last_line=rows[-1].line, **counts)
    lines = f"{rows[0].line}–{rows[-1].line}"
    _note(sheet, by, "imported", {"lines": lines, **told, **counts})


@transaction.atomic
def finish(sheet: UploadedSheet, by: User, **counts: int) -> None:
    """The import has come to its end: what only then can be counted is noted with the rest."""
    uploads.count(sheet, last_line=sheet.result.get("line", 0), **counts)
    _note(sheet, by, "import_finished", _so_far(sheet))
    uploads.finish(sheet)


@transaction.atomic
def end_import(sheet: UploadedSheet, reason: str) -> None:
    """An import that began goes no further, for one of these reasons; the log and its page say so."""
    uploads.end(sheet, reason)
    _note(sheet, sheet.by, "import_ended", _so_far(sheet))


def end_stuck_imports() -> int:
    """An import whose job staff discarded will never go on, and one that was given up has a day to be run again: after
    that their tables aren't needed. How many ended."""
    waiting = UploadedSheet.objects.select_related("by").filter(
        kind__in=_BY_JOB, started_at__isnull=False, finished_at=None
    )
    # A job that was done leaves its table finished, so one that is gone was discarded before.
    kept = Job.objects.exclude(state=Job.State.DISCARDED)
    given_up = Q(state=Job.State.DEAD, finished_at__lt=clock.now() - uploads.KEPT)
    ended = 0
    for sheet in waiting:
        job = kept.filter(pk=sheet.job_id or 0)
        if not job.exists() or job.filter(given_up).exists():
            end_import(sheet, GIVEN_UP if job.exists() else DISCARDED)
            ended += 1
    return ended


def why_of(sheet: UploadedSheet) -> str:
    """What staff said when they began it."""
    return str(sheet.options.get("why", ""))


def _so_far(sheet: UploadedSheet) -> dict[str, object]:
    return {name: value for name, value in sheet.result.items() if name != "line"}


def _note(sheet: UploadedSheet, by: User, what: str, after: Mapping[str, object]) -> None:
    subject = ("import", sheet.pk, sheet.name)
    act = f"{sheet.kind}.{what}"
    note(by=by, act=act, subject=subject, after={"file": sheet.name, **after}, why=why_of(sheet))
