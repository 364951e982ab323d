"""Brings the events of a file in: a part at a time, each whole or not at all, going on where it was broken off."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.collect import consenting
from zhiyue.collect.errors import ImportNotInState
from zhiyue.collect.importing import files
from zhiyue.collect.importing.ahead import judged_parts
from zhiyue.collect.importing.judging import Fault, Judge, JudgedPart, JudgedRow, Places
from zhiyue.collect.importing.known import read_known
from zhiyue.collect.importing.mapping import ColumnMapping
from zhiyue.collect.importing.refusals import RefusedRows, require_another
from zhiyue.collect.log import LogRow, append
from zhiyue.collect.models import Event, HistoryImport
from zhiyue.collect.tasks import seal
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.accounts.models import User
from zhiyue.core.audit.services import note
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.consent.selectors import changed_by, granted_to_many
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import storable
from zhiyue.core.kit.errors import Refused

PART = 50_000
ERRORS_KEPT = 200

Report = Callable[[int, int], None]


@dataclass(slots=True)
class Outcome:
    """What became of a file's rows. `reasons` counts the refused ones; `repeated` were in the log before; what
    `unconsented` people did isn't stored."""

    rows: int = 0
    imported: int = 0
    repeated: int = 0
    refused: int = 0
    unconsented: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    errors: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    rows: int
    events: list[LogRow]
    unconsented: list[tuple[date, str]]
    faults: list[Fault]


def try_file(
    path: Path, *, mapping: ColumnMapping, places: Places, report: Report, refused_to: Path | None = None
) -> Outcome:
    """What `import_file` would do, without writing anything but the file of refused rows, if asked.
    Raises UnreadableHistory, BadRefusals."""
    outcome = Outcome()
    seen: set[UUID] = set()
    require_another(path, refused_to)
    files.check_columns(path, mapping)
    total = files.count_rows(path, mapping)
    with RefusedRows(refused_to) as faults, _few_collections():
        for judged in _judged(path, mapping, places, skip=0, total=total):
            part = _agreed(judged, mapping, source=None)
            ids = [event.event_id for event in part.events]
            fresh = set(ids) - _in_log(ids) - seen
            seen |= fresh
            _add(outcome, part, new=len(fresh))
            faults.write(part.faults)
            report(outcome.rows, total)
    return outcome


def import_file(
    path: Path,
    *,
    mapping: ColumnMapping,
    places: Places,
    by: User | None,
    report: Report,
    refused_to: Path | None = None,
) -> tuple[HistoryImport, Outcome]:
    """Bring the events of a file in. What the log holds already is left alone, what can't be taken is counted and
    told; a file that was broken off goes on behind its last part. Raises UnreadableHistory, BadRefusals,
    ImportNotInState."""
    require_another(path, refused_to)
    files.check_columns(path, mapping)
    total, file = files.count_rows(path, mapping), files.Unchanged(path)
    record = _begin(path, mapping, by)
    outcome = Outcome(
        record.rows,
        record.imported,
        record.repeated,
        record.refused,
        record.unconsented,
        Counter(record.reasons),
        [Fault(*error) for error in record.errors],
    )
    try:
        with RefusedRows(refused_to, before=outcome.errors) as faults, _few_collections():
            for judged in _judged(path, mapping, places, skip=record.rows, total=total):
                file.require()
                part = _agreed(judged, mapping, source=record.pk)
                _keep(record, outcome, part)
                faults.write(part.faults)
                report(outcome.rows, total)
            file.require()
    except ImportNotInState:
        # It is another's now.
        raise
    except BaseException as why:
        # Whoever stops it by Ctrl-C, too, finds it broken off and not running.
        said = str(why.message) if isinstance(why, Refused) else ""
        _end(record, HistoryImport.State.FAILED, by, failure=said)
        raise
    _end(record, HistoryImport.State.DONE, by)
    return record, outcome


@transaction.atomic
def _begin(path: Path, mapping: ColumnMapping, by: User | None) -> HistoryImport:
    """The import of this very file, read in this very way, that was broken off; or a new one."""
    checksum = files.checksum(path, read_as=repr(mapping))
    broken_off = (HistoryImport.State.RUNNING, HistoryImport.State.FAILED)
    earlier = HistoryImport.objects.select_for_update().filter(checksum=checksum, state__in=broken_off)
    record = earlier.order_by("-pk").first()
    if record is None:
        return HistoryImport.objects.create(
            file_name=storable(path.name)[:200],
            form=mapping.form,
            checksum=checksum,
            by=by,
            started_at=clock.now(),
        )
    record.state = HistoryImport.State.RUNNING
    record.save(update_fields=["state"])
    return record


def _judged(
    path: Path, mapping: ColumnMapping, places: Places, *, skip: int, total: int
) -> Iterator[JudgedPart]:
    judge = Judge(mapping, read_known(mapping, places))
    return judged_parts(path, mapping, judge, size=PART, skip=skip, total=total)


