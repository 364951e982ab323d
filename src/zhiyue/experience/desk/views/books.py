"""The books: what the accounts stand at, whether they balance, money that may have gone twice, and what was posted."""

from collections.abc import Mapping
from datetime import date

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk import booking, order_words
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.account_words import account_meaning, account_name, people_of, together_name
from zhiyue.experience.desk.lists import filters_asked, page_asked
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.books import (
    GoneTwice,
    SoughtPostings,
    account_names,
    accounts,
    gone_twice,
    running,
)
from zhiyue.product.commerce.books import postings as all_postings
from zhiyue.product.commerce.models import Posting


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def books(request: PageRequest) -> HttpResponse:
    form = booking.DayForm(request.GET)
    day: date | None = form.cleaned_data.get("day") if form.is_valid() else None
    found = accounts(request.viewer, as_of=day)
    context = {
        "tab": "books",
        "form": form,
        "day": day,
        "accounts": booking.shown_accounts(found.balances),
        "debit": yuan(found.debit_fen),
        "credit": yuan(found.credit_fen),
        "balances_out": found.balances_out,
        "unbalanced": found.unbalanced,
        "gone_twice": [_twice(one) for one in gone_twice(request.viewer)],
    }
    return render(request, "desk/books.html", context)


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def postings(request: PageRequest) -> HttpResponse:
    """What was posted, to one account or to all, with what the account stood at after each."""
    form, wanted = booking.sought(account_names(request.viewer), request.GET)
    page = page_asked(all_postings(request.viewer, wanted), request.GET)
    runs = bool(wanted.account) and not wanted.words.strip()
    shown = list(page.object_list)
    after = running(wanted.account, shown) if runs else [0] * len(shown)
    people = people_of({one.account for one in shown} | {wanted.account})
    context = {
        "tab": "books",
        "form": form,
        "page": page,
        "rows": [_row(one, stood, people) for one, stood in zip(shown, after, strict=True)],
        "runs": runs,
        "account": _name(wanted, people),
        "meaning": account_meaning(wanted.account),
        **filters_asked(request.GET),
    }
    return render(request, "desk/postings.html", context)


@for_the_desk(Permission.SEE_BOOKS)
@require_safe
def postings_csv(request: PageRequest) -> HttpResponseBase:
    """The postings that the page shows, on all its pages. They name nobody."""
    _, wanted = booking.sought(account_names(request.viewer), request.GET)
    name = f"books-{clock.business_day().isoformat()}.csv"
    rows = booking.table_rows(all_postings(request.viewer, wanted))
    return csv_download(request, name, booking.TABLE_HEADER, rows)


def _row(one: Posting, stood_fen: int, people: Mapping[str, str]) -> dict[str, object]:
    return {
        "entry": one.entry,
        "name": order_words.entry(one.entry),
        "account": one.account,
        "account_name": account_name(one.account, people),
        "debit": yuan(one.amount_fen) if one.amount_fen > 0 else "",
        "credit": yuan(-one.amount_fen) if one.amount_fen < 0 else "",
        "after": booking.balance_words(stood_fen),
    }


def _name(wanted: SoughtPostings, people: Mapping[str, str]) -> str:
    if not wanted.account:
        return ""
    if wanted.account.endswith(":"):
        return together_name(wanted.account[:-1])
    return account_name(wanted.account, people)


def _twice(one: GoneTwice) -> tuple[GoneTwice, str, str, str]:
    words = {
        "refunded": pgettext("gone twice", "The books have more refunds than the order"),
        "owed": pgettext("gone twice", "More went back than was owed"),
        "bill": pgettext("gone twice", "The provider's bills have more gone back than came"),
    }
    return one, words.get(one.why, one.why), yuan(one.gone_fen), yuan(one.due_fen)
