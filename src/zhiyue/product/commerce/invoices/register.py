"""Who issues invoices, and whether this academy has them issued at all."""

from collections.abc import Callable, Mapping

from django.conf import settings

from zhiyue.product.commerce.invoices import manual, sandbox
from zhiyue.product.commerce.invoices.protocol import Issuer

# A new issuer takes one line here.
ISSUERS: Mapping[str, Callable[[], Issuer]] = {manual.NAME: manual.Manual, sandbox.NAME: sandbox.Sandbox}


def issues_invoices() -> bool:
    """Does this academy issue invoices?"""
    return settings.ZHIYUE_INVOICES in ISSUERS


def issuer(name: str = "") -> Issuer:
    """Who issues invoices now; of one that was begun, who was asked for it. Where the academy has changed to another
    one since, or issues none any more, staff see to what is left."""
    current = settings.ZHIYUE_INVOICES
    is_theirs = not name or name == current
    return ISSUERS[current]() if is_theirs and current in ISSUERS else manual.Manual()


def faults() -> list[str]:
    """What the issuer of the setting lacks, in words for whoever runs the academy."""
    if not issues_invoices():
        return []
    return [f"Invoices by {settings.ZHIYUE_INVOICES}: {fault}" for fault in issuer().faults()]
