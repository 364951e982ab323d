"""A teacher's own sales and statements. Who bought is shown to nobody here."""

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.months import long_month
from zhiyue.experience.shell.payout_words import STATEMENT_HEADER, statement_rows, tone, whole_values
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.studio import selling
from zhiyue.experience.studio.access import for_the_studio, page
from zhiyue.product.commerce.teaching_shares.own import Sales, own_sales, own_statement, own_statements


@for_the_studio
@require_safe
def sales(request: PageRequest) -> HttpResponse:
    found = own_sales(request.viewer)
    statements = list(own_statements(request.viewer))
    values: dict[str, object] = {
        "tab": "sales",
        "teaches": found is not None,
        "statements": [(one, long_month(one.month), yuan(one.amount_fen), tone(one)) for one in statements],
    }
    if found is not None and (found.total != Sales() or found.due_fen or found.later_fen):
        values |= {
            "figures": selling.figures(found),
            "chart": selling.chart(found, csv_url=reverse("studio:sales_csv")),
            "months": selling.by_month(found),
            "courses": selling.shown(found.courses),
        }
    return page(request, "sales.html", values)


@for_the_studio
@require_safe
def sales_csv(request: PageRequest) -> HttpResponseBase:
    """The twelve months of the page."""
    found = own_sales(request.viewer)
    rows = selling.sales_rows(found) if found else iter(())
    name = f"sales-{clock.business_day().isoformat()}.csv"
    return csv_download(request, name, selling.SALES_HEADER, rows)


@for_the_studio
@require_safe
def statement(request: PageRequest, number: str) -> HttpResponse:
    """One of the teacher's statements, as it can be printed."""
    values = whole_values(own_statement(request.viewer, number))
    return page(request, "statement.html", {"tab": "sales", **values})


@for_the_studio
@require_safe
def statement_csv(request: PageRequest, number: str) -> HttpResponseBase:
    whole = own_statement(request.viewer, number)
    return csv_download(request, f"statement-{number}.csv", STATEMENT_HEADER, statement_rows(whole))
