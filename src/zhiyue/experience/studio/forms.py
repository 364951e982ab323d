"""Forms of the studio: they read what was typed. What is allowed is decided by the catalogue's services."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.cards import in_language
from zhiyue.experience.shell.fields import LongTextField
from zhiyue.product.catalogue import reading_time
from zhiyue.product.catalogue.errors import BadFact, SlugWasAnothers
from zhiyue.product.catalogue.models import Course, Lesson, Level, Teacher, Topic
from zhiyue.product.catalogue.services import CourseFacts, LessonFacts

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class StudioForm(forms.Form):
    """A form on which a service's refusal lands beside the field it is about."""

    def refuse(self, why: Refused) -> None:
        field = why.field if isinstance(why, BadFact) and why.field in self.fields else None
        self.add_error(field, str(why.message))


class WordsField(forms.CharField):
    """Several words or lines in one field: `by_line`, or between commas of any kind. How many and how long they may be
    the service says: a length of the whole tells nobody which is too long."""

    def __init__(self, *, by_line: bool = False, **more: Any) -> None:
        self.cut = re.compile(r"[\r\n]+" if by_line else r"[,，、;；\r\n]+")
        super().__init__(required=False, **more)

    def to_python(self, value: Any) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(word.strip() for word in self.cut.split(super().to_python(value) or "") if word.strip())


class SeenField(forms.CharField):
    """When what the form shows was last saved, hidden in it. What can't be read counts as long ago."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> datetime:  # type: ignore[override]
        try:
            seen = datetime.fromisoformat(str(value))
        except ValueError:
            return _LONG_AGO
        return seen if seen.tzinfo else _LONG_AGO


class TopicField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A topic, by its name in the reader's language."""

    def __init__(self) -> None:
        label = pgettext_lazy("studio", "Topic")
        super().__init__(Topic.objects.all(), label=label, empty_label=None)

    def label_from_instance(self, obj: Any) -> str:
        return in_language(obj.name, obj.name_en)


class NewCourseForm(StudioForm):
    title = forms.CharField(
        label=pgettext_lazy("studio", "Title"),
        help_text=pgettext_lazy("studio", "What it is about, in a few words. You can change it any time."),
        min_length=2,
        max_length=60,
    )
    topic = TopicField()
    form = forms.ChoiceField(
        label=pgettext_lazy("studio", "Form"),
        choices=Course.Form.choices,
        initial=Course.Form.COURSE.value,
        help_text=pgettext_lazy(
            "studio", "A course is written to its end; a column goes on from week to week."
        ),
    )


