"""Forms of topics and teachers, under which courses stand. What is allowed is decided by the catalogue's services."""

from django import forms
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.models import User
from zhiyue.experience.shell.fields import LongTextField
from zhiyue.experience.studio.forms import StudioForm
from zhiyue.product.catalogue.models import Teacher
from zhiyue.product.catalogue.services.shelving import TeacherFacts, TopicFacts


class TopicForm(StudioForm):
    name = forms.CharField(label=pgettext_lazy("studio", "Name"), max_length=20)
    name_en = forms.CharField(label=pgettext_lazy("studio", "Name in English"), max_length=40)
    slug = forms.CharField(
        label=pgettext_lazy("studio", "Address"),
        help_text=pgettext_lazy("studio", "Small letters, digits and hyphens. Old links go on working."),
        max_length=50,
    )
    description = LongTextField(
        label=pgettext_lazy("studio", "What belongs here"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def facts(self) -> TopicFacts:
        return TopicFacts(**self.cleaned_data)


class OwnTeacherForm(StudioForm):
    name = forms.CharField(label=pgettext_lazy("studio", "Name as a teacher"), max_length=40)
    headline = forms.CharField(
        label=pgettext_lazy("studio", "One line about you"),
        help_text=pgettext_lazy("studio", "What you do, and for how long."),
        max_length=60,
        required=False,
    )
    bio = LongTextField(
        label=pgettext_lazy("studio", "More about you"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class TeacherForm(StudioForm):
    name = forms.CharField(label=pgettext_lazy("studio", "Name as a teacher"), max_length=40)
    headline = forms.CharField(
        label=pgettext_lazy("studio", "One line about them"), max_length=60, required=False
    )
    bio = LongTextField(
        label=pgettext_lazy("studio", "More about them"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    slug = forms.CharField(
        label=pgettext_lazy("studio", "Address"),
        help_text=pgettext_lazy("studio", "Small letters, digits and hyphens. Old links go on working."),
        max_length=50,
    )
    account = forms.CharField(
        label=pgettext_lazy("studio", "Their account"),
        help_text=pgettext_lazy(
            "studio",
            "E-mail address, phone or user name of the member they are. As a creator they then change these courses.",
        ),
        max_length=254,
        required=False,
    )

    def clean_account(self) -> User | None:
        named = self.cleaned_data["account"].strip()
        if not named:
            return None
        known = Q(email__iexact=named) | Q(phone=named) | Q(username__iexact=named)
        user = User.objects.filter(known, is_active=True).first()
        if user is None:
            raise forms.ValidationError(
                pgettext_lazy("studio", "No member is known by this. Check it, or invite them first.")
            )
        return user

    def facts(self) -> TeacherFacts:
        typed = {name: self.cleaned_data[name] for name in ("slug", "name", "headline", "bio")}
        return TeacherFacts(**typed, user=self.cleaned_data["account"])


def account_as_typed(teacher: Teacher) -> str:
    """What a teacher's member is known by."""
    user = teacher.user
    return (user.email or user.phone or user.username or "") if user else ""
