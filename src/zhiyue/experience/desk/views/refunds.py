"""Refunds: the list, one with the rule's reckoning, the decisions about it, and terms of courses."""

from collections.abc import Callable, Mapping, Sequence

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.accounts.errors import NotOneself, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.lists import filters_asked, page_asked
from zhiyue.experience.desk.refunds import AmountsForm, TermsForm, WhyForm, sought
from zhiyue.experience.desk.typed import done
from zhiyue.experience.shell import refunding
from zhiyue.experience.shell.paying import provider_words
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import NothingGoesBack, RefundDecided
from zhiyue.product.commerce.models import Refund
from zhiyue.product.commerce.refunds import deciding
from zhiyue.product.commerce.refunds.book import (
    WholeRefund,
    all_refunds,
    reckoning_of,
    waiting_count,
    whole_refund,
)
from zhiyue.product.commerce.refunds.reckoning import OrderReckoning, Returnable
from zhiyue.product.commerce.refunds.terms import courses_with_price, default_terms, own_terms, set_terms

_S = Refund.Status
_REFUSALS = (Unfit, RefundDecided, NotOneself, NothingGoesBack)
Decide = Callable[..., Refund]
# What else staff may do than approve, by the word in the address.
_ACTS: Mapping[str, Decide] = {
    "refuse": deciding.refuse,
    "again": deciding.send_again,
    "by-hand": deciding.settle_by_hand,
}


@for_the_desk(Permission.SEE_ORDERS)
@require_safe
def refunds(request: PageRequest) -> HttpResponse:
    form, wanted = sought(request.GET)
    page = page_asked(all_refunds(request.viewer, wanted), request.GET)
    context = {
        "tab": "refunds",
        "form": form,
        "page": page,
        "rows": [(one, _amount(one), refunding.tone(one)) for one in page.object_list],
        **filters_asked(request.GET),
        "waiting": waiting_count(request.viewer),
        "sees_members": request.viewer.may(Permission.SEE_MEMBERS),
        "may_decide": request.viewer.may(Permission.REFUND_ORDERS),
    }
    return render(request, "desk/refunds.html", context)


@for_the_desk(Permission.SEE_ORDERS)
@require_safe
def refund(request: PageRequest, number: str) -> HttpResponse:
    """One refund: what was asked and why, what the rule says, what was decided, how far the money is."""
    return _page(request, whole_refund(request.viewer, number))


@for_the_desk(Permission.REFUND_ORDERS)
@require_POST
def decide(request: PageRequest, number: str, act: str) -> HttpResponseBase:
    """Refused, the page comes back with what was typed."""
    if act != "approve" and act not in _ACTS:
        raise Http404
    found = whole_refund(request.viewer, number)
    form = _form(act, found, request)
    if not form.is_valid():
        return _page(request, found, refused=form, status=422)
    try:
        decided = _decided(request.viewer, number, act, form)
    except _REFUSALS as refusal:
        form.add_error(None, str(refusal.message))
        return _page(request, whole_refund(request.viewer, number), refused=form, status=refusal.status)
    messages.success(request, _said(decided))
    return redirect("desk:refund", decided.number)


