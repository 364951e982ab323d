"""The forms about bills and differences, and differences as a table that leaves the academy."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts.staff import WHY_LENGTH
from zhiyue.core.kit import clock
from zhiyue.experience.desk.lists import CHUNK
from zhiyue.experience.desk.typed import DayField, WordedForm
from zhiyue.experience.shell.downloads import moment_cell, yuan_cell
from zhiyue.experience.shell.paying import provider_words
from zhiyue.product.commerce.models import Bill, Difference
from zhiyue.product.commerce.reconciling.book import SoughtBills, SoughtDifferences, providers
from zhiyue.product.commerce.reconciling.deciding import MOST_DAYS

# No bill differs by more; the database can count no further than some hundred times this.
MOST_FEN = 10**16
_K = Difference.Kind

TABLE_HEADER = (
    pgettext_lazy("bill column", "Day"),
    pgettext_lazy("bill column", "Provider"),
    pgettext_lazy("bill column", "Difference"),
    pgettext_lazy("order column", "State"),
    pgettext_lazy("bill column", "Their bill in yuan"),
    pgettext_lazy("bill column", "Our books in yuan"),
    pgettext_lazy("bill column", "Order"),
    pgettext_lazy("bill column", "Our number"),
    pgettext_lazy("bill column", "Their number"),
    pgettext_lazy("bill column", "Refund"),
    pgettext_lazy("bill column", "Noticed"),
    pgettext_lazy("bill column", "Ended"),
    pgettext_lazy("bill column", "Reason"),
)
# What may have happened, and what to do.
_ADVICE: Mapping[str, Promise] = {
    _K.MISSING_HERE: pgettext_lazy(
        "difference",
        "Its notice never came, or told another amount. Ask the provider: what it says is entered. A payment that "
        "isn't one of this academy's can be resolved.",
    ),
    _K.MISSING_THERE: pgettext_lazy(
        "difference",
        "The bill may be incomplete. Fetch it again; if the payment stays missing, ask the provider with its number.",
    ),
    _K.AMOUNT: pgettext_lazy(
        "difference", "Look at the payment at the provider: a discount there, or a fault."
    ),
    _K.PAID_TWICE: pgettext_lazy(
        "difference", "The provider took the money twice. Give one back at its own desk, then resolve this."
    ),
    _K.REFUND_MISSING_HERE: pgettext_lazy(
        "difference",
        "Its word never came, or somebody gave the money back at the provider's own desk. Don't send a refund here "
        "before you have looked: the money would go twice.",
    ),
    _K.REFUND_MISSING_THERE: pgettext_lazy(
        "difference",
        "It may stand in the bill of a later day. If it doesn't come, ask the provider with its number.",
    ),
    _K.REFUND_AMOUNT: pgettext_lazy("difference", "Look at the refund at the provider."),
    _K.REFUND_TWICE: pgettext_lazy(
        "difference",
        "The money left twice. Ask the provider for the second one; what is lost can be entered.",
    ),
    _K.TAKEN_BACK: pgettext_lazy(
        "difference", "A dispute, or a refund made at the provider's own desk. Look at it there."
    ),
}


class BillsForm(WordedForm):
    """The filters of the days. What can't be understood narrows nothing and says so."""

    provider = forms.ChoiceField(label=pgettext_lazy("bill column", "Provider"), required=False)
    state = forms.ChoiceField(
        label=pgettext_lazy("order column", "State"),
        required=False,
        choices=[
            ("", pgettext_lazy("bill filter", "Any")),
            ("differs", pgettext_lazy("bill filter", "Differs")),
            ("missing", pgettext_lazy("bill filter", "No bill yet")),
        ],
    )

    def __init__(self, asked: QueryDict) -> None:
        super().__init__(asked)
        _name_providers(self)


class DifferencesForm(WordedForm):
    """The filters of the differences."""

    q = forms.CharField(label=pgettext_lazy("bill filter", "A number"), required=False, max_length=80)
    provider = forms.ChoiceField(label=pgettext_lazy("bill column", "Provider"), required=False)
    state = forms.ChoiceField(
        label=pgettext_lazy("order column", "State"),
        required=False,
        choices=[("", pgettext_lazy("bill filter", "Any")), *Difference.State.choices],
    )

    def __init__(self, asked: QueryDict) -> None:
        super().__init__(asked)
        _name_providers(self)


