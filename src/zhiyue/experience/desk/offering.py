"""The forms in which offers are typed. Amounts are typed in yuan."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import pgettext_lazy

from zhiyue.experience.desk.typed import TypedForm, YuanField
from zhiyue.product.commerce.bundles import BundleOnDesk, BundleWish
from zhiyue.product.commerce.membership.plans import (
    LONGEST_GRACE_DAYS,
    MOST_PERCENT,
    PlanOnDesk,
    PlanWish,
)
from zhiyue.product.commerce.models import Plan
from zhiyue.product.commerce.models.lending import LONGEST_TRIAL_DAYS
from zhiyue.product.commerce.offering import MOST_FEN

Choices = Sequence[tuple[int, str]]


def as_yuan(fen: int) -> str:
    """An amount as it is typed: 19900 → 199, 1990 → 19.90."""
    whole, cents = divmod(fen, 100)
    return f"{whole}.{cents:02d}" if cents else str(whole)


class PriceField(YuanField):
    """What an offer costs."""

    def __init__(self) -> None:
        super().__init__(
            label=pgettext_lazy("offer", "Price in yuan"), least_fen=1, most_fen=MOST_FEN, max_digits=9
        )


class OfferForm(TypedForm):
    """What is sold, as it is typed; `offer_id` is 0 of a new one. `called` is the field of its name."""

    called = "name"

    def __init__(
        self, kind: str, offer_id: int, of: dict[str, Any] | None, typed: Mapping[str, Any] | None
    ) -> None:
        super().__init__(typed, auto_id=f"{kind}-{offer_id}-%s", initial=of)
        self.offer_id = offer_id

    def tidy(self, name: str) -> str:
        """What was typed of a text, without needless white space."""
        return " ".join(self.cleaned_data[name].split())


class PlanForm(OfferForm):
    name = forms.CharField(label=pgettext_lazy("plan", "Name"), max_length=40)
    summary = forms.CharField(
        label=pgettext_lazy("plan", "For whom it is"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    months = forms.TypedChoiceField(
        label=pgettext_lazy("plan", "How long"), coerce=int, choices=Plan.Months.choices
    )
    price = PriceField()
    topics = forms.TypedMultipleChoiceField(
        label=pgettext_lazy("plan", "Topics"),
        help_text=pgettext_lazy("plan", "None chosen: every course with a price."),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    grace_days = forms.IntegerField(
        label=pgettext_lazy("plan", "Days of grace"),
        help_text=pgettext_lazy(
            "plan", "So long it stays open after its end; who buys again goes on from there."
        ),
        min_value=0,
        max_value=LONGEST_GRACE_DAYS,
        initial=3,
    )
    trial_days = forms.IntegerField(
        label=pgettext_lazy("plan", "Days of a trial"),
        help_text=pgettext_lazy("plan", "Once for each member; 0 is none."),
        min_value=0,
        max_value=LONGEST_TRIAL_DAYS,
        initial=0,
    )
    off_percent = forms.IntegerField(
        label=pgettext_lazy("plan", "Percent off everything else for members"),
        help_text=pgettext_lazy(
            "plan", "Courses and bundles that they buy; what was sold keeps what it promised."
        ),
        min_value=0,
        max_value=MOST_PERCENT,
        initial=0,
    )

    def __init__(
        self,
        topics: Choices,
        *,
        offer_id: int = 0,
        of: PlanOnDesk | None = None,
        typed: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__("plan", offer_id, _facts(of) if of else None, typed)
        self.fields["topics"].choices = topics  # type: ignore[attr-defined]

    def wish(self) -> PlanWish:
        typed = self.cleaned_data
        return PlanWish(
            name=self.tidy("name"),
            summary=self.tidy("summary"),
            months=typed["months"],
            price_fen=typed["price"],
            topic_ids=typed["topics"],
            grace_days=typed["grace_days"],
            trial_days=typed["trial_days"],
            off_percent=typed["off_percent"],
        )


class BundleForm(OfferForm):
    called = "title"
    title = forms.CharField(label=pgettext_lazy("bundle", "Title"), max_length=60)
    slug = forms.CharField(
        label=pgettext_lazy("bundle", "Address"),
        help_text=pgettext_lazy("bundle", "Small letters, digits and hyphens: it stands behind /bundles/."),
        max_length=80,
    )
    summary = forms.CharField(
        label=pgettext_lazy("plan", "For whom it is"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    courses = forms.TypedMultipleChoiceField(
        label=pgettext_lazy("bundle", "Courses"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    price = PriceField()

    def __init__(
        self,
        courses: Choices,
        *,
        offer_id: int = 0,
        of: BundleOnDesk | None = None,
        typed: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__("bundle", offer_id, _facts_of_bundle(of) if of else None, typed)
        # What is in it already stays to be chosen, though it isn't out any more.
        kept = [(one.pk, one.title) for one in of.courses] if of else []
        self.fields["courses"].choices = list(dict([*courses, *kept]).items())  # type: ignore[attr-defined]

    def wish(self) -> BundleWish:
        typed = self.cleaned_data
        return BundleWish(
            title=self.tidy("title"),
            slug=typed["slug"].strip(),
            summary=self.tidy("summary"),
            price_fen=typed["price"],
            course_ids=typed["courses"],
        )


def _facts_of_bundle(one: BundleOnDesk) -> dict[str, Any]:
    bundle = one.bundle
    return {
        "title": bundle.title,
        "slug": bundle.slug,
        "summary": bundle.summary,
        "courses": [course.pk for course in one.courses],
        "price": as_yuan(bundle.price_fen),
    }


def _facts(one: PlanOnDesk) -> dict[str, Any]:
    plan = one.plan
    return {
        "name": plan.name,
        "summary": plan.summary,
        "months": plan.months,
        "price": as_yuan(plan.price_fen),
        "topics": [topic.pk for topic in one.topics],
        "grace_days": plan.grace_days,
        "trial_days": plan.trial_days,
        "off_percent": plan.off_percent,
    }
