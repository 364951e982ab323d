"""Entries of the audit log in words: who did what to whom, what changed, and where the subject is found."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts.models import Role
from zhiyue.core.audit.models import AuditEntry
from zhiyue.experience.desk.audit_values import Names, value_words
from zhiyue.experience.desk.audit_words import ACTS, field_words
from zhiyue.experience.desk.lab.words import policy as policy_words
from zhiyue.experience.desk.words import job as job_words
from zhiyue.experience.desk.words import quarantine_reason
from zhiyue.experience.shell.downloads import moment_cell

Words = str | Promise

# Numbers of rows: the name beside them says it to people.
_UNSAID = frozenset({"course_id", "likeness.courses"})


@dataclass(frozen=True, slots=True)
class Change:
    """One field as it was and as it became; None where there was nothing."""

    field: Words
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ShownEntry:
    pk: int
    at: datetime
    by: str
    by_url: str
    says: Words
    act: str
    subject: str
    subject_url: str
    changes: tuple[Change, ...]
    why: str


def act_words(code: str) -> Words:
    """What an act is called; one without words keeps its code."""
    return ACTS.get(code, code)


def shown_entries(entries: Iterable[AuditEntry]) -> list[ShownEntry]:
    entries = list(entries)
    names = Names(entries)
    return [
        ShownEntry(
            pk=entry.pk,
            at=entry.at,
            by=entry.by_name if entry.by_id else pgettext("audit", "The console"),
            by_url=reverse("desk:member", args=[entry.by_id]) if entry.by_id else "",
            says=act_words(entry.act),
            act=entry.act,
            subject=_subject(entry),
            subject_url=_subject_url(entry.subject_kind, entry.subject_id),
            changes=changes(entry.before, entry.after, entry.subject_kind, names),
            why=entry.why,
        )
        for entry in entries
    ]


def changes(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    about: str = "",
    names: Names | None = None,
) -> tuple[Change, ...]:
    """The fields that differ, in the order in which they were noted. `about` is the kind of thing they belong to."""
    old, new, names = before or {}, after or {}, names or Names()
    told = (
        Change(
            field_words(name, about),
            value_words(name, old.get(name), names, about),
            value_words(name, new.get(name), names, about),
        )
        for name in {**old, **new}
        if old.get(name) != new.get(name) and not _UNSAID & {name, f"{about}.{name}"}
    )
    # What was left empty of something new is no change.
    return tuple(one for one in told if one.before is not None or one.after is not None)


def _subject(entry: AuditEntry) -> str:
    if entry.subject_kind == "invitation" and entry.subject_name in Role.values:
        return str(Role(entry.subject_name).label)
    if entry.subject_kind == "job":
        return str(job_words(entry.subject_name))
    if entry.subject_kind == "policy":
        return str(policy_words(entry.subject_name))
    if entry.subject_kind == "quarantine":
        return "" if entry.subject_name == "entries" else str(quarantine_reason(entry.subject_name))
    return entry.subject_name


_URLS: Mapping[str, str] = {"member": "desk:member", "course": "studio:course"}


def _subject_url(kind: str, pk: str) -> str:
    """The page of what an entry is about; empty where there is none."""
    if kind == "invitation":
        return reverse("desk:staff")
    if kind == "quarantine":
        return reverse("desk:quarantine")
    try:
        return reverse(_URLS[kind], args=[int(pk)]) if kind in _URLS else ""
    except (NoReverseMatch, ValueError):
        return ""


TABLE_HEADER = (
    pgettext_lazy("audit column", "When"),
    pgettext_lazy("audit column", "Who"),
    pgettext_lazy("audit column", "Act"),
    pgettext_lazy("audit column", "In words"),
    pgettext_lazy("audit column", "What about"),
    pgettext_lazy("audit column", "Number"),
    pgettext_lazy("audit column", "Before"),
    pgettext_lazy("audit column", "After"),
    pgettext_lazy("audit column", "Why"),
)


def table_row(entry: AuditEntry) -> list[str]:
    """An entry as a row under TABLE_HEADER; before and after as they were noted."""
    return [
        moment_cell(entry.at),
        entry.by_name,
        entry.act,
        str(act_words(entry.act)),
        entry.subject_name,
        f"{entry.subject_kind} {entry.subject_id}".strip(),
        _noted(entry.before),
        _noted(entry.after),
        entry.why,
    ]


def _noted(fields: Mapping[str, Any] | None) -> str:
    return json.dumps(fields, ensure_ascii=False) if fields else ""
