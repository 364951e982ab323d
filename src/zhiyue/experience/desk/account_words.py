"""What the accounts of the books are called, and what stands in them. A new kind of account takes one line of ACCOUNTS:
the part of its name before the colon."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.experience.shell.paying import provider_words
from zhiyue.product.catalogue.selectors import teacher_names

Words = str | Promise


@dataclass(frozen=True, slots=True)
class AccountWords:
    """`name` may hold %(of)s: whose account it is, as `of` writes what follows the colon. `named` is its name where it
    is known what they are called. `together` names all accounts of the kind as one, where there may be many; `meaning`
    says what its balance tells."""

    name: Words
    meaning: Words
    together: Words = ""
    of: Callable[[str], Words] = str
    named: Words = ""


# In the order in which the page of the books lists them.
ACCOUNTS: Mapping[str, AccountWords] = {
    "receivable": AccountWords(
        pgettext_lazy("account", "Owed to us by %(of)s"),
        pgettext_lazy(
            "account",
            "What came through this provider, less what went back, what it kept and what it paid in.",
        ),
        of=provider_words,
    ),
    "bank": AccountWords(
        pgettext_lazy("account", "Paid into the academy's bank"),
        pgettext_lazy("account", "What providers paid into the bank account, as staff entered it."),
    ),
    "revenue": AccountWords(
        pgettext_lazy("account", "Sold"), pgettext_lazy("account", "The price of everything that was paid.")
    ),
    "refunds": AccountWords(
        pgettext_lazy("account", "Gone back of what was sold"),
        pgettext_lazy("account", "Taken from what was sold: sold less gone back is what remains."),
    ),
    "fees": AccountWords(
        pgettext_lazy("account", "Kept by providers"),
        pgettext_lazy("account", "Their fees, line by line as their bills tell."),
    ),
    "differences": AccountWords(
        pgettext_lazy("account", "Differences from providers' bills"),
        pgettext_lazy("account", "What was entered so that these books say what a provider's bill says."),
    ),
    "deferred": AccountWords(
        pgettext_lazy("account", "Not earned yet, order %(of)s"),
        pgettext_lazy("account", "What memberships brought in for days that are still to come."),
        together=pgettext_lazy("account", "Memberships not earned yet"),
    ),
    "teacher_shares": AccountWords(
        pgettext_lazy("account", "Teachers' shares"),
        pgettext_lazy("account", "What of everything that was sold is its teachers'."),
    ),
    "teacher": AccountWords(
        pgettext_lazy("account", "Owed to teacher no. %(of)s"),
        pgettext_lazy("account", "What a teacher has earned, less what was paid out to them."),
        together=pgettext_lazy("account", "Owed to teachers"),
        named=pgettext_lazy("account", "Owed to %(of)s (teacher)"),
    ),
    "paid_to_teachers": AccountWords(
        pgettext_lazy("account", "Paid out to teachers"),
        pgettext_lazy("account", "What staff paid out by the statements."),
    ),
    "owed": AccountWords(
        pgettext_lazy("account", "Owed back, order %(of)s"),
        pgettext_lazy("account", "Money that no order could take. At 0 it has gone back."),
        together=pgettext_lazy("account", "Owed back to buyers"),
    ),
    "by_hand": AccountWords(
        pgettext_lazy("account", "Paid out by hand"),
        pgettext_lazy("account", "What staff gave back by bank or in cash, where no provider could."),
    ),
    "opening": AccountWords(
        pgettext_lazy("account", "Received before these books began"),
        pgettext_lazy("account", "What past orders brought in elsewhere. Nobody owes it to us any more."),
    ),
}


def kind_of(account: str) -> str:
    return account.partition(":")[0]


def account_name(account: str, people: Mapping[str, str] | None = None) -> str:
    """An account for people; one without words keeps its name. `people` are those that `people_of` found."""
    kind, _, of = account.partition(":")
    words = ACCOUNTS.get(kind)
    if words is None:
        return account
    if words.named and people and account in people:
        return str(words.named) % {"of": people[account]}
    return str(words.name) % {"of": words.of(of)}


def people_of(accounts: Iterable[str]) -> Mapping[str, str]:
    """What the people are called whose these accounts are, by account; asked for all together."""
    teachers = {
        int(of): f"{kind}:{of}"
        for kind, _, of in (account.partition(":") for account in accounts)
        if kind == "teacher" and of.isascii() and of.isdecimal()
    }
    return {teachers[pk]: name for pk, name in teacher_names(teachers).items()} if teachers else {}


def account_meaning(account: str) -> str:
    words = ACCOUNTS.get(kind_of(account))
    return "" if words is None else str(words.meaning)


def together_name(kind: str) -> str:
    """All accounts of a kind that has many; empty where each stands for itself."""
    words = ACCOUNTS.get(kind)
    return "" if words is None else str(words.together)
