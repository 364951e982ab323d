"""The forms in which rules about recommendations are typed, one a kind."""

from collections.abc import Mapping, Sequence

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.experience.desk.typed import CountField, MomentField, TypedForm
from zhiyue.recommend.models import Rule
from zhiyue.recommend.rules import LAST_PLACE, LEAST_FACTOR, MOST_FACTOR, SHORTEST_WHY, Wish

HEADINGS: Mapping[str, tuple[Promise, Promise]] = {
    "pin": (
        pgettext_lazy("rules", "Pin a course to a place"),
        pgettext_lazy(
            "rules",
            "Learners read “The academy's choice” with it. It isn't shown to who owns or doesn't want it.",
        ),
    ),
    "weigh": (
        pgettext_lazy("rules", "Show a course more or less"),
        pgettext_lazy(
            "rules", "Its score is multiplied for everybody; who fits it least still sees it least."
        ),
    ),
    "never": (
        pgettext_lazy("rules", "Never recommend a course"),
        pgettext_lazy("rules", "It stays in the catalogue and in search, and is on no shelf that we choose."),
    ),
}


class RuleForm(TypedForm):
    course = forms.TypedChoiceField(
        label=pgettext_lazy("rules", "Course"),
        coerce=int,
        error_messages={
            "invalid_choice": pgettext_lazy("rules", "Choose one of the courses that are out."),
            "required": pgettext_lazy("rules", "Choose one of the courses that are out."),
        },
    )
    place = CountField(
        label=pgettext_lazy("rules", "Place, 1 is the first"),
        min_value=1,
        max_value=LAST_PLACE,
    )
    factor = forms.FloatField(
        label=pgettext_lazy("rules", "Factor"),
        help_text=pgettext_lazy("rules", "0.5 halves its score, 2 doubles it; 1 would change nothing."),
        min_value=LEAST_FACTOR,
        max_value=MOST_FACTOR,
        widget=forms.NumberInput(attrs={"step": "0.1", "inputmode": "decimal"}),
    )
    slot = forms.ChoiceField(label=pgettext_lazy("rules", "Shelf"), required=False)
    begins_at = MomentField(
        label=pgettext_lazy("rules", "From"),
        help_text=pgettext_lazy("rules", "Empty: at once."),
        required=False,
    )
    ends_at = MomentField(label=pgettext_lazy("rules", "Until"), required=False)
    why = forms.CharField(
        label=pgettext_lazy("rules", "Why"),
        help_text=pgettext_lazy("rules", "3 to 300 characters, for your colleagues; learners don't see it."),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "minlength": SHORTEST_WHY}),
    )

    def __init__(self, kind: str, courses: Sequence[tuple[int, str]], typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id=f"{kind}-%s")
        self.kind = kind
        self.heading, self.words = HEADINGS[kind]
        self.fields["course"].choices = courses  # type: ignore[attr-defined]
        # A pin stands on one shelf, other rules may hold on all.
        slots = [choice for choice in Rule.Slot.choices if choice[0] or kind != Rule.Kind.PIN]
        self.fields["slot"].choices = slots  # type: ignore[attr-defined]
        self.fields["ends_at"].required = kind == Rule.Kind.PIN
        if kind != Rule.Kind.PIN:
            self.fields["ends_at"].help_text = pgettext("rules", "Empty: until somebody ends it.")
            del self.fields["place"]
        if kind != Rule.Kind.WEIGH:
            del self.fields["factor"]

    def wish(self) -> Wish:
        typed = self.cleaned_data
        return Wish(
            kind=self.kind,
            course_id=typed["course"],
            slot=typed["slot"],
            why=typed["why"],
            begins_at=typed["begins_at"] or clock.now(),
            ends_at=typed["ends_at"],
            place=typed.get("place"),
            factor=typed.get("factor"),
        )
