"""What staff type in forms, read as the academy means it: moments by its clock, amounts in yuan. What is wrong with it
is said in the desk's own words (`WordedForm`)."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.staff import WHY_LENGTH
from zhiyue.core.kit import clock
from zhiyue.core.kit.errors import Refused

# Beyond these nobody means what they typed, and at the ends of the calendar no day comes before or after.
FIRST_YEAR, LAST_YEAR = 2000, 2100

_FILL_IN = pgettext_lazy("typed", "Fill this in.")
_CHOOSE = pgettext_lazy("typed", "Choose one of the list.")
_NOT_THERE = pgettext_lazy("typed", "“%(value)s” isn't in the list.")
_WHOLE = pgettext_lazy("typed", "Write a whole number.")
_NUMBER = pgettext_lazy("typed", "Write a number, such as 12.5.")
_DIGITS = pgettext_lazy("typed", "These are too many digits.")
# What Django says by these names, in words of the desk.
_WORDS: dict[str, Any] = {
    "min_value": pgettext_lazy("typed", "Give %(limit_value)s or more."),
    "max_value": pgettext_lazy("typed", "Give %(limit_value)s or less."),
    "max_decimal_places": pgettext_lazy("typed", "Write %(max)s digits behind the point at most."),
    "max_digits": _DIGITS,
    "max_whole_digits": _DIGITS,
    "max_length": pgettext_lazy(
        "typed", "Write %(limit_value)s characters at most; these are %(show_value)s."
    ),
    "null_characters_not_allowed": pgettext_lazy(
        "typed", "There are signs in it that nobody sees: type it anew."
    ),
}


class DayField(forms.DateField):
    """A day of the academy's calendar."""

    def __init__(self, **told: Any) -> None:
        super().__init__(
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            error_messages={
                "invalid": pgettext_lazy("member filter", "Write the day as 2026-03-31."),
                "far": pgettext_lazy("day", "Choose a day of the years 2000 to 2100."),
            },
            **told,
        )

    def clean(self, value: Any) -> date | None:
        found: date | None = super().clean(value)
        if found is not None and not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise forms.ValidationError(self.error_messages["far"], code="far")
        return found


class MomentField(forms.DateTimeField):
    """Day and time as the academy's clock has them, whatever zone the server is in."""

    def __init__(self, **told: Any) -> None:
        super().__init__(
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
            error_messages={"invalid": pgettext_lazy("rules", "Write day and time as in 2026-12-01 09:00.")},
            **told,
        )

    def clean(self, value: Any) -> datetime | None:
        found: datetime | None = super().clean(value)
        if found is not None and not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return None if found is None else found.replace(tzinfo=clock.business_zone())


class YuanField(forms.DecimalField):
    """An amount of money, typed in yuan; `clean` gives it in fen."""

    def __init__(self, *, least_fen: int = 0, most_fen: int = 10**9, **told: Any) -> None:
        super().__init__(
            min_value=Decimal(least_fen) / 100,
            max_value=Decimal(most_fen) / 100,
            decimal_places=2,
            widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal", "autocomplete": "off"}),
            error_messages={"invalid": pgettext_lazy("typed", "Write the amount in yuan, such as 19.90.")},
            **told,
        )

    def clean(self, value: Any) -> int | None:
        found: Decimal | None = super().clean(value)
        return None if found is None else int(found * 100)


class CountField(forms.IntegerField):
    """A whole number, for which phones show digits."""

    def __init__(self, **told: Any) -> None:
        super().__init__(widget=forms.NumberInput(attrs={"inputmode": "numeric"}), **told)


class WhyField(forms.CharField):
    """Why staff decided so."""

    def __init__(self, **told: Any) -> None:
        super().__init__(
            label=pgettext_lazy("refund", "Why"),
            max_length=WHY_LENGTH,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            **told,
        )


def typed_moment(moment: datetime | None) -> str:
    """A moment as its field shows it."""
    return f"{moment.astimezone(clock.business_zone()):%Y-%m-%dT%H:%M}" if moment else ""


class WordedForm(forms.Form):
    """A form of staff. Its fields say what is wrong in the desk's words, where they have none of their own."""

    def full_clean(self) -> None:
        for field in self.fields.values():
            stock = {
                name: words
                for kind in reversed(type(field).__mro__)
                for name, words in getattr(kind, "default_error_messages", {}).items()
            }
            for name, words in _words_for(field):
                if field.error_messages.get(name) is stock.get(name):
                    field.error_messages[name] = words
        super().full_clean()


def _words_for(field: forms.Field) -> Iterator[tuple[str, Any]]:
    yield from _WORDS.items()
    if isinstance(field, forms.ChoiceField):
        yield "invalid_choice", _NOT_THERE if isinstance(field, forms.MultipleChoiceField) else _CHOOSE
    yield "required", _CHOOSE if isinstance(field, forms.ChoiceField) else _FILL_IN
    if isinstance(field, forms.DecimalField | forms.FloatField):
        yield "invalid", _NUMBER
    elif isinstance(field, forms.IntegerField):
        yield "invalid", _WHOLE


class TypedForm(WordedForm):
    """A form of staff, which says what a service refused beside the field that it is about."""

    def clean(self) -> None:
        """A browser shows nothing of a day or moment that it can't read, so it is shown as a text."""
        for name, field in self.fields.items():
            if isinstance(field, DayField | MomentField) and name in self.errors and self.data.get(name):
                field.widget.attrs["type"] = "text"

    def refuse(self, why: Refused) -> None:
        field = getattr(why, "field", None)
        self.add_error(field if field in self.fields else None, str(why.message))


def done(form: forms.Form, act: Callable[[], object], refusals: tuple[type[Refused], ...]) -> int:
    """Do what a form asks for: 200 where that was done; else the form says why not, and this is its page's status."""
    if not form.is_valid():
        return 422
    try:
        act()
    except refusals as why:
        if isinstance(form, TypedForm):
            form.refuse(why)
        else:
            form.add_error(None, str(why.message))
        return why.status
    return 200
