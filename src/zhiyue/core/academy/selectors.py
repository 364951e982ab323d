"""Reads about the academy: asked on every page, so remembered for a few seconds."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, QuerySet

from zhiyue.core.academy.errors import AgreementsPending
from zhiyue.core.academy.models import (
    FOR_EVERYBODY,
    Academy,
    Agreement,
    AgreementAcceptance,
    AgreementKind,
    Proof,
)
from zhiyue.core.accounts.models import User
from zhiyue.core.audit.selectors import Sought, entries
from zhiyue.core.kit import clock

ACADEMY_KEY = "core.academy"
# Other processes may go on showing the former name for this long.
KEPT_SECONDS = 5


def academy() -> Academy:
    """The one academy. Where nothing was changed yet, what settings and defaults say."""
    found = cache.get(ACADEMY_KEY)
    if not isinstance(found, Academy):
        found = Academy.objects.filter(pk=1).first() or Academy(name=settings.ZHIYUE_SITE_NAME)
        cache.set(ACADEMY_KEY, found, KEPT_SECONDS)
    return found


def agreements_in_force() -> list[Agreement]:
    """The newest version of each kind that is in force now, in the order of kinds."""
    return _in_order(_in_force())


def agreements_at_sign_up() -> list[Agreement]:
    """Those in force that everybody accepts."""
    return [one for one in agreements_in_force() if one.for_everybody]


def agreements_to_accept(user: User, kinds: Collection[str] = FOR_EVERYBODY) -> list[Agreement]:
    """What of these kinds `user` hasn't accepted in the version in force now."""
    accepted = AgreementAcceptance.objects.filter(user=user, agreement=OuterRef("pk"))
    return _in_order(_in_force().filter(kind__in=kinds).exclude(Exists(accepted)))


def require_accepted(user: User, kinds: Collection[str] = FOR_EVERYBODY) -> None:
    """The one place that decides what waits for agreements: whatever calls this. Raises AgreementsPending."""
    missing = agreements_to_accept(user, kinds)
    if missing:
        raise AgreementsPending(one.kind for one in missing)


def agreement_history(kind: str) -> list[Agreement]:
    """Every published version of a kind, newest first, those that come into force later included."""
    return list(Agreement.objects.filter(kind=kind).order_by("-version"))


def agreement(kind: str, version: int) -> Agreement | None:
    return Agreement.objects.filter(kind=kind, version=version).first()


@dataclass(frozen=True, slots=True)
class WithdrawnText:
    """What a version said that was withdrawn, to go on from."""

    version: int
    title: str
    body: str
    what_changed: str


def withdrawn_text(kind: str) -> WithdrawnText | None:
    """The version of a kind withdrawn last, where none was published since. Its only copy is in the audit log."""
    noted = entries(Sought(act="agreement.withdrawn", kind="agreement")).filter(before__kind=kind).first()
    if noted is None or Agreement.objects.filter(kind=kind, published_at__gt=noted.at).exists():
        return None
    before = noted.before or {}
    if not isinstance(before["body"], str):
        # Noted before texts that go were kept whole.
        return None
    told = {name: before.get(name, "") for name in ("title", "body", "what_changed")}
    return WithdrawnText(version=before["version"], **told)


def acceptance_counts(kind: str) -> dict[int, int]:
    """How many members accepted each version of a kind, by version."""
    accepted = AgreementAcceptance.objects.filter(agreement__kind=kind).values_list("agreement__version")
    return dict(accepted.annotate(n=Count("pk")).order_by())


def newest_proofs() -> dict[str, Proof]:
    """How the newest trial of each kind went; kinds never tried are left out."""
    found = {kind: Proof.objects.newest(kind) for kind in Proof.Kind.values}
    return {kind: proof for kind, proof in found.items() if proof}


def _in_order(agreements: Iterable[Agreement]) -> list[Agreement]:
    order = list(AgreementKind.values)
    return sorted(agreements, key=lambda one: order.index(one.kind))


def _in_force() -> QuerySet[Agreement]:
    begun = Agreement.objects.filter(in_force_from__lte=clock.now())
    return begun.exclude(Exists(begun.filter(kind=OuterRef("kind"), version__gt=OuterRef("version"))))
