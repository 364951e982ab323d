"""The form in which redeem codes are made, and codes as a table that leaves the academy."""

from collections.abc import Iterable, Iterator, Sequence

from django import forms
from django.http import QueryDict
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.experience.desk.typed import CountField, MomentField, TypedForm
from zhiyue.experience.shell.downloads import moment_cell
from zhiyue.product.commerce.models import RedeemCode
from zhiyue.product.commerce.redeeming import MOST_CODES

CODES_HEADER = (
    pgettext_lazy("redeem column", "Code"),
    pgettext_lazy("redeem column", "Batch"),
    pgettext_lazy("redeem column", "State"),
    pgettext_lazy("redeem column", "Redeemed"),
)


class BatchForm(TypedForm):
    title = forms.CharField(
        label=pgettext_lazy("redeem", "Title"),
        help_text=pgettext_lazy("redeem", "For your colleagues: whom the codes go to."),
        max_length=60,
    )
    offer = forms.ChoiceField(
        label=pgettext_lazy("redeem", "What each code opens"),
        error_messages={"invalid_choice": pgettext_lazy("flash", "Choose one of the courses that are sold.")},
    )
    count = CountField(
        label=pgettext_lazy("redeem", "How many codes"),
        min_value=1,
        max_value=MOST_CODES,
    )
    ends_at = MomentField(
        label=pgettext_lazy("coupon", "Until"),
        help_text=pgettext_lazy("redeem", "Empty: until they are revoked."),
        required=False,
    )

    def __init__(self, offers: Sequence[tuple[str, str]], typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id="batch-%s")
        self.fields["offer"].choices = offers  # type: ignore[attr-defined]


def code_rows(codes: Iterable[RedeemCode]) -> Iterator[list[str]]:
    """Codes as rows under CODES_HEADER; who redeemed one stands in the orders, and isn't told here."""
    for code in codes:
        yield [code.text, code.batch.title, _state(code), moment_cell(code.redeemed_at)]


def _state(code: RedeemCode) -> str:
    if code.redeemed_at is not None:
        return pgettext("redeem code", "redeemed")
    return (
        pgettext("redeem code", "revoked") if code.revoked_at is not None else pgettext("redeem code", "free")
    )
