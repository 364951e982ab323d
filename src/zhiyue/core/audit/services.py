"""The one write of the audit log. Called inside the transaction of the act, by the service that does it."""

from typing import Any, Protocol

from django.db import transaction

from zhiyue.core.audit.models import AuditEntry


class Person(Protocol):
    """Whoever acted: a member. `audit` lies below `accounts` and knows no more of them."""

    pk: Any

    def get_short_name(self) -> str: ...


@transaction.atomic
def note(
    *,
    by: Person | None,
    act: str,
    subject: tuple[str, object, str],
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    why: str = "",
) -> AuditEntry:
    """Note an act of staff. `act` is “noun.verb in the past” (`member.banned`), `subject` (kind, id, name as it was);
    `by` None is the console. Never put secrets into `before` and `after`."""
    kind, pk, name = subject
    return AuditEntry.objects.create(
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
