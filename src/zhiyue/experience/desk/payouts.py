"""The forms about what teachers earn: the filters of the statements, how one was paid, a course's own share; and the
statements as a table that leaves the academy."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.experience.desk.lists import CHUNK, FindForm
from zhiyue.experience.desk.typed import DayField, WhyField, WordedForm
from zhiyue.experience.shell.downloads import yuan_cell
from zhiyue.product.commerce.models import PayoutStatement
from zhiyue.product.commerce.teaching_shares.book import SoughtStatements
from zhiyue.product.commerce.teaching_shares.deciding import LONGEST_REFERENCE, PaidOut

TABLE_HEADER = (
    pgettext_lazy("statement column", "Statement"),
    pgettext_lazy("statement column", "Month"),
    pgettext_lazy("statement column", "Teacher"),
    pgettext_lazy("statement column", "State"),
    pgettext_lazy("statement column", "Amount in yuan"),
    pgettext_lazy("statement column", "Paid on"),
    pgettext_lazy("statement column", "How it was paid"),
    pgettext_lazy("statement column", "Reference"),
)


class StatementsForm(FindForm):
    month = forms.ChoiceField(label=pgettext_lazy("statement filter", "Month"), required=False)
    field_order = ("q", "month", "status")

    def __init__(self, asked: QueryDict, months: Sequence[date]) -> None:
        finds = pgettext_lazy("statement filter", "Number or teacher")
        super().__init__(asked, finds=finds, states=PayoutStatement.Status.choices)
        named = [(f"{one:%Y-%m}", date_format(one, "YEAR_MONTH_FORMAT")) for one in months]
        any_month = [("", pgettext_lazy("statement filter", "Any")), *named]
        self.fields["month"].choices = any_month  # type: ignore[attr-defined]


def sought(asked: QueryDict, months: Sequence[date]) -> tuple[StatementsForm, SoughtStatements]:
    """The form as it was sent, and what it asks for."""
    form = StatementsForm(asked, months)
    found = form.sought()
    month = form.cleaned_data.get("month", "")
    return form, SoughtStatements(**found, month=date.fromisoformat(f"{month}-01") if month else None)


def table_rows(statements: QuerySet[PayoutStatement]) -> Iterator[list[str]]:
    """Statements as rows under TABLE_HEADER, read piece by piece."""
    for one in statements.iterator(chunk_size=CHUNK):
        yield [
            one.number,
            f"{one.month:%Y-%m}",
            one.teacher.name,
            str(one.get_status_display()),
            yuan_cell(one.amount_fen),
            one.paid_on.isoformat() if one.paid_on else "",
            str(one.get_how_display()) if one.how else "",
            one.reference,
        ]


class PaidForm(WordedForm):
    """How a statement was paid."""

    on = DayField(label=pgettext_lazy("payout", "Paid on"))
    how = forms.ChoiceField(label=pgettext_lazy("payout", "How"), choices=PayoutStatement.How.choices)
    reference = forms.CharField(
        label=pgettext_lazy("payout", "Reference"),
        help_text=pgettext_lazy("payout", "What the transfer is called there. The teacher reads it."),
        required=False,
        max_length=LONGEST_REFERENCE,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id="pay-%s", initial={"on": clock.business_day()})

    def paid(self) -> PaidOut:
        return PaidOut(**self.cleaned_data)


class VoidForm(WordedForm):
    why = WhyField(help_text=pgettext_lazy("payout", "For your colleagues, the audit log and the teacher."))

    def __init__(self, typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id="void-%s")


class ShareForm(WordedForm):
    """A course's own share; left empty it is the academy's again."""

    course = forms.TypedChoiceField(
        label=pgettext_lazy("share terms", "Course"),
        coerce=int,
        error_messages={"invalid_choice": pgettext_lazy("share", "Choose a course from the list.")},
    )
    percent = forms.DecimalField(
        label=pgettext_lazy("share terms", "The teacher's share, in percent"),
        help_text=pgettext_lazy("share terms", "0: nothing. Empty: the academy's share again."),
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=1,
        widget=forms.NumberInput(attrs={"step": "0.1", "inputmode": "decimal", "autocomplete": "off"}),
    )
    why = WhyField()

    def __init__(self, courses: Sequence[tuple[int, str]], typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id="share-%s")
        self.fields["course"].choices = courses  # type: ignore[attr-defined]

    def permille(self) -> int | None:
        percent: Decimal | None = self.cleaned_data["percent"]
        return None if percent is None else int(percent * 10)