class FactsForm(StudioForm):
    seen = SeenField(required=False)
    title = forms.CharField(label=pgettext_lazy("studio", "Title"), max_length=60)
    subtitle = forms.CharField(
        label=pgettext_lazy("studio", "One line under the title"), max_length=80, required=False
    )
    summary = LongTextField(
        label=pgettext_lazy("studio", "Summary"),
        help_text=pgettext_lazy("studio", "For whom it is, and what they take away. Markdown is fine."),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    outcomes = WordsField(
        by_line=True,
        label=pgettext_lazy("studio", "What one can do afterwards"),
        help_text=pgettext_lazy("studio", "One a line. Three to five work best."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    topic = TopicField()
    teacher = forms.ModelChoiceField(
        label=pgettext_lazy("studio", "Teacher"),
        queryset=Teacher.objects.order_by("name"),
        empty_label=None,
        required=False,
    )
    form = forms.ChoiceField(label=pgettext_lazy("studio", "Form"), choices=Course.Form.choices)
    level = forms.ChoiceField(label=pgettext_lazy("studio", "Level"), choices=Level.choices)
    language = forms.ChoiceField(
        label=pgettext_lazy("studio", "Language of the course"), choices=Course.Language.choices
    )
    tags = WordsField(
        label=pgettext_lazy("studio", "Tags"),
        help_text=pgettext_lazy("studio", "Between commas. Search and recommendation go by them."),
    )
    skills = WordsField(
        label=pgettext_lazy("studio", "Skills it trains"),
        help_text=pgettext_lazy("studio", "Between commas."),
    )
    price = forms.DecimalField(
        label=pgettext_lazy("studio", "Price in yuan"),
        help_text=pgettext_lazy("studio", "0 is free. Empty: not decided yet."),
        min_value=0,
        max_digits=9,
        decimal_places=2,
        required=False,
    )
    list_price = forms.DecimalField(
        label=pgettext_lazy("studio", "Price crossed out"),
        help_text=pgettext_lazy("studio", "Only where it really was the price before."),
        min_value=0,
        max_digits=9,
        decimal_places=2,
        required=False,
    )
    # By what is offered, not by a query: a number that no column holds breaks one.
    prerequisites = forms.TypedMultipleChoiceField(
        label=pgettext_lazy("studio", "Better learnt before"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    edition_of = forms.TypedChoiceField(
        label=pgettext_lazy("studio", "Edition of"),
        help_text=pgettext_lazy("studio", "The course that this one tells in another language."),
        coerce=int,
        empty_value=None,
        required=False,
    )
    seo_title = forms.CharField(
        label=pgettext_lazy("studio", "Title for search engines"),
        help_text=pgettext_lazy("studio", "Empty: the title."),
        max_length=60,
        required=False,
    )
    seo_description = forms.CharField(
        label=pgettext_lazy("studio", "Description for search engines"),
        help_text=pgettext_lazy("studio", "Empty: the line under the title."),
        max_length=160,
        required=False,
    )

    def __init__(
        self, course: Course, choices: list[Course], originals: list[Course], data: Any = None
    ) -> None:
        super().__init__(data, initial=facts_as_typed(course))
        self.course = course
        edition_of = cast(forms.TypedChoiceField, self.fields["edition_of"])
        edition_of.choices = [
            ("", pgettext_lazy("studio", "No other course")),
            *((one.pk, f"{one.title} ({one.get_language_display()})") for one in originals),
        ]
        asked = cast(forms.TypedMultipleChoiceField, self.fields["prerequisites"])
        asked.choices = [(choice.pk, choice.title) for choice in choices]

    def facts(self) -> CourseFacts:
        typed = self.cleaned_data
        price, list_price = typed["price"], typed["list_price"]
        names = (
            "title", "subtitle", "summary", "outcomes", "topic", "form", "level", "language", "tags", "skills",
            "seo_title", "seo_description",
        )  # fmt: skip
        return CourseFacts(
            **{name: typed[name] for name in names},
            teacher=typed["teacher"] or self.course.teacher,
            keyword=self.course.keyword,
            prerequisites=tuple(Course.objects.filter(pk__in=typed["prerequisites"])),
            edition_of=Course.objects.get(pk=typed["edition_of"]) if typed["edition_of"] else None,
            price_fen=_fen(price) or 0,
            list_price_fen=_fen(list_price),
            price_decided=price is not None,
        )


def facts_as_typed(course: Course) -> dict[str, object]:
    """A course's facts as the form shows them."""
    price = Decimal(course.price_fen) / 100
    return {
        "seen": course.updated_at.isoformat(),
        **{name: getattr(course, name) for name in _PLAIN},
        "topic": course.topic_id,
        "teacher": course.teacher_id,
        "outcomes": "\n".join(course.outcomes),
        "tags": "，".join(course.tags),
        "skills": "，".join(course.skills),
        "price": _as_typed(price) if course.price_decided else None,
        "list_price": _as_typed(Decimal(course.list_price_fen) / 100) if course.list_price_fen else None,
        "prerequisites": [one.pk for one in course.prerequisites.all()],
        "edition_of": course.edition_of_id,
    }


_PLAIN = ("title", "subtitle", "summary", "form", "level", "language", "seo_title", "seo_description")


def _as_typed(yuan: Decimal) -> str:
    return f"{yuan:f}" if yuan % 1 else f"{int(yuan)}"


def _fen(yuan: Decimal | None) -> int | None:
    return None if yuan is None else int(yuan * 100)


_AS_TYPED = ("title", "body", "kind", "is_free", "preview_percent")


class LessonForm(StudioForm):
    seen = SeenField(required=False)
    title = forms.CharField(label=pgettext_lazy("studio", "Title of the lesson"), max_length=80)
    body = LongTextField(
        label=pgettext_lazy("studio", "Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "true"}),
    )
    kind = forms.ChoiceField(label=pgettext_lazy("studio", "Kind"), choices=Lesson.Kind.choices)
    is_free = forms.BooleanField(
        label=pgettext_lazy("studio", "Free to read"),
        help_text=pgettext_lazy("studio", "Everybody may open it, also without the course."),
        required=False,
    )
    minutes = forms.IntegerField(
        label=pgettext_lazy("studio", "Minutes"),
        help_text=pgettext_lazy("studio", "Empty: counted from the text. A number here goes before that."),
        required=False,
        min_value=1,
        max_value=600,
    )
    preview_percent = forms.IntegerField(
        label=pgettext_lazy("studio", "Preview, percent of the text"),
        help_text=pgettext_lazy(
            "studio",
            "Everybody may read so much of it. Empty: as much as the academy shows of any; 0: nothing.",
        ),
        required=False,
        min_value=0,
        max_value=100,
    )

    def facts(self) -> LessonFacts:
        return LessonFacts(**{name: self.cleaned_data[name] for name in (*_AS_TYPED, "minutes")})


def lesson_as_typed(lesson: Lesson) -> dict[str, object]:
    typed = {name: getattr(lesson, name) for name in _AS_TYPED}
    # Minutes that were counted go on being counted; only those the author chose are shown.
    chosen = (
        lesson.minutes if lesson.is_written and lesson.minutes != reading_time.minutes(lesson.body) else None
    )
    return {**typed, "seen": lesson.updated_at.isoformat(), "minutes": chosen}


class AddressForm(StudioForm):
    slug = forms.CharField(
        label=pgettext_lazy("studio", "Address"),
        help_text=pgettext_lazy("studio", "Small letters, digits and hyphens. Old links go on working."),
        max_length=80,
    )
    take_over = forms.BooleanField(
        label=pgettext_lazy("studio", "Take the address over from old links to something else"),
        required=False,
    )
    asks_take_over = False

    def refuse(self, why: Refused) -> None:
        self.asks_take_over = isinstance(why, SlugWasAnothers)
        super().refuse(why)

    def sent_with(self, form_id: str) -> "AddressForm":
        """Its fields stand inside another form, and are sent with the one of this id."""
        for field in self.fields.values():
            field.widget.attrs["form"] = form_id
        return self


class ScheduleForm(StudioForm):
    at = forms.DateTimeField(
        label=pgettext_lazy("studio", "Day and time"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        error_messages={"invalid": pgettext_lazy("studio", "Write day and time as in 2026-12-01 09:00.")},
    )

    def clean(self) -> None:
        if "at" in self.errors and self.data.get("at"):
            # A browser shows nothing of a day that it can't read, so it is shown as a text.
            self.fields["at"].widget.attrs["type"] = "text"

    def clean_at(self) -> datetime:
        """As the academy's clock has it, whatever zone the server is in."""
        at: datetime = self.cleaned_data["at"]
        return at.replace(tzinfo=clock.business_zone())
