"""What the academy's sales say: headline figures, the chart of twelve months, and both as tables."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.utils.translation import npgettext, pgettext, pgettext_lazy

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.charts import Chart
from zhiyue.experience.shell.downloads import yuan_cell
from zhiyue.experience.shell.months import long_month, monthly_chart, short_month
from zhiyue.product.commerce.sales import AcademySales, Begun, MonthSales

Months = Sequence[tuple[date, MonthSales]]
# What it is, the number, how it is meant.
Figure = tuple[str, str, str]

KIND_NAMES = {
    "course": pgettext_lazy("sales column", "Courses"),
    "bundle": pgettext_lazy("sales column", "Bundles"),
    "plan": pgettext_lazy("sales column", "Memberships"),
}
SALES_HEADER = (
    pgettext_lazy("statement column", "Month"),
    pgettext_lazy("statement column", "Sold in yuan"),
    pgettext_lazy("sales column", "Courses in yuan"),
    pgettext_lazy("sales column", "Bundles in yuan"),
    pgettext_lazy("sales column", "Memberships in yuan"),
    pgettext_lazy("sales column", "Orders paid"),
    pgettext_lazy("sales column", "People who paid"),
    pgettext_lazy("statement column", "Gone back, times"),
    pgettext_lazy("statement column", "Gone back in yuan"),
    pgettext_lazy("sales column", "Kept in yuan"),
)


def figures(months: Months) -> list[Figure]:
    """This month so far, each with the last whole month beside it."""
    (whole, last), (_, now) = months[-2:]
    month = long_month(whole)
    names = (
        pgettext("sales", "Sold this month"),
        pgettext("sales", "Gone back this month"),
        pgettext("sales", "Kept this month"),
        pgettext("sales", "Orders paid this month"),
        pgettext("sales", "People who paid this month"),
        pgettext("sales", "Average order this month"),
    )
    return [
        (
            name,
            value,
            pgettext("sales", "%(month)s, the whole: %(value)s") % {"month": month, "value": before},
        )
        for name, value, before in zip(names, _written(now), _written(last), strict=True)
    ]


def _written(one: MonthSales) -> tuple[str, ...]:
    average = "–" if one.average_fen is None else yuan(one.average_fen)
    return (
        yuan(one.sold_fen),
        yuan(one.refunded_fen),
        yuan(one.kept_fen),
        f"{one.orders:,}",
        f"{one.people:,}",
        average,
    )


def lately(begun: Begun) -> list[Figure]:
    """What became of the orders that were begun lately, and what coupons had to do with it."""
    waiting = npgettext("sales", "%(n)s still waits", "%(n)s still wait", begun.waiting)
    of = pgettext("sales", "%(n)s of %(all)s paid")
    return [
        (
            pgettext("sales", "Orders begun that were paid"),
            _share(begun.paid, begun.orders),
            pgettext("sales", "%(paid)s of %(orders)s; %(waiting)s")
            % {
                "paid": f"{begun.paid:,}",
                "orders": f"{begun.orders:,}",
                "waiting": waiting % {"n": f"{begun.waiting:,}"},
            },
        ),
        (
            pgettext("sales", "Paid orders with a coupon"),
            _share(begun.with_coupon, begun.paid),
            of % {"n": f"{begun.with_coupon:,}", "all": f"{begun.paid:,}"},
        ),
        (
            pgettext("sales", "Taken off by coupons"),
            yuan(begun.coupons_fen),
            pgettext("sales", "on the orders that were paid"),
        ),
    ]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def chart(months: Months, *, csv_url: str) -> Chart:
    """What was paid month by month, and for what."""
    names = [pgettext("sales column", "Sold"), *(str(name) for name in KIND_NAMES.values())]
    note = pgettext(
        "sales", "What was paid in each month, in yuan, and for what. The last point is this month so far."
    )
    drawn = [(month, (one.sold_fen, *(one.by_kind[kind] for kind in KIND_NAMES))) for month, one in months]
    return monthly_chart(drawn, names, note=note, csv_url=csv_url, in_bands=True)


def most_sold(found: AcademySales) -> list[dict[str, object]]:
    return [
        {
            "offer": one,
            "kind": KIND_NAMES[one.offer.partition(":")[0]],
            "sold": yuan(one.sold_fen),
            "back": yuan(one.refunded_fen) if one.refunded_fen else "–",
        }
        for one in found.offers
    ]


def by_month(months: Months) -> list[dict[str, object]]:
    """The months in which something happened, the latest first."""
    return [
        {
            "name": long_month(month),
            "one": one,
            "sold": yuan(one.sold_fen),
            "back": yuan(one.refunded_fen) if one.refunded_fen else "–",
            "kept": yuan(one.kept_fen),
        }
        for month, one in reversed(months)
        if one != MonthSales()
    ]


def sales_rows(months: Months) -> Iterator[list[str]]:
    """The twelve months as rows under SALES_HEADER."""
    for month, one in months:
        yield [
            short_month(month), yuan_cell(one.sold_fen), *(yuan_cell(one.by_kind[kind]) for kind in KIND_NAMES),
            str(one.orders), str(one.people), str(one.refunds), yuan_cell(one.refunded_fen), yuan_cell(one.kept_fen),
        ]  # fmt: skip
