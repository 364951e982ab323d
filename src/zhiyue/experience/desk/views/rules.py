"""The academy's rules about recommendations: pinned, never, more or less; made, listed, ended."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.ruling import HEADINGS, RuleForm
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.recommend.errors import RuleRefused
from zhiyue.recommend.models import Rule
from zhiyue.recommend.rules import all_rules, courses_to_choose, end_rule, put_rule


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_safe
def rules(request: PageRequest) -> HttpResponse:
    return _page(request)


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_POST
def make(request: PageRequest, kind: str) -> HttpResponseBase:
    """Refused, the page comes back with what was typed."""
    if kind not in HEADINGS:
        raise Http404
    form = RuleForm(kind, courses_to_choose(request.viewer), request.POST)
    if not form.is_valid():
        return _page(request, refused=form, status=422)
    try:
        row = put_rule(viewer=request.viewer, wish=form.wish())
    except RuleRefused as why:
        form.refuse(why)
        return _page(request, refused=form, status=why.status)
    messages.success(
        request, pgettext("toast", "The rule about “%(title)s” is kept.") % {"title": row.course.title}
    )
    return redirect("desk:rules")


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_POST
def end(request: PageRequest, rule_id: int) -> HttpResponseBase:
    try:
        end_rule(viewer=request.viewer, rule_id=rule_id)
    except Rule.DoesNotExist as gone:
        raise Http404 from gone
    messages.success(request, pgettext("toast", "Ended. Lists go by their scores again."))
    return redirect("desk:rules")


def _page(request: PageRequest, *, refused: RuleForm | None = None, status: int = 200) -> HttpResponse:
    courses = courses_to_choose(request.viewer)
    standing, over = all_rules(request.viewer)
    forms = [
        refused if refused is not None and refused.kind == kind else RuleForm(kind, courses)
        for kind in HEADINGS
    ]
    page = {
        "tab": "rules",
        "forms": forms,
        "courses": courses,
        "standing": standing,
        "over": over,
        "refused": refused,
    }
    return render(request, "desk/rules.html", page, status=status)
