"""What the measures say: headline figures and charts, each with its finding worked out from the numbers it shows.

The measures themselves are `monitor`'s; here they are compared and put into words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.formats import date_format
from django.utils.translation import pgettext

from zhiyue.experience.desk import words
from zhiyue.experience.shell.charts import Cell, Chart
from zhiyue.monitor.measures import Measure

FOUR_WEEKS = timedelta(days=28)
# The order of the bands from the ground up: what an academy is for comes first.
FAMILIES = ("learn", "browse", "interact", "buy")
# Below these A is said to stand still: over weeks less than one decimal shows, over a day less than two show.
STILL, STILL_TODAY = 0.05, 0.005


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline number as text, what it is, and how it compares."""

    label: str
    value: str
    note: str


def figures(days: Sequence[Measure]) -> list[Figure]:
    """The numbers at the top. `days` oldest first, today (not over yet) last."""
    today = days[-1]
    yesterday = _on(days, today.day - timedelta(days=1))
    return [
        Figure(
            pgettext("measure", "A, activity index, today so far"),
            f"{today.a:.2f}",
            _a_note(today, yesterday),
        ),
        Figure(pgettext("measure", "DAU, active today so far"), f"{today.dau:,}", _dau_note(yesterday)),
        Figure(
            pgettext("measure", "WAU, active in 7 days"),
            f"{today.wau:,}",
            _share_note(today.wau, today.members),
        ),
        Figure(
            pgettext("measure", "MAU, active in 28 days"),
            f"{today.mau:,}",
            _share_note(today.mau, today.members),
        ),
        _stickiness(yesterday),
    ]


def index_chart(ended: Sequence[Measure], today: Measure | None, *, csv_url: str) -> Chart:
    """A over the ended days, of which the finding speaks, then today so far; and the families it is made of."""
    columns = [pgettext("column", "Day"), "A", *(str(words.family(family)) for family in FAMILIES)]
    rows: list[list[Cell]] = [
        [said, round(one.a, 2), *(round(one.parts[family], 2) for family in FAMILIES)]
        for said, one in _with_today(ended, today)
    ]
    note = pgettext(
        "chart",
        "A in points of 100, and the four families of acts it adds up from. The last point is today so far.",
    )
    return Chart(
        "index",
        "stack",
        index_finding(ended),
        columns,
        rows,
        note=note,
        csv_url=csv_url,
        is_open=today is not None,
    )


def index_finding(days: Sequence[Measure]) -> str:
    """How A stands to where it stood four weeks before, and which family moved it most."""
    last = days[-1]
    before = _on(days, last.day - FOUR_WEEKS)
    if before is None:
        return pgettext("finding", "A stood at %(a)s at the end of %(day)s") % {
            "a": f"{last.a:.1f}",
            "day": _day(last),
        }
    change = last.a - before.a
    if abs(change) < STILL:
        return pgettext("finding", "A is where it was four weeks before: %(a)s") % {"a": f"{last.a:.1f}"}
    said = {"points": f"{abs(change):.1f}", "family": words.family(_mover(before, last))}
    if change > 0:
        finding = pgettext(
            "finding", "A is %(points)s points higher than four weeks before, mostly from: %(family)s"
        )
    else:
        finding = pgettext(
            "finding", "A is %(points)s points lower than four weeks before, mostly from: %(family)s"
        )
    return finding % said


def _mover(before: Measure, last: Measure) -> str:
    """The family that moved most in the direction in which A moved."""
    direction = 1 if last.a > before.a else -1
    return max(FAMILIES, key=lambda family: direction * (last.parts[family] - before.parts[family]))


def people_chart(ended: Sequence[Measure], today: Measure | None, *, csv_url: str) -> Chart:
    """Active people of the ended days, of which the finding speaks, then of today so far."""
    rows: list[list[Cell]] = [[said, one.dau, one.wau, one.mau] for said, one in _with_today(ended, today)]
    note = pgettext(
        "chart",
        "Members with at least one weighted act in the 1, 7 and 28 days that end with each day. The last point is "
        "today so far.",
    )
    columns = [pgettext("column", "Day"), "DAU", "WAU", "MAU"]
    return Chart(
        "people",
        "line",
        people_finding(ended),
        columns,
        rows,
        note=note,
        csv_url=csv_url,
        is_open=today is not None,
    )


