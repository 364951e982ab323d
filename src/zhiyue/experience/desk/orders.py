"""The list of orders as an address asks for it: its filters, and its rows as a table that leaves the academy."""

from collections.abc import Iterator

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import pgettext_lazy

from zhiyue.experience.desk.lists import CHUNK, FindForm
from zhiyue.experience.desk.typed import DayField
from zhiyue.experience.shell.downloads import moment_cell, yuan_cell
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.order_book import SoughtOrders

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


class OrdersForm(FindForm):
    since = DayField(label=pgettext_lazy("order filter", "Placed from"), required=False)
    until = DayField(label=pgettext_lazy("order filter", "Placed to"), required=False)
    member = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput())


def sought(asked: QueryDict) -> tuple[OrdersForm, SoughtOrders]:
    """The form as it was sent, and what it asks for."""
    finds = pgettext_lazy("order filter", "Number, member or title")
    form = OrdersForm(asked, finds=finds, states=Order.Status.choices)
    found = form.sought()
    told = form.cleaned_data
    return form, SoughtOrders(
        **found, member_id=told.get("member"), since=told.get("since"), until=told.get("until")
    )


def table_rows(orders: QuerySet[Order]) -> Iterator[list[str]]:
    """Orders as rows under TABLE_HEADER, read piece by piece."""
    for order in orders.iterator(chunk_size=CHUNK):
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
