"""What a teacher's sales say: headline figures, the chart of twelve months with its finding, and both as tables."""

from collections.abc import Iterator, Sequence

from django.utils.functional import Promise
from django.utils.translation import npgettext, pgettext, pgettext_lazy

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.charts import Chart
from zhiyue.experience.shell.downloads import yuan_cell
from zhiyue.experience.shell.months import long_month, monthly_chart, short_month
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
    names = [pgettext("sales column", "Sold"), pgettext("sales column", "Your share")]
    note = pgettext(
        "sales", "What was paid for your courses in each month, in yuan. The last point is this month so far."
    )
    months = [(month, (one.gross_fen, one.share_fen)) for month, one in found.months]
    return monthly_chart(months, names, note=note, csv_url=csv_url)


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
            short_month(month), str(one.sold), yuan_cell(one.gross_fen), str(one.refunds), yuan_cell(one.refunded_fen),
            yuan_cell(one.share_fen),
        ]  # fmt: skip
