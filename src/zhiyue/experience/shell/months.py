"""Money month by month, as the studio and the desk show it: a chart of twelve months whose title is what it shows."""

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import pgettext

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.charts import Chart

# A month's first day, what is drawn of it in fen: the whole first.
Drawn = tuple[date, Sequence[int]]


def monthly_chart(
    months: Sequence[Drawn], names: Sequence[str], *, note: str, csv_url: str, in_bands: bool = False
) -> Chart:
    """`names` of what is drawn; `in_bands`: what follows the first adds up to it. The last month isn't over."""
    return Chart(
        "sales",
        "stack" if in_bands else "line",
        finding([(month, drawn[0]) for month, drawn in months]),
        [pgettext("statement column", "Month"), *names],
        [[short_month(month), *(fen / 100 for fen in drawn)] for month, drawn in months],
        note=note,
        csv_url=csv_url,
        is_open=True,
    )


def finding(months: Sequence[tuple[date, int]]) -> str:
    """How the last whole month stands to the one before it, in fen."""
    (_, before), (month, last), (_, now) = months[-3:]
    said = {"month": long_month(month), "amount": yuan(last), "before": yuan(before)}
    if not last and now:
        return pgettext("finding", "This month has brought %(amount)s so far") % {"amount": yuan(now)}
    if not last:
        return pgettext("finding", "%(month)s brought nothing") % said
    if not before:
        return pgettext("finding", "%(month)s brought %(amount)s, the month before nothing") % said
    if last == before:
        return pgettext("finding", "%(month)s brought %(amount)s, as much as the month before") % said
    if last > before:
        return (
            pgettext("finding", "%(month)s brought %(amount)s, more than the %(before)s of the month before")
            % said
        )
    return (
        pgettext("finding", "%(month)s brought %(amount)s, less than the %(before)s of the month before")
        % said
    )


def long_month(month: date) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")


def short_month(month: date) -> str:
    return f"{month:%Y-%m}"
