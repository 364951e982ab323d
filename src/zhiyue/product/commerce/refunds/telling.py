"""What a member is told of a refund, by mail, once: written with the change itself. Who has no address finds it on the
order's page."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import pgettext

from zhiyue.core.academy.selectors import academy
from zhiyue.core.kit.money import yuan
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.commerce.models import Order, Refund

_S = Refund.Status


def tell(order: Order, refund: Refund) -> None:
    """Tell whoever ordered of the state that the refund has come to, in the caller's transaction."""
    member = order.user
    if member is None or not member.email:
        return
    with translation.override(member.language or settings.LANGUAGE_CODE):
        subject, text = _words(refund)
        holes = {
            "title": order.title,
            "order": order.number,
            "amount": yuan(refund.amount_fen),
            "why": refund.decided_why,
        }
        send_mail(to=member.email, subject=subject % holes, text=f"{text % holes}\n\n{academy().name}\n")


def _words(refund: Refund) -> tuple[str, str]:
    if refund.status == _S.REFUSED:
        return (
            pgettext("refund mail", "About your refund for “%(title)s”"),
            pgettext(
                "refund mail",
                "You asked for money of order %(order)s back. The academy decided not to give it back, and says:\n\n"
                "%(why)s\n\nWhat you bought stays open to you.",
            ),
        )
    if refund.status == _S.DONE:
        return _done(refund)
    return _approved(refund)


def _approved(refund: Refund) -> tuple[str, str]:
    subject = pgettext("refund mail", "%(amount)s of “%(title)s” goes back to you")
    if refund.cause == Refund.Cause.OWED:
        return subject, pgettext(
            "refund mail",
            "%(amount)s came for order %(order)s, which couldn't take it: it was paid already, its time was over, or "
            "it cost another amount. All of it goes back the way it came. You need do nothing for that.",
        )
    if refund.is_by_hand:
        return subject, pgettext(
            "refund mail",
            "%(amount)s of order %(order)s goes back: the academy pays it out itself. What it was paid for is closed "
            "from now on.",
        )
    return subject, pgettext(
        "refund mail",
        "%(amount)s of order %(order)s goes back the way it was paid. What it was paid for is closed from now on. You "
        "are told once it has arrived there; the order's page shows how far it is.",
    )


def _done(refund: Refund) -> tuple[str, str]:
    if not refund.amount_fen:
        return (
            pgettext("refund mail", "“%(title)s” is closed"),
            pgettext("refund mail", "Order %(order)s cost nothing, and the academy has closed it."),
        )
    return (
        pgettext("refund mail", "%(amount)s of “%(title)s” has gone back to you"),
        pgettext(
            "refund mail",
            "%(amount)s of order %(order)s has gone back. Until your account shows it, a bank may take some days.",
        ),
    )
