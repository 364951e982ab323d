"""What a member has in hand of an order of theirs: its receipt, and its invoice."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.accounts.models import User
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.doors import by_sign_in
from zhiyue.experience.shell.invoicing import count_asked, file_answer
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.receipts import receipt_answer
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.site import meta
from zhiyue.experience.site.bought import order_address
from zhiyue.experience.site.invoicing import InvoiceForm, invoice_form
from zhiyue.product.commerce.errors import NoInvoice
from zhiyue.product.commerce.invoices.asking import ask_invoice, withdraw_invoice
from zhiyue.product.commerce.invoices.book import own_file
from zhiyue.product.commerce.invoices.possible import WORDS, why_not
from zhiyue.product.commerce.invoices.receipts import receipt_of
from zhiyue.product.commerce.invoices.titles import forget_title, titles_of
from zhiyue.product.commerce.models import Invoice, InvoiceTitle
from zhiyue.product.commerce.order_book import order_of


@require_safe
def receipt(request: PageRequest, number: str) -> HttpResponse:
    """The receipt of a paid order of mine, as a file."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    return receipt_answer(receipt_of(user, number))


@require_http_methods(["GET", "HEAD", "POST"])
def invoice(request: PageRequest, number: str) -> HttpResponse:
    """Where the invoice of an order of mine is asked for; `?title=` fills in one that was used before. Refused, the
    page comes back with what was typed."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    kept = list(titles_of(user))
    if request.method != "POST":
        chosen = _chosen(request, kept)
        return _page(request, user, number, kept, invoice_form(user, chosen))
    # Before what was typed: nobody learns more of somebody else's order than that it isn't theirs.
    order_of(user, number)
    form = invoice_form(user, None, request.POST)
    title = form.fitting()
    if title is None:
        return _page(request, user, number, kept, form, status=422)
    try:
        count_asked(user)
        ask_invoice(user=user, order_number=number, title=title)
    except (NoInvoice, TooMany) as refusal:
        return _page(request, user, number, kept, form, refused=refusal, status=refusal.status)
    messages.success(request, pgettext("toast", "Asked for. Its state stands below."))
    return HttpResponseRedirect(order_address(number, ""))


@require_POST
def withdraw(request: PageRequest, number: str) -> HttpResponse:
    """Take back what nobody has begun to issue."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    withdraw_invoice(user=user, order_number=number)
    messages.success(request, pgettext("toast", "Withdrawn. You can ask for it anew."))
    return HttpResponseRedirect(order_address(number, ""))


@require_POST
def forget(request: PageRequest, number: str, title_id: int) -> HttpResponse:
    """Delete a title of mine, and back to where an invoice is asked for."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    order_of(user, number)
    forget_title(user=user, title_id=title_id)
    messages.success(request, pgettext("toast", "Deleted. Invoices that name it stay as they are."))
    return redirect("site:invoice", number)


@require_safe
def file(request: PageRequest, number: str) -> HttpResponse:
    """The file of an invoice of mine."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    return file_answer(own_file(user, number))


def _chosen(request: PageRequest, kept: list[InvoiceTitle]) -> InvoiceTitle | None:
    """The title that the address chooses, else the one used last."""
    asked = request.GET.get("title", "")
    found = next((one for one in kept if str(one.pk) == asked), None)
    return found or (kept[0] if kept and asked != "new" else None)


def _page(
    request: PageRequest,
    user: User,
    number: str,
    kept: list[InvoiceTitle],
    form: InvoiceForm,
    *,
    refused: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    order = order_of(user, number)
    live = next((one for one in order.invoices.all() if one.status in Invoice.LIVE), None)
    why = why_not(order)
    page = {
        "tab": "me",
        "meta": meta.plain(request, pgettext("invoice", "Ask for an invoice")),
        "order": order,
        "amount": yuan(order.kept_fen),
        "went_back": yuan(order.refunded_fen) if order.refunded_fen else "",
        "live": live,
        "closed_to": WORDS[why] if why and live is None else "",
        "titles": kept,
        "form": form,
        "refused": refused,
    }
    return render(request, "site/invoice.html", page, status=status)
