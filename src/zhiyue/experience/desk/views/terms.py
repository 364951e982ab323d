"""How courses are sold besides their price: trials, and whether memberships open them."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import npgettext, pgettext
from django.views.decorators.http import require_http_methods

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.lending.terms import TermsOfCourse, WishedTerms, all_terms, set_terms
from zhiyue.product.commerce.models.lending import LONGEST_TRIAL_DAYS

# The fields of a course, before its number. A box that isn't ticked isn't sent.
_TRIAL, _IN = "trial-", "in-"
Typed = tuple[str, bool]


@for_the_desk(Permission.CHANGE_SALES)
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: PageRequest) -> HttpResponse:
    """Every course with a price in one table, kept as a whole; refused, it comes back as it was typed."""
    if request.method != "POST":
        return _page(request)
    typed = {
        key.removeprefix(_TRIAL): (request.POST.get(key, ""), _IN + key.removeprefix(_TRIAL) in request.POST)
        for key in request.POST
        if key.startswith(_TRIAL)
    }
    wishes = {_number(pk): WishedTerms(_number(days or "0"), is_in) for pk, (days, is_in) in typed.items()}
    try:
        changed = set_terms(viewer=request.viewer, wishes=wishes)
    except Unfit as refusal:
        return _page(request, typed, refusal)
    words = npgettext("toast", "Kept: %(n)s course changed.", "Kept: %(n)s courses changed.", changed)
    messages.success(
        request, words % {"n": changed} if changed else pgettext("toast", "Nothing was changed.")
    )
    return redirect("desk:terms")


def _page(
    request: PageRequest, typed: Mapping[str, Typed] | None = None, refused: Refused | None = None
) -> HttpResponse:
    rows = [
        (one.course, yuan(one.course.price_fen), *(typed or {}).get(str(one.course.pk), _kept(one)))
        for one in all_terms(request.viewer)
    ]
    page = {"tab": "terms", "rows": rows, "longest": LONGEST_TRIAL_DAYS, "refused": refused}
    return render(request, "desk/terms.html", page, status=refused.status if refused else 200)


def _kept(one: TermsOfCourse) -> Typed:
    return str(one.terms.trial_days), one.terms.is_in_memberships


def _number(text: str) -> int:
    """-1, which is refused, where it is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else -1
