"""To whom a member has invoices made out: checked as typed, and kept for the next time until they delete it."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import storable
from zhiyue.product.commerce.errors import TitleRefused
from zhiyue.product.commerce.invoices.taxpayers import taxpayer
from zhiyue.product.commerce.models import InvoiceKind, InvoiceTitle
from zhiyue.product.commerce.models.invoices import LONGEST_TITLE

KEPT_AT_MOST = 10
_LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Title:
    """To whom an invoice is made out, and where it goes."""

    kind: str
    title: str
    tax_number: str
    email: str


def fitting_title(*, kind: str, title: str, tax_number: str, email: str) -> Title:
    """What was typed, tidied. A person has no tax number here. Raises TitleRefused, which says what
    would fit."""
    if kind not in InvoiceKind.values:
        words = pgettext_lazy("invoice", "Choose whether it is for a person or a company.")
        raise TitleRefused("kind", words)
    name = " ".join(storable(title).split())
    if not name:
        raise TitleRefused("title", pgettext_lazy("invoice", "Say to whom the invoice is made out."))
    if len(name) > LONGEST_TITLE:
        raise TitleRefused("title", pgettext_lazy("invoice", "A title has 100 characters at most."))
    number = _taxpayer(tax_number) if kind == InvoiceKind.COMPANY else ""
    return Title(kind, name, number, _address(email))


def titles_of(user: User) -> QuerySet[InvoiceTitle]:
    """What a member used before, the latest first."""
    return InvoiceTitle.objects.filter(user=user).order_by("-used_at", "-pk")


def remember(user: User, title: Title) -> None:
    """Keep it for the next time; of many, the ones used last."""
    InvoiceTitle.objects.update_or_create(
        user=user,
        kind=title.kind,
        title=title.title,
        tax_number=title.tax_number,
        defaults={"email": title.email, "used_at": clock.now()},
    )
    kept = list(titles_of(user).values_list("pk", flat=True)[:KEPT_AT_MOST])
    InvoiceTitle.objects.filter(user=user).exclude(pk__in=kept).delete()


def forget_title(*, user: User, title_id: int) -> bool:
    """Delete one of the member's own. False where they have no such one any more."""
    gone, _ = InvoiceTitle.objects.filter(user=user, pk=title_id).delete()
    return bool(gone)


def _taxpayer(typed: str) -> str:
    try:
        return taxpayer(storable(typed))
    except Unfit as refusal:
        raise TitleRefused("tax_number", refusal.message) from refusal


def _address(email: str) -> str:
    address = storable(email).strip()
    if len(address) > _LONGEST_EMAIL:
        words = pgettext_lazy("invoice", "An e-mail address has 254 characters at most.")
        raise TitleRefused("email", words)
    try:
        validate_email(address)
    except ValidationError as why:
        words = pgettext_lazy(
            "invoice", "Give an e-mail address, such as name@example.com: the invoice goes there."
        )
        raise TitleRefused("email", words) from why
    return address
