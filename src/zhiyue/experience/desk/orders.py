"""The list of orders as an address asks for it: its filters, and its rows as a table that leaves the academy."""

from collections.abc import Iterator
from datetime import datetime

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.order_book import SoughtOrders

PAGE_SIZE = 50
_CHUNK = 500

TABLE_HEADER = (
    pgettext_lazy("order column", "Order"),
    pgettext_lazy("order column", "State"),
    pgettext_lazy("order column", "What"),
    pgettext_lazy("order column", "Offer"),
    pgettext_lazy("order column", "Member's number"),
    pgettext_lazy("order column", "Member"),
    pgettext_lazy("order column", "Price in yuan"),
    pgettext_lazy("order column", "Total in yuan"),
    pgettext_lazy("order column", "Gone back in yuan"),
    pgettext_lazy("order column", "Placed"),
    pgettext_lazy("order column", "Paid"),
)


class OrdersForm(forms.Form):
    """The filters of the list. What can't be understood narrows nothing and says so."""

    q = forms.CharField(
        label=pgettext_lazy("order filter", "Number, member or title"), required=False, max_length=80
    )
    status = forms.ChoiceField(
        label=pgettext_lazy("order filter", "State"),
        required=False,
        choices=[("", pgettext_lazy("order filter", "Any")), *Order.Status.choices],
    )
    member = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput())


def sought(asked: QueryDict) -> tuple[OrdersForm, SoughtOrders]:
    """The form as it was sent, and what it asks for."""
    form = OrdersForm(asked)
    form.is_valid()
    found = form.cleaned_data
    wanted = SoughtOrders(
        words=found.get("q", ""), status=found.get("status", ""), member_id=found.get("member")
    )
    return form, wanted


def table_rows(orders: QuerySet[Order]) -> Iterator[list[str]]:
    """Orders as rows under TABLE_HEADER, read piece by piece."""
    for order in orders.iterator(chunk_size=_CHUNK):
        yield [
            order.number,
            str(Order.Status(order.status).label),
            order.title,
            order.offer,
            str(order.user_id or ""),
            order.user.display_name if order.user else "",
            yuan_cell(order.price_fen),
            yuan_cell(order.total_fen),
            yuan_cell(order.refunded_fen),
            moment_cell(order.created_at),
            moment_cell(order.paid_at),
        ]


def yuan_cell(fen: int) -> str:
    """As a spreadsheet reads it."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def moment_cell(moment: datetime | None) -> str:
    return moment.astimezone(clock.business_zone()).strftime("%Y-%m-%d %H:%M:%S") if moment else ""
