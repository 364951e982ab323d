"""The writes of the audit log. Called inside the transaction of the act, by the service that does it."""

from collections.abc import Iterable
from typing import Any, Protocol

from django.db import transaction

from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.audit.texts import told


class Person(Protocol):
    """Whoever acted: a member. `audit` lies below `accounts` and knows no more of them."""

    pk: Any

    def get_short_name(self) -> str: ...


Subject = tuple[str, object, str]
_AT_ONCE = 500


@transaction.atomic
def note(
    *,
    by: Person | None,
    act: str,
    subject: Subject,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    why: str = "",
    whole: bool = False,
) -> AuditEntry:
    """Note an act of staff. `act` is “noun.verb in the past” (`member.banned`), `subject` (kind, id, name as it was);
    `by` None is the console. Never put secrets into `before` and `after`; of long texts the log keeps what `texts`
    tells; `whole`, for acts that delete their only copy, keeps them as they were."""
    if not whole:
        before, after = told(before, after)
    entry = _entry(by, act, subject, before, after, why)
    entry.save(force_insert=True)
    return entry


@transaction.atomic
def note_each(
    *,
    by: Person | None,
    act: str,
    subjects: Iterable[Subject],
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    why: str = "",
) -> int:
    """Note the same act on many subjects, an entry each. How many."""
    before, after = told(before, after)
    entries = [_entry(by, act, subject, before, after, why) for subject in subjects]
    AuditEntry.objects.bulk_create(entries, batch_size=_AT_ONCE)
    return len(entries)


def _entry(
    by: Person | None,
    act: str,
    subject: Subject,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    why: str,
) -> AuditEntry:
    kind, pk, name = subject
    return AuditEntry(
        by_id=by.pk if by else None,
        by_name=by.get_short_name() if by else "console",
        act=act,
        subject_kind=kind,
        subject_id=str(pk),
        subject_name=name[:120],
        before=before,
        after=after,
        why=why[:300],
    )
