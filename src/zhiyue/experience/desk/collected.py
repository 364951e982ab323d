"""What was collected, in words and pictures: nothing is decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.collect.flow import Day, Now
from zhiyue.collect.vocabulary import EventKind, Property
from zhiyue.core.consent.purposes import PURPOSES
from zhiyue.core.kit import clock
from zhiyue.experience.desk import words
from zhiyue.experience.shell.charts import Cell, Chart
from zhiyue.experience.shell.purposes import LABELS

# A minute's bar at its highest, in the units of the drawing.
HEIGHT = 60
# Bounds from here on only keep a number inside its column.
NO_BOUND = 2**53
# A lower bound below this only says that zero is none.
TINY = 1e-6
_TOLD: Mapping[str, words.Words] = {
    "id": pgettext_lazy("property", "id"),
    "int": pgettext_lazy("property", "whole number, %(bounds)s"),
    "open int": pgettext_lazy("property", "whole number, at least %(least)s"),
    "number": pgettext_lazy("property", "number, %(bounds)s"),
    "open number": pgettext_lazy("property", "number, at least %(least)s"),
    "text": pgettext_lazy("property", "text, %(bounds)s letters"),
    "choice": pgettext_lazy("property", "one of %(choices)s"),
    "bool": pgettext_lazy("property", "yes or no"),
    "int_list": pgettext_lazy("property", "list of %(bounds)s ids"),
    "number_list": pgettext_lazy("property", "as many numbers as `%(along)s`, %(bounds)s each"),
}


@dataclass(frozen=True, slots=True)
class Minute:
    """One bar of the hour: where it stands (0–59), how high it is of HEIGHT, and what it counts."""

    place: int
    height: float
    at: datetime
    n: int

    @property
    def top(self) -> float:
        return HEIGHT - self.height


@dataclass(frozen=True, slots=True)
class ToldNow:
    """The flow at this moment. `seconds_ago` is None where nothing ever came."""

    minutes: tuple[Minute, ...]
    hour: int
    seconds_ago: int | None
    newest_at: datetime | None
    origins: tuple[tuple[words.Words, int], ...]
    stored: int
    unconsented: int
    quarantined: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class ToldKind:
    """A line of the table of events."""

    name: str
    family: str
    says: words.Words
    meaning: words.Words
    origins: tuple[words.Words, ...]
    consent: tuple[words.Words, ...]
    is_necessary: bool
    days_kept: int
    properties: tuple[tuple[str, str], ...]
    stored: int


def told_now(flow: Now, *, simulated: int = 0) -> ToldNow:
    """`simulated` of what was imported today are acts of a demo's members, and are called so."""
    imported = flow.today.get("import", 0) - simulated
    by_origin = {name: n for name, n in flow.today.items() if name != "import"}
    by_origin |= {name: n for name, n in (("import", imported), ("simulated", simulated)) if n > 0}
    most = flow.most or 1
    return ToldNow(
        minutes=tuple(
            Minute(place, round(HEIGHT * n / most, 1), at, n) for place, (at, n) in enumerate(flow.minutes)
        ),
        hour=sum(n for _, n in flow.minutes),
        seconds_ago=max(0, round((clock.now() - flow.newest_at).total_seconds())) if flow.newest_at else None,
        newest_at=flow.newest_at,
        origins=tuple((words.origin(name), n) for name, n in sorted(by_origin.items())),
        stored=flow.stored,
        unconsented=flow.unconsented,
        quarantined=flow.quarantined,
        is_cut=flow.is_cut,
    )


def chart(days: Sequence[Day], *, csv_url: str) -> Chart | None:
    """Two weeks, a line each; None where nothing came at all."""
    if not any(day.stored or day.unconsented or day.quarantined for day in days):
        return None
    columns = [
        pgettext("column", "Day"),
        pgettext("column", "Stored"),
        pgettext("column", "Without consent"),
        pgettext("column", "In quarantine"),
    ]
    rows: list[list[Cell]] = [
        [date_format(day.day, "MONTH_DAY_FORMAT"), day.stored, day.unconsented, day.quarantined]
        for day in days[:-1]
    ]
    today = days[-1]
    rows.append([pgettext("chart day", "Today"), today.stored, today.unconsented, today.quarantined])
    note = pgettext(
        "chart",
        "Events by business day, today so far at the end. What was imported counts on the day it happened.",
    )
    return Chart("collecting", "line", finding(days), columns, rows, note=note, csv_url=csv_url, is_open=True)


def finding(days: Sequence[Day]) -> str:
    """Of a hundred acts, how many were stored, and what became of the others."""
    stored = sum(day.stored for day in days)
    unconsented = sum(day.unconsented for day in days)
    quarantined = sum(day.quarantined for day in days)
    told = stored + unconsented + quarantined
    shares = {
        "stored": f"{100 * stored / told:.1f}",
        "unconsented": f"{100 * unconsented / told:.1f}",
        "quarantined": f"{100 * quarantined / told:.1f}",
    }
    return (
        pgettext(
            "finding",
            "Of 100 events %(stored)s were stored; %(unconsented)s lacked consent, %(quarantined)s were not clean",
        )
        % shares
    )


def told_kind(kind: EventKind, stored: int) -> ToldKind:
    return ToldKind(
        name=kind.name,
        family=kind.family,
        says=words.act(kind.name),
        meaning=words.meaning(kind.name),
        origins=tuple(words.origin(origin) for origin in sorted(kind.origins)),
        consent=tuple(LABELS[one] for one in PURPOSES if one in kind.serves),
        is_necessary=kind.is_necessary,
        days_kept=kind.days_kept,
        properties=tuple((one.name, bounds(one)) for one in kind.properties),
        stored=stored,
    )


def by_family(kinds: Sequence[ToldKind]) -> list[tuple[words.Words, list[ToldKind]]]:
    """The kinds in the groups of their families, in the order of the table."""
    groups: dict[str, list[ToldKind]] = {}
    for kind in kinds:
        groups.setdefault(kind.family, []).append(kind)
    return [(words.family(family), rows) for family, rows in groups.items()]


def bounds(wanted: Property) -> str:
    """What a property may be, in words, as docs/events.md tells it; names of other properties stand in backticks."""
    least = ">0" if 0 < wanted.least < TINY else f"{wanted.least:,.10g}"
    most = f"{wanted.most:,.10g}"
    said = {
        "bounds": f"{least}–{most}",
        "least": least,
        "along": wanted.along,
        "choices": " / ".join(wanted.choices),
    }
    told = str(_TOLD[_shape(wanted)]) % said
    return told if wanted.required else pgettext("property", "%(bounds)s; optional") % {"bounds": told}


def _shape(wanted: Property) -> str:
    """The type of a property, and what becomes of it where its upper bound says nothing."""
    if wanted.type == "int" and wanted.most > NO_BOUND:
        return "id"
    is_open = wanted.type in ("int", "number") and wanted.most >= NO_BOUND
    return f"open {wanted.type}" if is_open else wanted.type
