"""How the books are: balanced, and compared with what providers say of the last days."""

from collections.abc import Iterator

from django.utils.translation import npgettext, pgettext

from zhiyue.monitor.findings import Finding
from zhiyue.product.commerce.ledger import unbalanced
from zhiyue.product.commerce.reconciling.book import DOCTORS_DAYS, missing_days, open_count

NAMED_AT_MOST = 3


def books() -> Finding:
    """Does every entry sum to 0, and do the bills of the last days stand beside the books without a difference?"""
    name = pgettext("health", "Books")
    if wrong := unbalanced():
        said = pgettext(
            "health",
            "Entries of the books don't sum to 0: %(keys)s. Somebody wrote to the database past them; restore it from "
            "a backup, or have an accountant look.",
        )
        return Finding("books", name, "bad", said % {"keys": ", ".join(wrong[:NAMED_AT_MOST])})
    said = " ".join(_bills())
    if said:
        return Finding("books", name, "warn", said)
    return Finding("books", name, "good", pgettext("health", "They balance, and agree with the bills"))


def _bills() -> Iterator[str]:
    missing = missing_days(days=DOCTORS_DAYS)
    if missing:
        named = ", ".join(f"{one.provider} {one.day.isoformat()}" for one in missing[:NAMED_AT_MOST])
        words = npgettext(
            "health",
            "The bill of %(n)s day is missing: %(days)s. Why stands on the desk, under Reconciliation.",
            "The bills of %(n)s days are missing: %(days)s. Why stands on the desk, under Reconciliation.",
            len(missing),
        )
        yield words % {"n": len(missing), "days": named}
    if opened := open_count():
        words = npgettext(
            "health",
            "%(n)s difference between a bill and the books waits on the desk, under Reconciliation.",
            "%(n)s differences between bills and the books wait on the desk, under Reconciliation.",
            opened,
        )
        yield words % {"n": opened}
