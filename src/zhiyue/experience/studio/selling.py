"""What a teacher's sales say: headline figures, the chart of twelve months with its finding, and both as tables."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import npgettext, pgettext, pgettext_lazy

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.charts import Cell, Chart
from zhiyue.experience.shell.downloads import yuan_cell
from zhiyue.product.commerce.teaching_shares.own import OwnSales, Sales

SALES_HEADER = (
    pgettext_lazy("statement column", "Month"),
    pgettext_lazy("statement column", "Sold, times"),
    pgettext_lazy("statement column", "Sold in yuan"),
    pgettext_lazy("statement column", "Gone back, times"),
    pgettext_lazy("statement column", "Gone back in yuan"),
    pgettext_lazy("statement column", "Share in yuan"),
)
Figure = tuple[str, str, str | Promise]


def figures(found: OwnSales) -> list[Figure]:
    """The numbers at the top: what they are, the number, how it is meant."""
    month = found.months[-1][1]
    return [
        (
            pgettext("sales", "Sold this month"),
            yuan(month.gross_fen),
            npgettext("sales", "%(n)s sale", "%(n)s sales", month.sold) % {"n": f"{month.sold:,}"},
        ),
        (
            pgettext("sales", "Your share this month"),
            yuan(month.share_fen),
            pgettext("sales", "of what was sold, less what went back"),
        ),
        (
            pgettext("sales", "Due to you"),
            yuan(found.due_fen),
            pgettext("sales", "comes into the next statement, if it is enough"),
        ),
        (
            pgettext("sales", "Due later"),
            yuan(found.later_fen),
            pgettext("sales", "while buyers may still ask for a refund"),
        ),
    ]


def chart(found: OwnSales, *, csv_url: str) -> Chart:
    """What the courses brought in month by month, and the share of it."""
    columns = [
        pgettext("statement column", "Month"),
        pgettext("sales column", "Sold"),
        pgettext("sales column", "Your share"),
    ]
    rows: list[list[Cell]] = [
        [short_month(month), one.gross_fen / 100, one.share_fen / 100] for month, one in found.months
    ]
    note = pgettext(
        "sales", "What was paid for your courses in each month, in yuan. The last point is this month so far."
    )
    return Chart("sales", "line", finding(found), columns, rows, note=note, csv_url=csv_url, is_open=True)


def finding(found: OwnSales) -> str:
    """How the last whole month stands to the one before it."""
    (_, before), (month, last), (_, now) = found.months[-3:]
    said = {"month": long_month(month), "amount": yuan(last.gross_fen), "before": yuan(before.gross_fen)}
    if not last.gross_fen and now.gross_fen:
        return pgettext("finding", "This month has brought %(amount)s so far") % {
            "amount": yuan(now.gross_fen)
        }
    if not last.gross_fen:
        return pgettext("finding", "%(month)s brought nothing") % said
    if not before.gross_fen:
        return pgettext("finding", "%(month)s brought %(amount)s, the month before nothing") % said
    if last.gross_fen == before.gross_fen:
        return pgettext("finding", "%(month)s brought %(amount)s, as much as the month before") % said
    if last.gross_fen > before.gross_fen:
        return (
            pgettext("finding", "%(month)s brought %(amount)s, more than the %(before)s of the month before")
            % said
        )
    return (
        pgettext("finding", "%(month)s brought %(amount)s, less than the %(before)s of the month before")
        % said
    )


def shown(named: Sequence[tuple[str, Sales]]) -> list[dict[str, object]]:
    """Sales with their amounts written out, each under its name."""
    return [
        {
            "name": name,
            "sold": one.sold,
            "gross": yuan(one.gross_fen),
            "refunded": yuan(-one.refunded_fen) if one.refunded_fen else "–",
            "share": yuan(one.share_fen),
        }
        for name, one in named
    ]


def by_month(found: OwnSales) -> list[dict[str, object]]:
    """The months in which something happened, the latest first."""
    told = [(long_month(month), one) for month, one in reversed(found.months) if one != Sales()]
    return shown(told)


def sales_rows(found: OwnSales) -> Iterator[list[str]]:
    """The twelve months as rows under SALES_HEADER."""
    for month, one in found.months:
        yield [
            f"{month:%Y-%m}", str(one.sold), yuan_cell(one.gross_fen), str(one.refunds), yuan_cell(one.refunded_fen),
            yuan_cell(one.share_fen),
        ]  # fmt: skip


def long_month(month: date) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")


def short_month(month: date) -> str:
    return f"{month:%Y-%m}"
