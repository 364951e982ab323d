"""Reads of the audit log. Who may read it is decided above: see `core.accounts.trail`."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet

from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.audit.services import Person
from zhiyue.core.audit.texts import told
from zhiyue.core.kit import clock

# A form that is sent twice arrives within this time; whoever means to do the same again needs longer.
A_MOMENT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries; what is empty narrows nothing. Days are those of the academy, both included."""

    by_id: int | None = None
    by_console: bool = False
    act: str = ""
    kind: str = ""
    subject: str = ""
    subject_id: str = ""
    since: date | None = None
    until: date | None = None


def entries(sought: Sought) -> QuerySet[AuditEntry]:
    """The entries sought, newest first."""
    found = AuditEntry.objects.all()
    exact = {
        "by_id": sought.by_id,
        "act": sought.act,
        "subject_kind": sought.kind,
        "subject_id": sought.subject_id,
    }
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if sought.by_console:
        found = found.filter(by=None)
    if sought.subject:
        found = found.filter(subject_name__icontains=sought.subject)
    if sought.since:
        found = found.filter(at__gte=clock.day_start(sought.since))
    if sought.until:
        found = found.filter(at__lt=clock.day_start(sought.until + timedelta(days=1)))
    return found


def just_noted(
    *, by: Person, act: str, after: dict[str, Any], subject_id: int | None = None
) -> AuditEntry | None:
    """The very same act of the same person a moment ago: their form was sent twice. Hold a lock that both take.
    For acts noted without long texts in `before`: of those the log keeps where the two differ."""
    lately = AuditEntry.objects.filter(by_id=by.pk, act=act, at__gte=clock.now() - A_MOMENT)
    if subject_id is not None:
        lately = lately.filter(subject_id=str(subject_id))
    _, kept = told(None, after)
    return next((entry for entry in lately if entry.after == kept), None)


def acts_noted() -> list[str]:
    """The codes of every kind of act in the log."""
    return list(AuditEntry.objects.order_by("act").values_list("act", flat=True).distinct())


def actors() -> list[tuple[int, str]]:
    """Who stands in the log: id and the name under which they acted last."""
    pairs = (
        AuditEntry.objects.filter(by__isnull=False).order_by("pk").values_list("by_id", "by_name").distinct()
    )
    return sorted(dict(pairs).items(), key=lambda pair: pair[1])
