"""The form in which a flash price is made, and flash prices in words."""

from collections.abc import Sequence

from django import forms
from django.http import QueryDict
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.typed import CountField, MomentField, TypedForm, YuanField
from zhiyue.product.commerce.lowering.flashing import MOST_STOCK, FlashWish, ShownSale


class FlashForm(TypedForm):
    offer = forms.ChoiceField(
        label=pgettext_lazy("flash", "What is sold at it"),
        error_messages={"invalid_choice": pgettext_lazy("flash", "Choose one of the courses that are sold.")},
    )
    price_fen = YuanField(label=pgettext_lazy("flash", "Price, in yuan"), least_fen=1)
    stock = CountField(
        label=pgettext_lazy("flash", "How many"),
        help_text=pgettext_lazy(
            "flash", "Empty: as many as come. Learners see the true number that is left."
        ),
        min_value=1,
        max_value=MOST_STOCK,
        required=False,
    )
    begins_at = MomentField(
        label=pgettext_lazy("coupon", "From"),
        help_text=pgettext_lazy("coupon", "Empty: at once."),
        required=False,
    )
    ends_at = MomentField(
        label=pgettext_lazy("coupon", "Until"), help_text=pgettext_lazy("flash", "Learners see it.")
    )

    def __init__(self, offers: Sequence[tuple[str, str]], typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id="flash-%s")
        self.fields["offer"].choices = offers  # type: ignore[attr-defined]

    def wish(self) -> FlashWish:
        return FlashWish(**self.cleaned_data)


def shown(sales: Sequence[ShownSale]) -> list[dict[str, object]]:
    return [
        {
            "sale": one.flash.sale,
            "title": one.title,
            "price": yuan(one.flash.sale.price_fen),
            "left": one.flash.left,
            "paid": one.paid,
        }
        for one in sales
    ]
