"""What a teacher is told of a payout, by mail, once: written with the change itself. Who has no account, or no address,
is told by the academy."""

from datetime import date

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import pgettext

from zhiyue.core.academy.selectors import academy
from zhiyue.core.kit.money import yuan
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.commerce.models import PayoutStatement


def tell(statement: PayoutStatement, *, on: date) -> None:
    """Tell the teacher that a statement was paid on a day, in the caller's transaction."""
    member = statement.teacher.user
    if member is None or not member.email:
        return
    with translation.override(member.language or settings.LANGUAGE_CODE):
        subject = pgettext("payout mail", "%(amount)s for %(month)s has been paid out to you")
        text = pgettext(
            "payout mail",
            "The academy paid statement %(number)s: %(amount)s for %(month)s, on %(day)s, by: %(how)s.\n"
            "Reference: %(reference)s\n\nIts lines stand in your studio, under “Sales”.",
        )
        holes = {
            "amount": yuan(statement.amount_fen),
            "month": date_format(statement.month, "YEAR_MONTH_FORMAT"),
            "number": statement.number,
            "day": date_format(on, "DATE_FORMAT"),
            "how": statement.get_how_display(),
            "reference": statement.reference or "–",
        }
        send_mail(to=member.email, subject=subject % holes, text=f"{text % holes}\n\n{academy().name}\n")
