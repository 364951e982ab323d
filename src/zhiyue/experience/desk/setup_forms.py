"""What an owner types into the pages of setting up."""

from dataclasses import asdict
from datetime import datetime

from django import forms
from django.utils.translation import pgettext_lazy

from zhiyue.core.academy.models import Academy, Accent, Agreement
from zhiyue.core.academy.selectors import WithdrawnText
from zhiyue.core.academy.services import LONGEST_AGREEMENT, Looks
from zhiyue.core.kit import clock
from zhiyue.experience.desk.typed import WordedForm
from zhiyue.experience.shell.fields import LongTextField


class LooksForm(WordedForm):
    """Name, colour, logo and footer."""

    name = forms.CharField(label=pgettext_lazy("looks", "Name"), max_length=40)
    tagline = forms.CharField(
        label=pgettext_lazy("looks", "One line about it"),
        max_length=60,
        required=False,
        help_text=pgettext_lazy("looks", "What people learn here, in your own words."),
    )
    accent = forms.ChoiceField(label=pgettext_lazy("looks", "Colour"), choices=Accent.choices)
    logo = forms.FileField(
        label=pgettext_lazy("looks", "Logo"),
        required=False,
        help_text=pgettext_lazy("looks", "PNG, JPEG, WebP or GIF, at most 2 MB. Square looks best."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    without_logo = forms.BooleanField(label=pgettext_lazy("looks", "Take the logo away"), required=False)
    support_contact = forms.CharField(
        label=pgettext_lazy("looks", "Whom to write to"),
        max_length=120,
        required=False,
        help_text=pgettext_lazy("looks", "An address or a phone number that somebody answers."),
    )
    footer_text = forms.CharField(
        label=pgettext_lazy("looks", "Line in the footer"), max_length=200, required=False
    )
    icp_number = forms.CharField(
        label=pgettext_lazy("looks", "ICP number"),
        max_length=40,
        required=False,
        help_text=pgettext_lazy("looks", "As on the notice of filing, for example 京ICP备2026000001号."),
    )
    police_number = forms.CharField(
        label=pgettext_lazy("looks", "Public-security number"), max_length=40, required=False
    )

    def looks(self, before: Academy, new_logo: str) -> Looks:
        """What was typed, with the logo that is there where none was given."""
        typed = self.cleaned_data
        kept = "" if typed["without_logo"] else before.logo
        return Looks(
            name=typed["name"],
            tagline=typed["tagline"],
            accent=typed["accent"],
            logo=new_logo or kept,
            support_contact=typed["support_contact"],
            footer_text=typed["footer_text"],
            icp_number=typed["icp_number"],
            police_number=typed["police_number"],
        )


class AgreementForm(WordedForm):
    """The next version of an agreement."""

    title = forms.CharField(label=pgettext_lazy("agreement", "Title"), max_length=60)
    body = LongTextField(
        label=pgettext_lazy("agreement", "Text"),
        max_length=LONGEST_AGREEMENT,
        widget=forms.Textarea(attrs={"rows": 22}),
        help_text=pgettext_lazy("agreement", "Markdown: ## for a heading, - for a list, | for a table."),
    )
    what_changed = forms.CharField(
        label=pgettext_lazy("agreement", "What changed"),
        max_length=200,
        required=False,
        help_text=pgettext_lazy("agreement", "Members read this when they are asked again."),
    )
    in_force_on = forms.DateField(
        label=pgettext_lazy("agreement", "In force from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=pgettext_lazy("agreement", "Empty: at once."),
    )

    def in_force_from(self) -> datetime | None:
        """The first moment of that day; None, which is at once, for today."""
        day = self.cleaned_data["in_force_on"]
        return clock.day_start(day) if day and day != clock.business_day() else None

    @classmethod
    def following(cls, last: Agreement | None, withdrawn: WithdrawnText | None) -> "AgreementForm":
        """To be begun with what was withdrawn since the last version, or else with what that one said."""
        if withdrawn is not None:
            return cls(initial=asdict(withdrawn))
        return cls(initial={"title": last.title, "body": last.body} if last else {})


class PhoneForm(WordedForm):
    phone = forms.RegexField(
        r"^\+?[0-9]{6,15}$",
        label=pgettext_lazy("setup", "Your phone number"),
        error_messages={"invalid": pgettext_lazy("setup", "Write it in digits, for example +8613800138000.")},
    )
