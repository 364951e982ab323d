"""Writes about the academy. Each act of staff is noted in the audit log."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.academy import logo as logos
from zhiyue.core.academy.errors import Incomplete, NoSuchAgreement, UnusableAgreement, UnusableDay
from zhiyue.core.academy.models import Academy, Accent, Agreement, AgreementAcceptance, AgreementKind, Proof
from zhiyue.core.academy.selectors import ACADEMY_KEY
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import first_too_long, refuse_too_long

LONGEST_AGREEMENT = 100_000
LONGEST_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Looks:
    """What an owner may set about the academy; `logo` is a name in the media storage."""

    name: str
    tagline: str = ""
    accent: str = Accent.TEAL
    logo: str = ""
    support_contact: str = ""
    footer_text: str = ""
    icp_number: str = ""
    police_number: str = ""


def looks_of(academy: Academy) -> Looks:
    return Looks(**{field: getattr(academy, field) for field in Looks.__dataclass_fields__})


@transaction.atomic
def set_looks(*, viewer: Viewer, looks: Looks) -> Academy:
    """Change name, looks and footer. Raises NotAllowed, Incomplete, TooLong."""
    return _set_looks(require(viewer, Permission.SET_UP_ACADEMY), looks)


@transaction.atomic
def found_academy(*, looks: Looks) -> Academy:
    """The first looks of a new academy, set from the console. Raises Incomplete, TooLong."""
    made = _set_looks(None, looks)
    if made.set_up_at is None:
        made.set_up_at = clock.now()
        made.save(update_fields=["set_up_at"])
        _forget()
    return made


@transaction.atomic
def close_setting_up(*, viewer: Viewer) -> Academy:
    """An owner says that the academy is ready: the desk reminds no more. Raises NotAllowed."""
    by = require(viewer, Permission.SET_UP_ACADEMY)
    row, _ = Academy.objects.select_for_update().get_or_create(
        pk=1, defaults={"name": settings.ZHIYUE_SITE_NAME}
    )
    if row.ready_at is None:
        row.ready_at = clock.now()
        row.save(update_fields=["ready_at"])
        note(by=by, act="academy.ready", subject=("academy", 1, row.name))
    _forget()
    return row


def keep_logo(*, viewer: Viewer, upload: bytes) -> str:
    """Store an uploaded logo; it shows once `set_looks` names it. Raises NotAllowed, UnusableLogo."""
    require(viewer, Permission.SET_UP_ACADEMY)
    return logos.keep(upload)


def _set_looks(by: User | None, looks: Looks) -> Academy:
    if not looks.name.strip():
        raise Incomplete(pgettext_lazy("looks", "An academy needs a name."))
    if looks.accent not in Accent.values:
        raise Incomplete(pgettext_lazy("looks", "This colour isn't one of those offered."))
    after = {field: text.strip() for field, text in asdict(looks).items()}
    refuse_too_long(Academy(**after), after)
    row, _ = Academy.objects.select_for_update().get_or_create(
        pk=1, defaults={"name": settings.ZHIYUE_SITE_NAME}
    )
    before = asdict(looks_of(row))
    changed = {field: text for field, text in after.items() if text != before[field]}
    if changed:
        for field, text in changed.items():
            setattr(row, field, text)
        row.save(update_fields=list(changed))
        note(
            by=by,
            act="academy.changed",
            subject=("academy", 1, row.name),
            before={field: before[field] for field in changed},
            after=changed,
        )
    _forget()
    return row


@transaction.atomic
def publish_agreement(
    *,
    viewer: Viewer,
    kind: str,
    title: str,
    body: str,
    what_changed: str = "",
    in_force_from: datetime | None = None,
) -> Agreement:
    """Publish the next version of a kind; members who accepted the former one are asked again.
    Raises NotAllowed, UnusableAgreement."""
    return _publish(
        by=require(viewer, Permission.SET_UP_ACADEMY),
        kind=kind,
        title=title,
        body=body,
        what_changed=what_changed,
        in_force_from=in_force_from,
    )


@transaction.atomic
def publish_templates(*, texts: Iterable[tuple[str, str, str]]) -> list[Agreement]:
    """From the console: (kind, title, body) for each kind that has no version yet."""
    there = set(Agreement.objects.values_list("kind", flat=True))
    return [
        _publish(by=None, kind=kind, title=title, body=body, what_changed="", in_force_from=None)
        for kind, title, body in texts
        if kind not in there
    ]


def _publish(
    *, by: User | None, kind: str, title: str, body: str, what_changed: str, in_force_from: datetime | None
) -> Agreement:
    if kind not in AgreementKind.values:
        raise UnusableAgreement(pgettext_lazy("agreement", "There is no agreement of this kind."))
    body = body.replace("\r\n", "\n")
    if not title.strip() or not body.strip():
        raise UnusableAgreement(pgettext_lazy("agreement", "An agreement needs a title and a text."))
    # For whoever comes without a form: not every database says so by itself.
    excess = first_too_long(Agreement, {"title": title.strip(), "what_changed": what_changed.strip()})
    if excess:
        raise UnusableAgreement(excess.words)
    if len(body) > LONGEST_AGREEMENT:
        raise UnusableAgreement(pgettext_lazy("agreement", "The text is longer than 100,000 characters."))
    # The academy's row is the lock: two owners publishing at once get two versions, one after the other.
    Academy.objects.get_or_create(pk=1, defaults={"name": settings.ZHIYUE_SITE_NAME})
    Academy.objects.select_for_update().get(pk=1)
    last = Agreement.objects.filter(kind=kind).order_by("-version").first()
    if last is not None and (last.title.split(), last.body.split()) == (title.split(), body.split()):
        raise UnusableAgreement(
            pgettext_lazy(
                "agreement", "This is word for word the former version. There is nothing to publish."
            )
        )
    begins = _beginning(in_force_from, last)
    made = Agreement.objects.create(
        kind=kind,
        version=last.version + 1 if last else 1,
        title=title.strip(),
        body=body.strip(),
        what_changed=what_changed.strip(),
        in_force_from=begins,
        published_by=by,
    )
    note(
        by=by,
        act="agreement.published",
        subject=("agreement", made.pk, f"{made.title} {made.version}"),
        before={"version": last.version} if last else None,
        after=_told(made),
        why=made.what_changed,
    )
    return made


def _beginning(wished: datetime | None, last: Agreement | None) -> datetime:
    """When a version comes into force: at once, or when it is wished. Raises UnusableDay."""
    now = clock.now()
    begins = wished or now
    if begins < now:
        raise UnusableDay(pgettext_lazy("agreement", "This day is over. Choose a later one, or none."))
    if begins > now + LONGEST_AHEAD:
        # Nearly always a slip in the year.
        raise UnusableDay(pgettext_lazy("agreement", "Choose a day within a year."))
    if last is not None and begins < last.in_force_from:
        raise UnusableDay(
            pgettext_lazy(
                "agreement",
                "The former version comes into force later than this one. Choose a later day, or withdraw that "
                "version first.",
            )
        )
    return begins


@transaction.atomic
def withdraw_agreement(*, viewer: Viewer, kind: str, version: int) -> None:
    """Take back a version that never came into force: nobody can have accepted it.
    Raises NotAllowed, NoSuchAgreement, UnusableAgreement."""
    by = require(viewer, Permission.SET_UP_ACADEMY)
    # The same lock as publishing.
    Academy.objects.select_for_update().filter(pk=1).first()
    made = Agreement.objects.filter(kind=kind, version=version).first()
    if made is None:
        raise NoSuchAgreement(pgettext_lazy("agreement", "There is no such agreement. Reload the page."))
    if made.in_force_from <= clock.now():
        raise UnusableAgreement(
            pgettext_lazy("agreement", "This version is or was in force, so it stays. Publish the next one.")
        )
    note(
        by=by,
        act="agreement.withdrawn",
        subject=("agreement", made.pk, f"{made.title} {made.version}"),
        before={
            **_told(made),
            "title": made.title,
            "body": made.body,
            "what_changed": made.what_changed,
        },
        # The row goes: `withdrawn_text` gives the owner their text back from here.
        whole=True,
    )
    made.delete()


def _told(made: Agreement) -> dict[str, Any]:
    return {"kind": made.kind, "version": made.version, "in_force_from": made.in_force_from.isoformat()}


@transaction.atomic
def accept_agreements(*, user: User, agreement_ids: Iterable[int]) -> list[AgreementAcceptance]:
    """Record that `user` accepted these versions; accepting twice changes nothing. Raises NoSuchAgreement for one that
    was never in force."""
    wanted = set(agreement_ids)
    found = Agreement.objects.filter(pk__in=wanted, in_force_from__lte=clock.now())
    if {one.pk for one in found} != wanted:
        raise NoSuchAgreement(pgettext_lazy("agreement", "There is no such agreement. Reload the page."))
    AgreementAcceptance.objects.bulk_create(
        [AgreementAcceptance(user=user, agreement=one) for one in found], ignore_conflicts=True
    )
    return list(AgreementAcceptance.objects.filter(user=user, agreement__in=found).order_by("agreement_id"))


PROOFS_KEPT = 50


@transaction.atomic
def record_proof(*, kind: str, worked: bool, detail: str = "") -> Proof:
    """Keep how a trial went; the newest of each kind are kept."""
    made = Proof.objects.create(kind=kind, at=clock.now(), worked=worked, detail=detail[:300])
    kept = Proof.objects.filter(kind=kind).order_by("-at", "-pk").values_list("pk", flat=True)[:PROOFS_KEPT]
    Proof.objects.filter(kind=kind).exclude(pk__in=list(kept)).delete()
    return made


@transaction.atomic
def keep_trial(*, viewer: Viewer, kind: str, problem: str) -> Proof:
    """Keep how what an owner tried went; `problem` is empty where it worked. Raises NotAllowed."""
    by = require(viewer, Permission.SET_UP_ACADEMY)
    made = record_proof(kind=kind, worked=not problem, detail=problem)
    note(
        by=by,
        act="academy.tried",
        subject=("academy", 1, str(kind)),
        after={"worked": made.worked, "detail": made.detail},
    )
    return made


def _forget() -> None:
    """Now, for the rest of this transaction; and once it is committed, in case somebody asked meanwhile."""
    cache.delete(ACADEMY_KEY)
    transaction.on_commit(lambda: cache.delete(ACADEMY_KEY))
