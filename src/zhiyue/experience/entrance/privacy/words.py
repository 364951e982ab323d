"""The purposes in words, and what the event log holds of somebody in theirs. A change of these words raises
`core.consent.purposes.VERSION`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.collect.vocabulary import KINDS, EventKind, Family
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import PURPOSES, Purpose
from zhiyue.experience.shell.purposes import LABELS

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Kept:
    """What the event log keeps for so many days."""

    label: str
    days: int


@dataclass(frozen=True, slots=True)
class Explained:
    """One purpose: what is used, what for, for how many days, and what is different for who refuses."""

    purpose: Purpose
    label: Words
    used: Words
    aim: Words
    refused: Words
    kept: Sequence[Kept]

    @property
    def key(self) -> str:
        return key_of(self.purpose)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of one family of acts: how many, and for at most how many days."""

    label: Words
    n: int
    days_kept: int


_USED: Mapping[Purpose, Words] = {
    Purpose.ANALYTICS: pgettext_lazy(
        "purpose", "Which pages, courses and lessons you open, how long you read, and what you search for."
    ),
    Purpose.PERSONALISATION: pgettext_lazy(
        "purpose", "The courses and lessons you open, save and finish, and what you search for."
    ),
    Purpose.MESSAGES: pgettext_lazy("purpose", "Where you stopped reading, and when you were last here."),
    Purpose.EXPERIMENTS: pgettext_lazy("purpose", "Which version of a page you saw, and what you did next."),
}
_AIMS: Mapping[Purpose, Words] = {
    Purpose.ANALYTICS: pgettext_lazy(
        "purpose", "It shows the academy which courses help and what people look for in vain."
    ),
    Purpose.PERSONALISATION: pgettext_lazy(
        "purpose",
        "It puts shelves and lists in an order that suits you, and offers your last searches again.",
    ),
    Purpose.MESSAGES: pgettext_lazy(
        "purpose", "It lets the academy remind you of your own learning. None are sent so far."
    ),
    Purpose.EXPERIMENTS: pgettext_lazy(
        "purpose",
        "Ways of doing something are compared before everybody gets one. So far only ways of recommending are, where "
        "the academy turns that on.",
    ),
}
_REFUSED: Mapping[Purpose, Words] = {
    Purpose.ANALYTICS: pgettext_lazy("purpose", "Without it: nothing changes for you."),
    Purpose.PERSONALISATION: pgettext_lazy(
        "purpose", "Without it: you see what is popular and new, and what fits the topics you chose yourself."
    ),
    Purpose.MESSAGES: pgettext_lazy(
        "purpose", "Without it: you only get what is needed, such as codes and changes to your sign-in."
    ),
    Purpose.EXPERIMENTS: pgettext_lazy("purpose", "Without it: you see what most people see."),
}
_FAMILIES: Mapping[Family, Words] = {
    "browse": pgettext_lazy("stored acts", "Pages and courses looked at, searches"),
    "learn": pgettext_lazy("stored acts", "Lessons opened, read and finished"),
    "interact": pgettext_lazy("stored acts", "Courses saved, topics chosen and the like"),
    "buy": pgettext_lazy("stored acts", "Courses joined, orders"),
    "support": pgettext_lazy("stored acts", "Conversations with support"),
    "message": pgettext_lazy("stored acts", "Messages"),
    "account": pgettext_lazy("stored acts", "Sign-ins and choices about consent"),
}
_SHORTLY: Mapping[Family, Words] = {
    "browse": pgettext_lazy("acts kept", "looking around"),
    "learn": pgettext_lazy("acts kept", "learning"),
    "interact": pgettext_lazy("acts kept", "saving and taking part"),
    "buy": pgettext_lazy("acts kept", "opening the checkout"),
    "support": pgettext_lazy("acts kept", "talking to support"),
    "message": pgettext_lazy("acts kept", "messages"),
    "account": pgettext_lazy("acts kept", "the account"),
}
# What is kept in any case, by kind or by the first part of its name.
_NEEDED: Mapping[str, Words] = {
    "member.signed_in": pgettext_lazy("acts kept", "sign-ins"),
    "member.signed_up": pgettext_lazy("acts kept", "signing up"),
    "consent.chosen": pgettext_lazy("acts kept", "choices of consent"),
    "course.enrolled": pgettext_lazy("acts kept", "courses joined"),
    "order": pgettext_lazy("acts kept", "orders"),
    "coupon": pgettext_lazy("acts kept", "coupons used"),
    "code": pgettext_lazy("acts kept", "codes redeemed"),
    "trial": pgettext_lazy("acts kept", "courses tried"),
    "message.stopped": pgettext_lazy("acts kept", "messages you stopped"),
}
_WAYS: Mapping[str, Words] = {
    Choice.Way.BAR: pgettext_lazy("way of consent", "when asked on a page"),
    Choice.Way.SETTINGS: pgettext_lazy("way of consent", "on this page"),
    Choice.Way.SIGN_UP: pgettext_lazy("way of consent", "when signing up"),
    Choice.Way.API: pgettext_lazy("way of consent", "through a program"),
    Choice.Way.SIGN_IN: pgettext_lazy("way of consent", "as a visitor, before signing in"),
    Choice.Way.IMPORT: pgettext_lazy("way of consent", "taken over from another system"),
}


def key_of(purpose: Purpose) -> str:
    """How forms and programs call a purpose."""
    return (purpose.name or "").lower()


def explained() -> list[Explained]:
    """Every purpose, in the order people are asked."""
    return [
        Explained(
            purpose, LABELS[purpose], _USED[purpose], _AIMS[purpose], _REFUSED[purpose], kept_for(purpose)
        )
        for purpose in PURPOSES
    ]


def kept_for(purpose: Purpose) -> list[Kept]:
    """What is kept for a purpose, the shortest first. What the service needs anyway isn't kept for it."""
    serving = (kind for kind in KINDS.values() if kind.serves & purpose and not kind.is_necessary)
    return _by_days(serving)


def kept_in_any_case() -> list[Kept]:
    """What the event log keeps of everybody, the shortest first."""
    return _by_days(kind for kind in KINDS.values() if kind.is_necessary)


def stored(counts: Mapping[str, int]) -> list[Stored]:
    """Counts by kind of event, gathered by family. What has left the vocabulary counts as browsing."""
    rows = []
    for family, label in _FAMILIES.items():
        names = [name for name in counts if (KINDS[name].family if name in KINDS else "browse") == family]
        days = max((KINDS[name].days_kept for name in names if name in KINDS), default=0)
        if names:
            rows.append(Stored(label, sum(counts[name] for name in names), days))
    return rows


def chosen(choice: Choice) -> str:
    """What a choice granted, in words."""
    labels = [str(LABELS[purpose]) for purpose in PURPOSES if purpose & choice.granted]
    return pgettext("purpose", ", ").join(labels) or pgettext("purpose", "Only what is necessary")


def way(choice: Choice) -> Words:
    return _WAYS.get(choice.way, choice.way)


def _by_days(kinds: Iterable[EventKind]) -> list[Kept]:
    labels: dict[int, dict[str, None]] = {}
    for kind in kinds:
        label = _SHORTLY[kind.family]
        if kind.is_necessary:
            label = _NEEDED.get(kind.name) or _NEEDED.get(kind.name.partition(".")[0], label)
        labels.setdefault(kind.days_kept, {})[str(label)] = None
    return [Kept(pgettext("purpose", ", ").join(labels[days]), days) for days in sorted(labels)]
