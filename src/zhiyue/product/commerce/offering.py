"""What staff do alike with bundles and plans, which they make to sell: first a draft, then offered, then withdrawn."""

from typing import Any, TypeVar

from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.product.commerce.errors import BadTerm, NoSuchOffer
from zhiyue.product.commerce.models import Bundle, Plan

MOST_FEN = 10_000_000
Made = TypeVar("Made", Bundle, Plan)
Facts = dict[str, Any]


def locked(kind: type[Made], pk: int) -> Made:
    """One whose row is held from here on. Raises NoSuchOffer."""
    found = kind.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise NoSuchOffer(pgettext_lazy("offer", "There is no such offer."))
    return found


def turn(viewer: Viewer, kind: type[Made], pk: int, to: Bundle.Status | Plan.Status, act: str) -> bool:
    """Offer or withdraw one; False where it was so, or is a draft that was never for sale. Raises NotAllowed,
    NoSuchOffer."""
    by = require(viewer, Permission.CHANGE_SALES)
    one = locked(kind, pk)
    if one.status == to or (to == kind.Status.WITHDRAWN and one.status == kind.Status.DRAFT):
        return False
    before, one.status = one.status, to
    one.save(update_fields=["status"])
    note_act(by, act, one, before={"status": before}, after={"status": str(to)})
    return True


def note_change(by: User, act: str, one: Bundle | Plan, *, before: Facts, after: Facts) -> bool:
    """Note what of it changed. False where nothing did."""
    changed = sorted(name for name in after if after[name] != before[name])
    if changed:
        was, became = ({name: facts[name] for name in changed} for facts in (before, after))
        note_act(by, act, one, before=was, after=became)
    return bool(changed)


def note_act(
    by: User, act: str, one: Bundle | Plan, *, before: Facts | None = None, after: Facts | None = None
) -> None:
    kind = "bundle" if isinstance(one, Bundle) else "plan"
    note(by=by, act=act, subject=(kind, one.pk, str(one)), before=before, after=after)


def check_price(price_fen: int) -> None:
    """Raises BadTerm."""
    if not 1 <= price_fen <= MOST_FEN:
        raise BadTerm("price", pgettext_lazy("plan", "A price is ¥0.01 to ¥100,000."))
