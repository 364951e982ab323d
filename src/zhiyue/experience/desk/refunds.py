"""The forms about refunds: the filters of the list, how much goes back of each course, a course's own terms."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django import forms
from django.http import QueryDict
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.lists import FindForm
from zhiyue.experience.desk.typed import CountField, WhyField, WordedForm, YuanField
from zhiyue.product.commerce.models import Refund
from zhiyue.product.commerce.refunds.book import SoughtRefunds
from zhiyue.product.commerce.refunds.reckoning import Returnable
from zhiyue.product.commerce.refunds.rule import LONGEST_DAYS, MOST_FEE_FEN, RefundTerms

_AMOUNT = "amount-"


def sought(asked: QueryDict) -> tuple[FindForm, SoughtRefunds]:
    """The filters as they were sent, and what they ask for."""
    finds = pgettext_lazy("refund filter", "Number, member or title")
    form = FindForm(asked, finds=finds, states=Refund.Status.choices)
    return form, SoughtRefunds(**form.sought())


class WhyForm(WordedForm):
    """A decision with its reason."""

    why = WhyField()

    def __init__(self, key: str, typed: QueryDict | None = None, hint: str = "") -> None:
        super().__init__(typed, auto_id=f"{key}-%s")
        self.key = key
        self.fields["why"].help_text = hint


class AmountsForm(WhyForm):
    """How much goes back of each course that it can of, in yuan; one left empty stays open."""

    def __init__(
        self, key: str, parts: Sequence[Returnable], typed: QueryDict | None = None, hint: str = ""
    ) -> None:
        super().__init__(key, typed, hint)
        why = self.fields.pop("why")
        self._parts = {f"{_AMOUNT}{one.part.pk}": one for one in parts if _can_go(one)}
        for name, one in self._parts.items():
            self.fields[name] = _amount_field(one)
        self.fields["why"] = why

    def amounts(self) -> Mapping[int, int]:
        """Fen by the number of each course of the order. Raises Unfit where nothing was filled in."""
        typed = {name: self.cleaned_data.get(name) for name in self._parts}
        found = {self._parts[name].part.pk: fen for name, fen in typed.items() if fen is not None}
        if not found:
            raise Unfit(pgettext("refund", "Fill in how much goes back of at least one course."))
        return found


def _can_go(one: Returnable) -> bool:
    return bool(one.left_fen) or one.part.returned_at is None


def _amount_field(one: Returnable) -> YuanField:
    least, most = min(1, one.left_fen), one.left_fen
    words = pgettext("refund", "Up to %(most)s in yuan. Empty: it stays open.")
    by_rule = one.by_rule_fen or (0 if not most else None)
    return YuanField(
        label=one.part.title,
        help_text=words % {"most": yuan(most)},
        required=False,
        least_fen=least,
        most_fen=most,
        max_digits=9,
        initial=None if by_rule is None else Decimal(by_rule) / 100,
    )


class TermsForm(WordedForm):
    """Terms of a course of its own; days left empty are the academy's terms again."""

    course = forms.TypedChoiceField(
        label=pgettext_lazy("refund terms", "Course"),
        coerce=int,
        error_messages={"invalid_choice": pgettext_lazy("refund", "Choose a course from the list.")},
    )
    days = CountField(
        label=pgettext_lazy("refund terms", "Days since the payment"),
        help_text=pgettext_lazy("refund terms", "0: no refunds. Empty: the academy's terms again."),
        required=False,
        min_value=0,
        max_value=LONGEST_DAYS,
    )
    fee_permille = CountField(
        label=pgettext_lazy("refund terms", "Fee in thousandths of what would go back"),
        required=False,
        min_value=0,
        max_value=1000,
    )
    fee_least = YuanField(
        label=pgettext_lazy("refund terms", "Least fee in yuan"), required=False, most_fen=MOST_FEE_FEN
    )
    why = WhyField()

    def __init__(self, courses: Sequence[tuple[int, str]], typed: QueryDict | None = None) -> None:
        super().__init__(typed)
        self.fields["course"].choices = courses  # type: ignore[attr-defined]

    def terms(self) -> RefundTerms | None:
        typed = self.cleaned_data
        if typed["days"] is None:
            return None
        return RefundTerms(typed["days"], typed["fee_permille"] or 0, typed["fee_least"] or 0)
