"""Orders: the list, one with all that is known of it, and the list as a table to take away."""

import json
from collections.abc import Mapping

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk import order_words
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.account_words import account_name, people_of
from zhiyue.experience.desk.lists import filters_asked, page_asked
from zhiyue.experience.desk.orders import TABLE_HEADER, sought, table_rows
from zhiyue.experience.shell import refunding
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.invoicing import tone
from zhiyue.experience.shell.paying import channel_words, price_lines, provider_words
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.models import Entry, Payment, ProviderNotice
from zhiyue.product.commerce.order_book import all_orders, export_orders, money_of, whole_order


@for_the_desk(Permission.SEE_ORDERS)
@require_safe
def orders(request: PageRequest) -> HttpResponse:
    form, wanted = sought(request.GET)
    found = all_orders(request.viewer, wanted)
    page = page_asked(found, request.GET)
    money = money_of(found)
    context = {
        "tab": "orders",
        "form": form,
        "page": page,
        "paid": yuan(money.paid_fen),
        "went_back": yuan(money.refunded_fen) if money.refunded_fen else "",
        "rows": [(order, yuan(order.total_fen)) for order in page.object_list],
        **filters_asked(request.GET),
        "may_export": request.viewer.may(Permission.EXPORT_MEMBERS),
        "may_import": request.viewer.may(Permission.IMPORT_ORDERS),
        "sees_members": request.viewer.may(Permission.SEE_MEMBERS),
    }
    return render(request, "desk/orders.html", context)


@for_the_desk(Permission.SEE_ORDERS)
@require_safe
def order(request: PageRequest, number: str) -> HttpResponse:
    """One order: its lines, its payments, what providers told, its journal and its entries in the books."""
    found = whole_order(request.viewer, number)
    people = people_of({posting.account for entry in found.entries for posting in entry.postings.all()})
    context = {
        "tab": "orders",
        "order": found.order,
        "lines": price_lines(found.order.lines),
        "total": yuan(found.order.total_fen),
        "refunded": yuan(found.order.refunded_fen),
        "parts": [(part, yuan(part.total_fen)) for part in found.parts],
        "payments": [_payment(one) for one in found.payments],
        "notices": [_notice(one) for one in found.notices],
        "steps": [(one, order_words.step(one.why), order_words.told(one.told)) for one in found.steps],
        "entries": [_entry(one, people) for one in found.entries],
        "refunds": [(one, yuan(one.amount_fen), refunding.tone(one)) for one in found.refunds],
        "invoices": [(one, yuan(one.amount_fen), tone(one)) for one in found.invoices],
        "may_refund": request.viewer.may(Permission.REFUND_ORDERS),
        "sees_members": request.viewer.may(Permission.SEE_MEMBERS),
    }
    return render(request, "desk/order.html", context)


@for_the_desk(Permission.EXPORT_MEMBERS)
@require_POST
def orders_csv(request: PageRequest) -> HttpResponseBase:
    """The orders that the list shows, on all its pages."""
    _, wanted = sought(QueryDict(request.POST.get("asked", "")))
    found = export_orders(viewer=request.viewer, sought=wanted)
    name = f"orders-{clock.business_day().isoformat()}.csv"
    return csv_download(request, name, TABLE_HEADER, table_rows(found))


def _payment(one: Payment) -> dict[str, object]:
    return {
        "row": one,
        "provider": provider_words(one.provider),
        "how": channel_words(one.provider, one.channel),
        "amount": yuan(one.amount_fen),
    }


def _notice(one: ProviderNotice) -> dict[str, object]:
    return {
        "row": one,
        "provider": provider_words(one.provider),
        "kind": order_words.notice_kind(one.kind),
        "outcome": order_words.notice_outcome(one.outcome),
        "told": json.dumps(one.told, ensure_ascii=False, indent=2),
    }


def _entry(one: Entry, people: Mapping[str, str]) -> dict[str, object]:
    """What the entry does to each account, debits before credits."""
    postings = sorted(one.postings.all(), key=lambda posting: -posting.amount_fen)
    return {
        "row": one,
        "name": order_words.entry(one),
        "postings": [
            (account_name(posting.account, people), yuan(abs(posting.amount_fen)), posting.amount_fen > 0)
            for posting in postings
        ],
    }
