"""The forms in which coupons are made and changed, and their codes as a table that leaves the academy."""

from collections.abc import Iterable, Iterator, Sequence

from django import forms
from django.http import QueryDict
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.staff import TAG_LENGTH
from zhiyue.core.kit import clock
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.typed import (
    CountField,
    MomentField,
    TypedForm,
    WordedForm,
    YuanField,
    typed_moment,
)
from zhiyue.experience.shell.coupon_words import needs, scope_names, takes_off
from zhiyue.experience.shell.downloads import moment_cell
from zhiyue.product.commerce.lowering.couponing import MOST_CODES, MOST_USES, Counted, CouponWish
from zhiyue.product.commerce.lowering.coupons import not_standing
from zhiyue.product.commerce.models import Coupon, CouponCode

CODES_HEADER = (
    pgettext_lazy("coupon column", "Code"),
    pgettext_lazy("coupon column", "Coupon"),
    pgettext_lazy("coupon column", "State"),
    pgettext_lazy("coupon column", "Made"),
)


class ChangeableForm(TypedForm):
    """What may be changed of a coupon, also when people have it."""

    title = forms.CharField(label=pgettext_lazy("coupon", "Title"), max_length=60)
    ends_at = MomentField(
        label=pgettext_lazy("coupon", "Until"),
        help_text=pgettext_lazy("coupon", "Empty: until somebody pauses it."),
        required=False,
    )
    most_uses = CountField(
        label=pgettext_lazy("coupon", "Uses by all together"),
        help_text=pgettext_lazy("coupon", "Empty: as often as it comes."),
        min_value=1,
        max_value=MOST_USES,
        required=False,
    )


class CouponForm(ChangeableForm):
    off_fen = YuanField(
        label=pgettext_lazy("coupon", "Takes off, in yuan"),
        help_text=pgettext_lazy("coupon", "Either this or a share."),
        required=False,
    )
    off_percent = CountField(
        label=pgettext_lazy("coupon", "Or a share, in percent"),
        min_value=0,
        max_value=100,
        required=False,
    )
    most_fen = YuanField(
        label=pgettext_lazy("coupon", "Of a share, so many yuan at most"),
        help_text=pgettext_lazy("coupon", "Empty: without a bound."),
        least_fen=1,
        required=False,
    )
    threshold_fen = YuanField(
        label=pgettext_lazy("coupon", "From a price of so many yuan on"),
        help_text=pgettext_lazy("coupon", "Empty: from any."),
        required=False,
    )
    scope = forms.MultipleChoiceField(
        label=pgettext_lazy("coupon", "For what"),
        help_text=pgettext_lazy("coupon", "Choose topics and courses; nothing chosen: everything."),
        required=False,
        error_messages={
            "invalid_choice": pgettext_lazy("coupon", "Choose what the coupon is for from the list.")
        },
        widget=forms.CheckboxSelectMultiple(),
    )
    audience = forms.ChoiceField(label=pgettext_lazy("coupon", "For whom"), choices=Coupon.Audience.choices)
    tag = forms.CharField(
        label=pgettext_lazy("coupon", "The tag"),
        help_text=pgettext_lazy("coupon", "Of the members it is for, where it is for those with a tag."),
        max_length=TAG_LENGTH,
        required=False,
    )
    begins_at = MomentField(
        label=pgettext_lazy("coupon", "From"),
        help_text=pgettext_lazy("coupon", "Empty: at once."),
        required=False,
    )
    most_each = CountField(
        label=pgettext_lazy("coupon", "Uses by each person"),
        help_text=pgettext_lazy("coupon", "Empty: as often as it comes."),
        initial=1,
        min_value=1,
        max_value=MOST_USES,
        required=False,
    )
    is_stackable = forms.BooleanField(
        label=pgettext_lazy("coupon", "May be used together with others"), required=False
    )

    def __init__(self, scopes: Sequence[tuple[str, str]], typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id="coupon-%s")
        self.fields["title"].help_text = pgettext("coupon", "Learners read it beside the price.")
        self.fields["scope"].choices = scopes  # type: ignore[attr-defined]

    def wish(self) -> CouponWish:
        typed = self.cleaned_data
        return CouponWish(
            title=typed["title"],
            audience=typed["audience"],
            begins_at=typed["begins_at"],
            ends_at=typed["ends_at"],
            off_fen=typed["off_fen"] or 0,
            off_percent=typed["off_percent"] or 0,
            most_fen=typed["most_fen"],
            threshold_fen=typed["threshold_fen"] or 0,
            is_stackable=typed["is_stackable"],
            scope=typed["scope"],
            tag=typed["tag"],
            most_uses=typed["most_uses"],
            most_each=typed["most_each"],
        )

    def refuse(self, why: Refused) -> None:
        if isinstance(why, Unfit):
            self.add_error("tag", str(why.message))
        else:
            super().refuse(why)


class ChangeForm(ChangeableForm):
    def __init__(self, coupon: Coupon, typed: QueryDict | None = None) -> None:
        shown = {
            "title": coupon.title,
            "ends_at": typed_moment(coupon.ends_at),
            "most_uses": coupon.most_uses,
        }
        super().__init__(typed, auto_id="change-%s", initial=shown)


class CodesForm(WordedForm):
    count = CountField(
        label=pgettext_lazy("coupon", "How many codes, each for one person"),
        min_value=1,
        max_value=MOST_CODES,
    )


def row(one: Counted, names: dict[str, str]) -> dict[str, object]:
    """A coupon in words."""
    coupon = one.coupon
    return {
        "coupon": coupon,
        "off": takes_off(coupon),
        "needs": needs(coupon),
        "scope": [names.get(part, part) for part in coupon.scope],
        "state": state_of(one),
        "uses": one.open_uses + one.paid_uses,
        "counted": one,
        "cost": yuan(one.cost_fen),
        "brought": yuan(one.brought_fen),
    }


def rows(found: Iterable[Counted]) -> list[dict[str, object]]:
    every = list(found)
    names = dict(scope_names([one.coupon for one in every]))
    return [row(one, names) for one in every]


def state_of(one: Counted) -> str:
    """`on`, `coming`, `paused`, `over`, or `codeless` where nobody can have it: it goes by a code, and has none."""
    coupon = one.coupon
    moment = clock.now()
    if coupon.ends_at is not None and coupon.ends_at <= moment:
        return "over"
    if coupon.paused_at is not None:
        return "paused"
    if coupon.audience == Coupon.Audience.CODE and not (one.codes or one.holders):
        return "codeless"
    return "coming" if not_standing(coupon, moment) else "on"


def code_rows(codes: Iterable[CouponCode], title: str) -> Iterator[list[str]]:
    """Codes as rows under CODES_HEADER, read piece by piece."""
    for code in codes:
        yield [code.text, title, _code_state(code), moment_cell(code.made_at)]


def _code_state(code: CouponCode) -> str:
    if code.claimed_at is not None:
        return pgettext("coupon code", "entered")
    if code.revoked_at is not None:
        return pgettext("coupon code", "revoked")
    return pgettext("coupon code", "for everybody") if code.is_shared else pgettext("coupon code", "free")