class DaysForm(WordedForm):
    """Days of which the bills are fetched."""

    since = DayField(label=pgettext_lazy("bill filter", "First day"))
    until = DayField(label=pgettext_lazy("bill filter", "Last day"))

    def __init__(self, typed: QueryDict | None = None) -> None:
        yesterday = clock.business_day() - timedelta(days=1)
        week_ago = yesterday - timedelta(days=6)
        super().__init__(typed, initial={"since": week_ago.isoformat(), "until": yesterday.isoformat()})
        self.fields["until"].help_text = pgettext("bill filter", "At most %(days)s days at once.") % {
            "days": MOST_DAYS
        }


class ResolveForm(WordedForm):
    """What a difference comes from, and whether the books shall say what the provider says."""

    seen_fen = forms.IntegerField(min_value=-MOST_FEN, max_value=MOST_FEN, widget=forms.HiddenInput())
    why = forms.CharField(
        label=pgettext_lazy("bill", "What it comes from"),
        max_length=WHY_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    enter = forms.BooleanField(
        label=pgettext_lazy("bill", "Enter it in the books: they then say what the provider says"),
        required=False,
    )

    def __init__(self, one: Difference, typed: QueryDict | None = None) -> None:
        seen = {"seen_fen": one.theirs_fen - one.ours_fen}
        super().__init__(typed, initial=seen, auto_id=f"difference-{one.pk}-%s")

    def clean(self) -> dict[str, Any]:
        """What isn't shown can't be mended there."""
        if "seen_fen" in self.errors:
            raise forms.ValidationError(
                pgettext("reconciliation", "It isn't as you saw it any more: see how it stands now.")
            )
        return self.cleaned_data


def sought_bills(asked: QueryDict) -> tuple[BillsForm, SoughtBills]:
    form = BillsForm(asked)
    form.is_valid()
    found = form.cleaned_data
    return form, SoughtBills(provider=found.get("provider", ""), state=found.get("state", ""))


def sought_differences(asked: QueryDict) -> tuple[DifferencesForm, SoughtDifferences]:
    form = DifferencesForm(asked)
    form.is_valid()
    found = form.cleaned_data
    return form, SoughtDifferences(
        words=found.get("q", ""), provider=found.get("provider", ""), state=found.get("state", "")
    )


def advice(one: Difference) -> str:
    return str(_ADVICE[one.kind]) if one.kind in _ADVICE else ""


def bill_state(bill: Bill, open_count: int, resolved_count: int) -> tuple[str, str]:
    """How a day stands, and the tone of it."""
    if bill.fetched_at is None:
        return (
            (pgettext("bill state", "Can't be fetched"), "warn")
            if bill.fault
            else (pgettext("bill state", "No bill yet"), "")
        )
    if bill.compared_at is None:
        return pgettext("bill state", "Not compared yet"), ""
    if open_count:
        return pgettext("bill state", "Differs"), "bad"
    return (
        (pgettext("bill state", "Resolved"), "accent")
        if resolved_count
        else (pgettext("bill state", "Agrees"), "good")
    )


def day_named(text: str) -> date | None:
    """A day in an address; None where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def table_rows(found: QuerySet[Difference]) -> Iterator[list[str]]:
    """Differences as rows under TABLE_HEADER, read piece by piece."""
    for one in found.iterator(chunk_size=CHUNK):
        yield [
            one.bill.day.isoformat(),
            str(provider_words(one.provider)),
            str(Difference.Kind(one.kind).label),
            str(Difference.State(one.state).label),
            yuan_cell(one.theirs_fen),
            yuan_cell(one.ours_fen),
            one.payment.order.number if one.payment else "",
            one.number,
            one.provider_number,
            one.refund_number,
            moment_cell(one.noticed_at),
            moment_cell(one.ended_at),
            one.why,
        ]


def _name_providers(form: forms.Form) -> None:
    named = [(name, provider_words(name)) for name in providers()]
    any_one = ("", pgettext_lazy("bill filter", "All"))
    form.fields["provider"].choices = [any_one, *named]  # type: ignore[attr-defined]
