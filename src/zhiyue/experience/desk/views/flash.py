"""Flash prices: those that stand or will, those that are over; made, ended."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.flashing import FlashForm, shown
from zhiyue.experience.desk.typed import done
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import SaleRefused
from zhiyue.product.commerce.lowering.flashing import all_sales, end_sale, make_sale, offers_to_choose


@for_the_desk(Permission.CHANGE_SALES)
@require_safe
def flash(request: PageRequest) -> HttpResponse:
    return _page(request)


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def make(request: PageRequest) -> HttpResponseBase:
    """Refused, the page comes back with what was typed."""
    form = FlashForm(offers_to_choose(request.viewer), request.POST)
    if done(form, lambda: make_sale(viewer=request.viewer, wish=form.wish()), (SaleRefused,)) != 200:
        return _page(request, refused=form)
    messages.success(request, pgettext("toast", "The flash price is made."))
    return redirect("desk:flash")


@for_the_desk(Permission.CHANGE_SALES)
@require_POST
def end(request: PageRequest, sale_id: int) -> HttpResponseBase:
    end_sale(viewer=request.viewer, sale_id=sale_id)
    messages.success(request, pgettext("toast", "Ended. The usual price holds again."))
    return redirect("desk:flash")


def _page(request: PageRequest, refused: FlashForm | None = None) -> HttpResponse:
    standing, over = all_sales(request.viewer)
    offers = offers_to_choose(request.viewer)
    page = {
        "tab": "flash",
        "standing": shown(standing),
        "over": shown(over),
        "offers": offers,
        "form": refused or FlashForm(offers),
        "refused": refused,
    }
    return render(request, "desk/flash.html", page, status=422 if refused else 200)
