"""What people search for, what they don't find, and the words that find each other."""

import re

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.facilities.search import selectors, services
from zhiyue.facilities.search.errors import SynonymsRefused
from zhiyue.facilities.search.models import Synonyms
from zhiyue.facilities.search.report import report

_BETWEEN = re.compile(r"[=＝]")
_LONGEST_TYPED = 400


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def searches(request: PageRequest) -> HttpResponse:
    word = request.GET.get("word", "")[:60].replace("\x00", "")
    return _page(request, typed=f"{word} = " if word else "")


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_POST
def put(request: PageRequest, synonyms_id: int | None = None) -> HttpResponse:
    """A new group, or another wording of one. Refused, the page comes back with what was typed."""
    typed = request.POST.get("words", "")[:_LONGEST_TYPED].replace("\x00", "")
    try:
        row = services.put_synonyms(by=request.viewer, words=_BETWEEN.split(typed), synonyms_id=synonyms_id)
    except SynonymsRefused as refusal:
        wrong = {"typed_for": synonyms_id, "typed": typed, "refusal": refusal.message}
        return _page(request, status=refusal.status, **wrong)
    except Synonyms.DoesNotExist as gone:
        raise Http404 from gone
    messages.success(request, pgettext("synonyms", "These find each other now: %(words)s") % {"words": row})
    return HttpResponseRedirect(f"{reverse('desk:searches')}#synonyms")


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_POST
def remove(request: PageRequest, synonyms_id: int) -> HttpResponse:
    try:
        services.remove_synonyms(by=request.viewer, synonyms_id=synonyms_id)
    except Synonyms.DoesNotExist as gone:
        raise Http404 from gone
    messages.success(request, pgettext("synonyms", "The words stand for themselves again."))
    return HttpResponseRedirect(f"{reverse('desk:searches')}#synonyms")


def _page(request: PageRequest, *, status: int = 200, **typed: object) -> HttpResponse:
    page = {
        "tab": "searches",
        "report": report(request.viewer),
        "synonyms": selectors.all_synonyms(),
        "may_change": request.viewer.may(Permission.CHANGE_ANY_COURSE),
        "typed_for": None,
        **typed,
    }
    return render(request, "desk/searches.html", page, status=status)
