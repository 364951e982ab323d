"""What the academy says about itself: help, and the agreements with their history."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, pgettext
from django.views.decorators.http import require_safe

from zhiyue.core.academy.models import AgreementKind
from zhiyue.core.academy.selectors import academy, agreement_history, agreements_in_force
from zhiyue.core.kit import clock
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.site import meta
from zhiyue.experience.site.help import questions
from zhiyue.product.catalogue import prose


@require_safe
def help_page(request: PageRequest) -> HttpResponse:
    """Questions and answers, in the language of the page."""
    page = {
        "tab": "me",
        "meta": meta.plain(
            request,
            pgettext("help", "Help"),
            pgettext("help", "How learning, accounts, columns and paying work here."),
        ),
        "sections": questions.read(get_language() or "zh-hans", with_contact=bool(academy().support_contact)),
    }
    return render(request, "site/help.html", page)


@require_safe
def agreement(request: PageRequest, kind: str) -> HttpResponse:
    """The version in force and the ones before it; `?version=` shows another published one."""
    if kind not in AgreementKind.values:
        raise Http404
    versions = agreement_history(kind)
    now = clock.now()
    in_force = next((one for one in versions if one.in_force_from <= now), None)
    asked = request.GET.get("version", "")
    shown = in_force
    if asked:
        shown = next((one for one in versions if str(one.version) == asked), None)
        if shown is None:
            raise Http404
    page = {
        "tab": "me",
        "meta": meta.plain(request, str(AgreementKind(kind).label)),
        "kind": kind,
        "label": AgreementKind(kind).label,
        "shown": shown,
        "body": prose.render(shown.body) if shown else "",
        "in_force": in_force,
        "versions": versions,
        "others": [one for one in agreements_in_force() if one.kind != kind],
    }
    return render(request, "site/agreement.html", page)
