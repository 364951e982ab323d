"""The books as an address asks for them: the day of the accounts, the filters of postings, and postings as a table that
leaves the academy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk import order_words
from zhiyue.experience.desk.account_words import (
    ACCOUNTS,
    account_meaning,
    account_name,
    kind_of,
    people_of,
    together_name,
)
from zhiyue.experience.desk.lists import CHUNK
from zhiyue.experience.desk.typed import DayField, WordedForm
from zhiyue.experience.shell.downloads import moment_cell, yuan_cell
from zhiyue.product.commerce.books import SoughtPostings
from zhiyue.product.commerce.ledger import Balance
from zhiyue.product.commerce.models import Posting

TABLE_HEADER = (
    pgettext_lazy("books column", "When"),
    pgettext_lazy("books column", "Entry"),
    pgettext_lazy("books column", "Occasion"),
    pgettext_lazy("books column", "Account"),
    pgettext_lazy("books column", "Name of the account"),
    pgettext_lazy("books column", "Order"),
    pgettext_lazy("books column", "Debit in yuan"),
    pgettext_lazy("books column", "Credit in yuan"),
)


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """A line of the accounts: one account, or all of a kind that has many. `account` is how postings are asked for."""

    account: str
    name: str
    meaning: str
    debit: str
    credit: str
    count: int = 1


class DayForm(WordedForm):
    """As of which day the accounts are shown."""

    day = DayField(label=pgettext_lazy("books", "As of the end of"), required=False)


class PostingsForm(WordedForm):
    """The filters of postings. What can't be understood narrows nothing and says so."""

    q = forms.CharField(
        label=pgettext_lazy("books filter", "Order, payment or refund"), required=False, max_length=80
    )
    account = forms.ChoiceField(label=pgettext_lazy("books filter", "Account"), required=False)
    since = DayField(label=pgettext_lazy("books filter", "From"), required=False)
    until = DayField(label=pgettext_lazy("books filter", "To"), required=False)

    def __init__(self, names: Sequence[str], asked: QueryDict) -> None:
        super().__init__(asked)
        self.fields["account"].choices = [  # type: ignore[attr-defined]
            ("", pgettext("books filter", "All accounts")),
            *_choices(names),
        ]


def sought(names: Sequence[str], asked: QueryDict) -> tuple[PostingsForm, SoughtPostings]:
    """The form as it was sent, and what it asks for, of accounts of these names. An account of a kind that has many is
    found by its whole name too."""
    form = PostingsForm(names, asked)
    account = asked.get("account", "")
    if account in names and account not in dict(form.fields["account"].choices):  # type: ignore[attr-defined]
        name = account_name(account, people_of({account}))
        form.fields["account"].choices += [(account, name)]  # type: ignore[attr-defined]
    form.is_valid()
    found = form.cleaned_data
    return form, SoughtPostings(
        account=found.get("account", ""),
        words=found.get("q", ""),
        since=found.get("since"),
        until=found.get("until"),
    )


def shown_accounts(balances: Sequence[Balance]) -> list[ShownAccount]:
    """The accounts in the order of the table of their words; those of a kind that has many as one."""
    order = {kind: n for n, kind in enumerate(ACCOUNTS)}
    ranked = sorted(
        balances,
        key=lambda one: (order.get(kind_of(one.account), len(order)), kind_of(one.account), one.account),
    )
    found: list[ShownAccount] = []
    for kind, group in groupby(ranked, key=lambda one: kind_of(one.account)):
        some = list(group)
        if together_name(kind):
            total = sum(one.amount_fen for one in some)
            found.append(_shown(f"{kind}:", together_name(kind), total, len(some)))
        else:
            found += [_shown(one.account, account_name(one.account), one.amount_fen) for one in some]
    return found


def table_rows(found: QuerySet[Posting]) -> Iterator[list[str]]:
    """Postings as rows under TABLE_HEADER, read piece by piece."""
    for one in found.iterator(chunk_size=CHUNK):
        yield [
            moment_cell(one.entry.at),
            one.entry.key,
            str(order_words.entry(one.entry)),
            one.account,
            account_name(one.account),
            one.entry.order.number if one.entry.order else "",
            yuan_cell(one.amount_fen) if one.amount_fen > 0 else "",
            yuan_cell(-one.amount_fen) if one.amount_fen < 0 else "",
        ]


def balance_words(fen: int) -> str:
    """What an account stands at, on the side it stands."""
    if not fen:
        return yuan(0)
    side = pgettext("balance", "%(amount)s debit") if fen > 0 else pgettext("balance", "%(amount)s credit")
    return side % {"amount": yuan(abs(fen))}


def _choices(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for name in names:
        kind = kind_of(name)
        if not together_name(kind):
            yield name, account_name(name)
        elif kind not in seen:
            seen.add(kind)
            yield f"{kind}:", together_name(kind)


def _shown(account: str, name: str, fen: int, count: int = 1) -> ShownAccount:
    debit, credit = (yuan(fen), "") if fen > 0 else ("", yuan(-fen)) if fen < 0 else (yuan(0), "")
    return ShownAccount(account, name, account_meaning(account), debit, credit, count)
