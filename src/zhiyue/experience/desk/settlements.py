"""The forms about settlements: the filters of the list, what a provider paid in, why one was wrong; and settlements as
a table that leaves the academy."""

from collections.abc import Iterator, Sequence

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.experience.desk.lists import CHUNK
from zhiyue.experience.desk.typed import DayField, TypedForm, WhyField, WordedForm, YuanField
from zhiyue.experience.shell.downloads import moment_cell, yuan_cell
from zhiyue.experience.shell.paying import provider_words
from zhiyue.product.commerce.models import Posting
from zhiyue.product.commerce.settlements.book import Owing, Settlement, SoughtSettlements, told
from zhiyue.product.commerce.settlements.entering import LONGEST_REFERENCE, PaidIn

TABLE_HEADER = (
    pgettext_lazy("settlement column", "Day"),
    pgettext_lazy("settlement column", "Provider"),
    pgettext_lazy("settlement column", "Reference"),
    pgettext_lazy("settlement column", "Amount in yuan"),
    pgettext_lazy("settlement column", "State"),
    pgettext_lazy("settlement column", "Taken back"),
)


class SettlementsForm(WordedForm):
    """The filters of the list. What can't be understood narrows nothing and says so."""

    q = forms.CharField(
        label=pgettext_lazy("settlement column", "Reference"), required=False, max_length=LONGEST_REFERENCE
    )
    provider = forms.ChoiceField(label=pgettext_lazy("settlement column", "Provider"), required=False)
    since = DayField(label=pgettext_lazy("books filter", "From"), required=False)
    until = DayField(label=pgettext_lazy("books filter", "To"), required=False)

    def __init__(self, asked: QueryDict, owing: Sequence[Owing]) -> None:
        super().__init__(asked)
        any_one = ("", pgettext("bill filter", "All"))
        self.fields["provider"].choices = [any_one, *_named(owing)]  # type: ignore[attr-defined]


class PaidInForm(TypedForm):
    """What a provider paid in."""

    provider = forms.ChoiceField(label=pgettext_lazy("settlement column", "Provider"))
    on = DayField(
        label=pgettext_lazy("settlement", "Paid in on"),
        help_text=pgettext_lazy("settlement", "The day on which the bank had it."),
    )
    amount_fen = YuanField(
        label=pgettext_lazy("settlement", "Amount in yuan"),
        help_text=pgettext_lazy("settlement", "As the bank's line has it."),
        least_fen=1,
    )
    reference = forms.CharField(
        label=pgettext_lazy("settlement column", "Reference"),
        help_text=pgettext_lazy(
            "settlement", "What the bank calls this line. Each is entered once, so nothing is counted twice."
        ),
        max_length=LONGEST_REFERENCE,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, owing: Sequence[Owing], typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id="enter-%s", initial={"on": clock.business_day()})
        self.fields["provider"].choices = _named(owing)  # type: ignore[attr-defined]

    def paid(self) -> PaidIn:
        return PaidIn(**self.cleaned_data)


class TakeBackForm(TypedForm):
    why = WhyField(help_text=pgettext_lazy("settlement", "For your colleagues and the audit log."))

    def __init__(self, typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id="back-%s")


def sought(asked: QueryDict, owing: Sequence[Owing]) -> tuple[SettlementsForm, SoughtSettlements]:
    """The form as it was sent, and what it asks for."""
    form = SettlementsForm(asked, owing)
    form.is_valid()
    found = form.cleaned_data
    return form, SoughtSettlements(
        provider=found.get("provider", ""),
        words=found.get("q", ""),
        since=found.get("since"),
        until=found.get("until"),
    )


def state(one: Settlement) -> tuple[str, str]:
    """Whether a settlement stands, and the tone of it."""
    if one.taken_back_at is None:
        return pgettext("settlement state", "In the books"), "good"
    return pgettext("settlement state", "Taken back"), ""


def table_rows(found: QuerySet[Posting]) -> Iterator[list[str]]:
    """Settlements as rows under TABLE_HEADER, read piece by piece."""
    for one in map(told, found.iterator(chunk_size=CHUNK)):
        yield [
            one.on.isoformat(),
            str(provider_words(one.provider)),
            one.reference,
            yuan_cell(one.amount_fen),
            state(one)[0],
            moment_cell(one.taken_back_at),
        ]


def _named(owing: Sequence[Owing]) -> list[tuple[str, str]]:
    return [(one.provider, str(provider_words(one.provider))) for one in owing]
