"""What is left to do before an academy opens: each step with its true state."""

from dataclasses import dataclass

from django.conf import settings
from django.core.checks import run_checks
from django.urls import reverse
from django.utils.translation import pgettext

from zhiyue.core.academy.models import Academy, AgreementKind, Proof
from zhiyue.core.academy.selectors import academy, agreements_in_force, newest_proofs
from zhiyue.core.accounts.directory import staff
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.second_factor import has_second_factor
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock
from zhiyue.facilities.notices import delivery, sms
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.monitor.examination import BACKUP_WARN
from zhiyue.product.catalogue.models import Course


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the list. `tries` names a trial that a button runs; `href` a page where it is done."""

    key: str
    name: str
    is_done: bool
    said: str
    is_needed: bool = True
    href: str = ""
    action: str = ""
    tries: str = ""
    failed: bool = False


def steps(viewer: Viewer) -> list[Step]:
    """Raises NotAllowed."""
    user = require(viewer, Permission.SET_UP_ACADEMY)
    shown, proofs = academy(), newest_proofs()
    return [
        _looks(),
        _agreements(),
        _footer(shown),
        _mail(proofs.get(Proof.Kind.MAIL)),
        _sms(proofs.get(Proof.Kind.SMS)),
        _storage(proofs.get(Proof.Kind.STORAGE)),
        _course(),
        _staff(viewer),
        _second_factor(has_second_factor(user)),
        _backup(proofs.get(Proof.Kind.BACKUP)),
        _production(),
    ]


def _looks() -> Step:
    done = Academy.objects.exclude(set_up_at=None, accent="teal", logo="", tagline="").exists()
    return Step(
        "looks",
        pgettext("setup", "Name and looks"),
        done,
        pgettext("setup", "Name, colour and logo stand on every page."),
        href=reverse("desk:setup_looks"),
        action=pgettext("setup", "Change"),
    )


def _agreements() -> Step:
    found = {one.kind: one for one in agreements_in_force()}
    wanted = (AgreementKind.TERMS, AgreementKind.PRIVACY)
    missing = [str(kind.label) for kind in wanted if kind not in found]
    drafts = [one.title for one in found.values() if one.is_template]
    if missing:
        said = pgettext("setup", "Missing: %(names)s.") % {"names": _listed(missing)}
    elif drafts:
        said = pgettext("setup", "Still our template, to be checked by a lawyer: %(names)s.") % {
            "names": _listed(drafts)
        }
    else:
        said = pgettext("setup", "Published; members accept them when they sign up.")
    return Step(
        "agreements",
        pgettext("setup", "Agreements"),
        not missing and not drafts,
        said,
        href=reverse("desk:setup_agreement", args=["terms"]),
        action=pgettext("setup", "Write and publish"),
    )


def _listed(names: list[str]) -> str:
    return pgettext("setup list", ", ").join(names)


def _footer(shown: Academy) -> Step:
    return Step(
        "footer",
        pgettext("setup", "Contact and licence numbers"),
        bool(shown.support_contact and shown.icp_number),
        pgettext(
            "setup", "A site in mainland China prints its ICP number; everybody needs somebody to write to."
        ),
        href=reverse("desk:setup_looks") + "#footer",
        action=pgettext("setup", "Fill in"),
    )


def _tried(proof: Proof | None, fresh: str) -> tuple[bool, str, bool]:
    """Is it done, in which words, and did it fail?"""
    if proof is None:
        return False, fresh, False
    moment = proof.at.astimezone(clock.business_zone()).strftime("%Y-%m-%d %H:%M")
    if proof.worked:
        return True, pgettext("setup", "Worked on %(moment)s.") % {"moment": moment}, False
    said = pgettext("setup", "Failed on %(moment)s: %(why)s")
    return False, said % {"moment": moment, "why": proof.detail}, True


def _mail(proof: Proof | None) -> Step:
    name = pgettext("setup", "E-mail")
    if delivery.is_console(OutgoingMessage.Channel.MAIL):
        said = pgettext(
            "setup", "No mail server is set. Put ZHIYUE_SMTP_URL into the settings and start again."
        )
        return Step("mail", name, False, said)
    done, said, failed = _tried(proof, pgettext("setup", "A server is set. Send a test mail to yourself."))
    return Step(
        "mail", name, done, said, tries="mail", action=pgettext("setup", "Send a test mail"), failed=failed
    )


def _sms(proof: Proof | None) -> Step:
    name = pgettext("setup", "SMS")
    if sms.provider() is None or delivery.is_console(OutgoingMessage.Channel.SMS):
        said = pgettext(
            "setup", "Not set. Members can sign in by e-mail; for phone codes set ZHIYUE_SMS_PROVIDER."
        )
        return Step("sms", name, False, said, is_needed=False)
    done, said, failed = _tried(
        proof, pgettext("setup", "A provider is set. Send a test message to your phone.")
    )
    action = pgettext("setup", "Send a test message")
    return Step("sms", name, done, said, is_needed=False, tries="sms", action=action, failed=failed)


def _storage(proof: Proof | None) -> Step:
    done, said, failed = _tried(
        proof, pgettext("setup", "Write, read and remove a file where pictures are kept.")
    )
    return Step(
        "storage",
        pgettext("setup", "Storage"),
        done,
        said,
        tries="storage",
        action=pgettext("setup", "Try it"),
        failed=failed,
    )


def _course() -> Step:
    published = Course.objects.exclude(published_at=None).exists()
    said = (
        pgettext("setup", "There is something to learn.")
        if published
        else pgettext("setup", "Nothing is published yet. One good free lesson is enough to begin.")
    )
    return Step(
        "course",
        pgettext("setup", "First course"),
        published,
        said,
        href=reverse("studio:courses"),
        action=pgettext("setup", "To the studio"),
    )


def _staff(viewer: Viewer) -> Step:
    return Step(
        "staff",
        pgettext("setup", "Staff"),
        len(staff(viewer)) > 1,
        pgettext("setup", "Creators write, operators run it, agents help members. Invite them by a link."),
        is_needed=False,
        href=reverse("desk:staff"),
        action=pgettext("setup", "Invite"),
    )


def _second_factor(has: bool) -> Step:
    said = (
        pgettext("setup", "Your account is proved twice.")
        if has
        else pgettext(
            "setup", "Your account opens everything. Protect it by a passkey or an authenticator app."
        )
    )
    return Step(
        "second_factor",
        pgettext("setup", "Your second factor"),
        has,
        said,
        href=reverse("entrance:second_factor"),
        action=pgettext("setup", "Turn it on"),
    )


def _backup(proof: Proof | None) -> Step:
    done, said, failed = _tried(
        proof,
        pgettext(
            "setup",
            "None was made yet. Run “zhiyue backup”, or name a folder in "
            "ZHIYUE_BACKUP_FOLDER for one each day.",
        ),
    )
    fresh = proof is not None and clock.now() - proof.at <= BACKUP_WARN
    return Step("backup", pgettext("setup", "Backup"), done and fresh, said, failed=failed)


def _production() -> Step:
    name = pgettext("setup", "Safe to be reached from outside")
    if settings.ZHIYUE_ENVIRONMENT != "production":
        said = pgettext(
            "setup", "ZHIYUE_ENVIRONMENT isn't “production”: fine for this machine, not for the internet."
        )
        return Step("production", name, False, said)
    wrong = run_checks(tags=["production"])
    said = " ".join(str(one.msg) for one in wrong) or pgettext("setup", "Nothing stands against it.")
    return Step("production", name, not wrong, said, failed=bool(wrong))