def _agreed(judged: JudgedPart, mapping: ColumnMapping, source: int | None) -> _Part:
    """A part with what consent says of it."""
    granted = _granted(judged.taken, mapping.stated)
    changed = changed_by(granted)
    received_at = clock.now()
    purposes: dict[tuple[str, int], Purpose | None] = {}
    events: list[LogRow] = []
    unconsented: list[tuple[date, str]] = []
    for event_id, name, member_id, course_id, lesson_id, properties, moment, day in judged.taken:
        about = (name, member_id)
        if about not in purposes:
            purposes[about] = KINDS[name].stored_for(granted[member_id])
        serves = purposes[about]
        if serves and member_id in changed:
            # As with what browsers tell late: what holds now, and held then.
            serves = KINDS[name].stored_for(granted[member_id] & _held(changed[member_id], moment))
        if serves is None:
            unconsented.append((day, name))
            continue
        events.append(
            LogRow(
                event_id=UUID(int=event_id),
                name=name,
                member_id=member_id,
                visitor=None,
                course_id=course_id,
                lesson_id=lesson_id,
                properties=properties,
                origin="import",
                occurred_at=moment,
                recorded_at=received_at,
                day=day,
                corrections=(),
                purposes=int(serves),
                source_id=source,
            )
        )
    return _Part(judged.rows, events, unconsented, judged.faults)


def _held(choices: Sequence[tuple[datetime, Purpose]], moment: datetime) -> Purpose:
    """What held at a moment; before somebody chose for the first time, what they chose then."""
    return next((granted for made_at, granted in choices if made_at <= moment), choices[-1][1])


def _granted(taken: Sequence[JudgedRow], stated: Purpose) -> dict[int, Purpose]:
    """What each member chose here; what the operator states of those who weren't asked yet."""
    members = {one[2] for one in taken}
    chosen, _ = granted_to_many(member_ids=members)
    return {member_id: chosen.get(member_id, stated) for member_id in members}


@transaction.atomic
def _keep(record: HistoryImport, outcome: Outcome, part: _Part) -> None:
    """Store a part and how far the file is now, both or none."""
    # Two who bring in the same file, or one who undoes it meanwhile: only who finds it as they left it goes on.
    mine = HistoryImport.objects.filter(pk=record.pk, state=HistoryImport.State.RUNNING, rows=outcome.rows)
    if not mine.select_for_update().exists():
        raise ImportNotInState(
            pgettext("import", "This import was undone meanwhile, or is brought in by somebody else.")
        )
    new = append(part.events)
    for day, names in _by_day(part.unconsented).items():
        consenting.count_after_commit(names, day=day)
    _add(outcome, part, new=new)
    record.rows, record.imported, record.repeated = outcome.rows, outcome.imported, outcome.repeated
    record.refused, record.unconsented = outcome.refused, outcome.unconsented
    record.errors = [[one.row, one.reason, one.detail] for one in outcome.errors]
    record.reasons = dict(outcome.reasons)
    record.save(update_fields=["rows", "imported", "repeated", "refused", "unconsented", "errors", "reasons"])


def _add(outcome: Outcome, part: _Part, *, new: int) -> None:
    outcome.rows += part.rows
    outcome.imported += new
    outcome.repeated += len(part.events) - new
    outcome.refused += len(part.faults)
    outcome.unconsented += len(part.unconsented)
    outcome.reasons.update(fault.reason for fault in part.faults)
    outcome.errors += part.faults[: ERRORS_KEPT - len(outcome.errors)]


@transaction.atomic
def _end(record: HistoryImport, state: HistoryImport.State, by: User | None, *, failure: str = "") -> None:
    running = HistoryImport.objects.filter(pk=record.pk, state=HistoryImport.State.RUNNING)
    if not running.update(state=state, ended_at=clock.now(), failure=storable(failure)[:300]):
        return
    record.refresh_from_db()
    # Its days are read from the log until then.
    enqueue(seal, key="imported")
    after = {
        "state": state.value,
        "rows": record.rows,
        "imported": record.imported,
        "refused": record.refused,
    }
    note(by=by, act="history.imported", subject=("import", record.pk, record.file_name), after=after)


def _by_day(unconsented: Sequence[tuple[date, str]]) -> dict[date, list[str]]:
    by_day: dict[date, list[str]] = {}
    for day, name in unconsented:
        by_day.setdefault(day, []).append(name)
    return by_day


def _in_log(ids: Sequence[UUID]) -> set[UUID]:
    known: set[UUID] = set()
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        known |= set(Event.objects.filter(event_id__in=some).values_list("event_id", flat=True))
    return known


@contextmanager
def _few_collections() -> Iterator[None]:
    """Millions of small objects that hold no circles: looking for circles among them takes half of the time."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