def people_finding(days: Sequence[Measure]) -> str:
    """How many of the monthly active come on an ordinary day of the last week."""
    week = days[-7:]
    monthly = week[-1].mau
    if not monthly:
        return pgettext("finding", "Nobody was active in the last four weeks")
    daily = sum(one.dau for one in week) / len(week)
    share = {"n": f"{100 * daily / monthly:.0f}"}
    return pgettext("finding", "Of 100 people active in a month, %(n)s come on an ordinary day") % share


def rhythm_chart(grid: Sequence[Sequence[int]]) -> Chart:
    """Acts by weekday and hour; `grid` as `monitor.selectors.rhythm` returns it."""
    columns = ["", *(str(hour) for hour in range(24))]
    rows: list[list[Cell]] = [[str(day), *cells] for day, cells in zip(words.WEEKDAYS, grid, strict=True)]
    note = pgettext(
        "chart", "Members' acts by weekday and hour of the academy, over the last four whole weeks."
    )
    unit = pgettext("unit", "acts")
    return Chart("rhythm", "heat", rhythm_finding(grid), columns, rows, note=note, unit=unit)


def rhythm_finding(grid: Sequence[Sequence[int]]) -> str:
    """The busiest hour of the week."""
    most, weekday, hour = max(
        (cell, -day, -at) for day, cells in enumerate(grid) for at, cell in enumerate(cells)
    )
    if most == 0:
        return pgettext("finding", "No act in the last four whole weeks")
    said = {"weekday": words.WEEKDAYS[-weekday], "hour": f"{-hour}:00", "next": f"{-hour + 1}:00"}
    return pgettext("finding", "The academy is busiest on %(weekday)s from %(hour)s to %(next)s") % said


def _a_note(today: Measure, yesterday: Measure | None) -> str:
    if yesterday is None:
        return pgettext("measure note", "of 100; yesterday isn't measured yet")
    said = {"a": f"{yesterday.a:.2f}", "points": f"{abs(today.a - yesterday.a):.2f}"}
    if abs(today.a - yesterday.a) < STILL_TODAY:
        return pgettext("measure note", "of 100; level with yesterday's %(a)s") % said
    if today.a > yesterday.a:
        return pgettext("measure note", "of 100; %(points)s more than yesterday's %(a)s") % said
    return (
        pgettext("measure note", "of 100; %(points)s less than yesterday's %(a)s, and the day isn't over")
        % said
    )


def _dau_note(yesterday: Measure | None) -> str:
    if yesterday is None:
        return pgettext("measure note", "Yesterday isn't measured yet")
    return pgettext("measure note", "%(n)s in all of yesterday") % {"n": f"{yesterday.dau:,}"}


def _share_note(active: int, members: int) -> str:
    said = {"share": f"{100 * active / members:.0f} %" if members else "–", "members": f"{members:,}"}
    return pgettext("measure note", "%(share)s of %(members)s members") % said


def _stickiness(yesterday: Measure | None) -> Figure:
    label = pgettext("measure", "Stickiness, DAU ÷ MAU")
    if yesterday is None or not yesterday.mau:
        return Figure(label, "–", pgettext("measure note", "Yesterday isn't measured yet"))
    said = {"dau": f"{yesterday.dau:,}", "mau": f"{yesterday.mau:,}"}
    note = pgettext("measure note", "Yesterday, %(dau)s of %(mau)s") % said
    return Figure(label, f"{100 * yesterday.dau / yesterday.mau:.1f} %", note)


def _on(days: Sequence[Measure], wanted: object) -> Measure | None:
    return next((one for one in days if one.day == wanted), None)


def _with_today(ended: Sequence[Measure], today: Measure | None) -> list[tuple[str, Measure]]:
    """The rows of a chart of days, each with what it is called. Today is missing where it can't be measured."""
    rows = [(_day(one), one) for one in ended]
    return rows if today is None else [*rows, (pgettext("chart day", "Today"), today)]


def _day(one: Measure) -> str:
    return date_format(one.day, "SHORT_DATE_FORMAT")
