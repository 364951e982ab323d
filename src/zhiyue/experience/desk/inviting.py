"""An invitation to the staff as a form takes it and a mail tells it."""

from typing import cast

from django import forms
from django.utils.formats import date_format
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.academy.selectors import academy
from zhiyue.core.accounts.models import Role, StaffInvitation
from zhiyue.core.accounts.permissions import STAFF_ROLES
from zhiyue.core.kit import clock
from zhiyue.experience.desk.typed import WordedForm
from zhiyue.facilities.notices.services import send_mail


class InviteForm(WordedForm):
    role = forms.ChoiceField(label=pgettext_lazy("invitation", "Role"), widget=forms.Select)
    remark = forms.CharField(
        label=pgettext_lazy("invitation", "For whom"),
        help_text=pgettext_lazy("invitation", "For your own list: a name, say. The person doesn't see it."),
        required=False,
        max_length=120,
    )
    email = forms.EmailField(
        label=pgettext_lazy("invitation", "Send the link to this e-mail (optional)"),
        help_text=pgettext_lazy("invitation", "Without one you pass the link on yourself."),
        required=False,
        max_length=254,
        error_messages={"invalid": pgettext_lazy("invitation", "That is no e-mail address: check it.")},
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        roles = [(role.value, role.label) for role in Role if role in STAFF_ROLES]
        cast(forms.ChoiceField, self.fields["role"]).choices = roles


def post_invitation(made: StaffInvitation, *, to: str, link: str) -> None:
    """Send the link, in the language of whoever invites."""
    facts = {
        "academy": academy().name,
        "role": Role(made.role).label,
        "until": date_format(made.expires_at.astimezone(clock.business_zone()), "DATETIME_FORMAT"),
        "link": link,
    }
    text = pgettext(
        "invitation mail",
        "You are invited to the staff of %(academy)s, as %(role)s.\n\n"
        "Open this link and sign in, or sign up; it works once, until %(until)s:\n\n%(link)s\n\n"
        "If you don't know who invites you, ignore this mail: nothing happens.\n",
    )
    subject = pgettext("invitation mail", "Your invitation to the staff of %(academy)s")
    send_mail(to=to, subject=subject % facts, text=text % facts, secret=True)