@for_the_desk(Permission.REFUND_ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def give_back(request: PageRequest, number: str) -> HttpResponseBase:
    """A refund that nobody asked for on a page: staff begin it from the order."""
    found = reckoning_of(request.viewer, number)
    if request.method != "POST":
        return _give_back_page(request, found, AmountsForm("give-back", found.parts))
    form = AmountsForm("give-back", found.parts, request.POST)
    if not form.is_valid():
        return _give_back_page(request, found, form, status=422)
    try:
        begun = deciding.give_back(
            viewer=request.viewer,
            order_number=number,
            amounts=form.amounts(),
            why=form.cleaned_data["why"],
        )
    except _REFUSALS as refusal:
        form.add_error(None, str(refusal.message))
        return _give_back_page(request, reckoning_of(request.viewer, number), form, status=refusal.status)
    messages.success(request, _said(begun))
    return redirect("desk:refund", begun.number)


@for_the_desk(Permission.REFUND_ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: PageRequest) -> HttpResponseBase:
    """By which rule the money of courses goes back."""
    courses = [(course.pk, course.title) for course in courses_with_price(request.viewer)]
    form = TermsForm(courses, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = done(form, lambda: _set_terms(request, form), (Unfit,))
        if status == 200:
            messages.success(request, pgettext("toast", "Kept. It holds for what is ordered from now on."))
            return redirect("desk:refund_terms")
    context = {
        "tab": "refunds",
        "academy": refunding.terms_words(default_terms()),
        "own": [(one.course, refunding.terms_words(one.terms)) for one in own_terms(request.viewer)],
        "form": form,
        "courses": courses,
    }
    return render(request, "desk/refund_terms.html", context, status=status)


def _set_terms(request: PageRequest, form: TermsForm) -> None:
    typed = form.cleaned_data
    set_terms(viewer=request.viewer, course_id=typed["course"], terms=form.terms(), why=typed["why"])


def _decided(viewer: Viewer, number: str, act: str, form: WhyForm) -> Refund:
    why = form.cleaned_data["why"]
    if isinstance(form, AmountsForm):
        return deciding.approve(viewer=viewer, number=number, amounts=form.amounts(), why=why)
    return _ACTS[act](viewer=viewer, number=number, why=why)


def _said(decided: Refund) -> str:
    words = {
        _S.REFUSED: pgettext("toast", "Refused. The member reads why."),
        _S.DONE: pgettext("toast", "Noted: it is done."),
    }
    return words.get(_S(decided.status), pgettext("toast", "It goes to the provider now."))


def _form(act: str, found: WholeRefund, request: PageRequest | None = None) -> WhyForm:
    typed = request.POST if request else None
    colleagues = pgettext("refund", "For your colleagues and the audit log; the member doesn't read it.")
    if act == "approve":
        return AmountsForm(act, found.reckoning.parts, typed, colleagues)
    hints = {"refuse": pgettext("refund", "The member reads this.")}
    return WhyForm(act, typed, hints.get(act, colleagues))


def _page(
    request: PageRequest, found: WholeRefund, *, refused: WhyForm | None = None, status: int = 200
) -> HttpResponse:
    shown = found.refund
    acts = _open_acts(found) if request.viewer.may(Permission.REFUND_ORDERS) else []
    context = {
        "tab": "refunds",
        "refund": shown,
        "amount": _amount(shown),
        "tone": refunding.tone(shown),
        "provider": provider_words(shown.payment.provider) if shown.payment else "",
        "parts": [(one, yuan(one.amount_fen), refunding.reckoned_lines(one.lines)) for one in found.parts],
        "again": found.again,
        "reckoned": _reckoned(found.reckoning, _asked_for(found)),
        "forms": {act: refused if refused and refused.key == act else _form(act, found) for act in acts},
        "refused": refused,
        "is_over": refused is not None and refused.key not in acts,
        "sees_members": request.viewer.may(Permission.SEE_MEMBERS),
    }
    return render(request, "desk/refund.html", context, status=status)


def _open_acts(found: WholeRefund) -> list[str]:
    """What can be done with a refund as it stands."""
    refund = found.refund
    if refund.status == _S.ASKED:
        return ["approve", "refuse"]
    if refund.status == _S.FAILED and found.again is None:
        return ["again", "by-hand"]
    return ["by-hand"] if refund.is_by_hand and refund.status == _S.APPROVED else []


def _give_back_page(
    request: PageRequest, found: OrderReckoning, form: AmountsForm, status: int = 200
) -> HttpResponse:
    context = {
        "tab": "orders",
        "order": found.order,
        "reckoned": _reckoned(found),
        "can_begin": found.closed_to in ("", "costs_nothing", "returned") and len(form.fields) > 1,
        "closed_to": refunding.closed_to(found.closed_to) if found.closed_to else "",
        "form": form,
    }
    return render(request, "desk/give_back.html", context, status=status)


def _asked_for(found: WholeRefund) -> list[Returnable]:
    """What was asked for, as the rule sees it now."""
    return found.reckoning.asked_for([one.part.course_id for one in found.parts if one.part is not None])


def _reckoned(found: OrderReckoning, asked: Sequence[Returnable] = ()) -> list[dict[str, object]]:
    """What the rule says of each course, for who decides; of those that were `asked` for, as they were."""
    known = {one.part.pk: one for one in asked}
    return [
        {
            "title": one.part.title,
            "is_closed": one.part.returned_at is not None,
            "lines": refunding.reckoned_lines([line.to_json() for line in one.reckoning.lines]),
            "amount": yuan(one.by_rule_fen),
            "left": yuan(one.left_fen),
            "why_not": refunding.why_not_of(one),
            "until": one.until,
            "savings": [(saved.order, yuan(saved.amount_fen)) for saved in one.savings],
        }
        for one in (known.get(one.part.pk, one) for one in found.parts)
    ]


def _amount(one: Refund) -> str:
    return yuan(one.amount_fen) if one.amount_fen or one.status != _S.ASKED else ""
