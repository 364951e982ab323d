"""Trying what the academy depends on, here and now, with the other side's own words where it fails."""

from django.utils.translation import pgettext

from zhiyue.core.academy.models import Proof
from zhiyue.core.academy.selectors import academy
from zhiyue.core.academy.services import keep_trial
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.facilities.notices import delivery
from zhiyue.facilities.notices.errors import NotSent
from zhiyue.monitor.examination import try_storage


def mail(*, viewer: Viewer) -> Proof:
    """A mail to the owner who asks. Raises NotAllowed."""
    user = require(viewer, Permission.SET_UP_ACADEMY)
    if not user.email:
        why = pgettext("setup", "Your account has no e-mail address. Give it one in the settings.")
        return keep_trial(viewer=viewer, kind=Proof.Kind.MAIL, problem=why)
    subject = pgettext("mail", "Test mail of %(academy)s") % {"academy": academy().name}
    try:
        delivery.try_mail(
            to=user.email,
            subject=subject,
            text=pgettext("mail", "The academy can send e-mail. Nothing else is to do."),
        )
    except NotSent as why:
        return keep_trial(viewer=viewer, kind=Proof.Kind.MAIL, problem=str(why.message))
    return keep_trial(viewer=viewer, kind=Proof.Kind.MAIL, problem="")


def sms(*, viewer: Viewer, phone: str) -> Proof:
    """A message with a code that opens nothing. Raises NotAllowed."""
    require(viewer, Permission.SET_UP_ACADEMY)
    try:
        delivery.try_sms(phone=phone, template="code", values={"code": "000000", "minutes": "10"})
    except NotSent as why:
        return keep_trial(viewer=viewer, kind=Proof.Kind.SMS, problem=str(why.message))
    return keep_trial(viewer=viewer, kind=Proof.Kind.SMS, problem="")


def storage(*, viewer: Viewer) -> Proof:
    """A file written, read and removed. Raises NotAllowed."""
    require(viewer, Permission.SET_UP_ACADEMY)
    return keep_trial(viewer=viewer, kind=Proof.Kind.STORAGE, problem=try_storage())
