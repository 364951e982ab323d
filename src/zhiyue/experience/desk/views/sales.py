"""The academy's sales: this month and the last, twelve months as a picture, and what sold most lately."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.experience.desk import selling
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.sales import academy_sales, monthly_sales


@for_the_desk(Permission.SEE_ORDERS)
@require_safe
def sales(request: PageRequest) -> HttpResponse:
    found = academy_sales(request.viewer)
    context: dict[str, object] = {"tab": "sales"}
    if not found.is_empty:
        context |= {
            "figures": selling.figures(found.months),
            "chart": selling.chart(found.months, csv_url=reverse("desk:sales_csv")),
            "lately": selling.lately(found.begun),
            "offers": selling.most_sold(found),
            "months": selling.by_month(found.months),
        }
    return render(request, "desk/sales.html", context)


@for_the_desk(Permission.SEE_ORDERS)
@require_safe
def sales_csv(request: PageRequest) -> HttpResponseBase:
    """The twelve months of the page. They name nobody."""
    name = f"sales-{clock.business_day().isoformat()}.csv"
    return csv_download(
        request, name, selling.SALES_HEADER, selling.sales_rows(monthly_sales(request.viewer))
    )
