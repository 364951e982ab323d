"""The quarantine: what cleaning kept out and why, judged again after a mend, or thrown away."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import npgettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.collect import quarantine_acts
from zhiyue.collect.models import Quarantined
from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk import words
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.kept_out import BAR_WIDTH, BARS_HEIGHT, drawn, shown_entry, shown_reason
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.learning.rejudging import Rejudged
from zhiyue.product.learning.replaying import replay

PAGE_SIZE = 30
_LONGEST_CODE = 24


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def quarantine(request: PageRequest) -> HttpResponse:
    reason = _reason(request.GET.get("reason", ""))
    reasons = [shown_reason(one) for one in quarantine_acts.kept_out(request.viewer)]
    if reason and not words.is_quarantine_reason(reason) and reason not in {one.code for one in reasons}:
        raise Http404
    rows = quarantine_acts.entries(request.viewer, reason=reason)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "tab": "quarantine",
        "reasons": reasons,
        "bars_width": len(reasons[0].bars) * (BAR_WIDTH + 1) if reasons else 0,
        "bars_height": BARS_HEIGHT,
        "bar_width": BAR_WIDTH,
        "chosen": reason,
        "chosen_says": words.quarantine_reason(reason) if reason else "",
        "page": page,
        "entries": [shown_entry(row) for row in page.object_list],
        "asked": urlencode({"reason": reason}) if reason else "",
        "may_act": request.viewer.may(Permission.RUN_JOBS),
    }
    return render(request, "desk/quarantine.html", context)


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def entry(request: PageRequest, entry_id: int) -> HttpResponse:
    row = _entry(request, entry_id)
    context = {
        "tab": "quarantine",
        "entry": shown_entry(row),
        "payload": drawn(row.payload),
        "may_act": request.viewer.may(Permission.RUN_JOBS),
        "may_see_members": request.viewer.may(Permission.SEE_MEMBERS),
    }
    return render(request, "desk/quarantine_entry.html", context)


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def replay_reason(request: PageRequest) -> HttpResponseBase:
    reason = _reason(request.POST.get("reason", ""))
    done = replay(viewer=request.viewer, reason=reason)
    _say(request, done)
    return _back(reason)


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def throw_away_reason(request: PageRequest) -> HttpResponseBase:
    reason = _reason(request.POST.get("reason", ""))
    _say_gone(request, quarantine_acts.throw_away(viewer=request.viewer, reason=reason))
    return _back("")


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def replay_entry(request: PageRequest, entry_id: int) -> HttpResponseBase:
    row = _entry(request, entry_id)
    _say(request, replay(viewer=request.viewer, entry_ids=[row.pk]))
    return _back("")


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def throw_away_entry(request: PageRequest, entry_id: int) -> HttpResponseBase:
    row = _entry(request, entry_id)
    _say_gone(request, quarantine_acts.throw_away(viewer=request.viewer, entry_ids=[row.pk]))
    return _back("")


def _entry(request: PageRequest, entry_id: int) -> Quarantined:
    try:
        return quarantine_acts.entry(request.viewer, entry_id)
    except Quarantined.DoesNotExist as gone:
        raise Http404 from gone


def _reason(typed: str) -> str:
    return typed[:_LONGEST_CODE].replace("\x00", "")


def _back(reason: str) -> HttpResponseBase:
    asked = f"?{urlencode({'reason': reason})}" if reason else ""
    return redirect(f"{reverse('desk:quarantine')}{asked}")


def _say(request: PageRequest, done: Rejudged | None) -> None:
    if done is None:
        messages.success(
            request,
            pgettext("quarantine", "They are many: a job judges them again now. “Jobs” shows how far it is."),
        )
    elif not done.total:
        messages.info(request, pgettext("quarantine", "There is nothing here that can be judged again."))
    else:
        said = [
            npgettext("quarantine", "%(n)s taken in.", "%(n)s taken in.", done.accepted)
            % {"n": done.accepted}
        ]
        if done.duplicates:
            words_for = npgettext(
                "quarantine", "%(n)s was there before.", "%(n)s were there before.", done.duplicates
            )
            said.append(words_for % {"n": done.duplicates})
        if done.refused:
            words_for = npgettext(
                "quarantine", "%(n)s still doesn't fit.", "%(n)s still don't fit.", done.refused
            )
            said.append(words_for % {"n": done.refused})
        if done.unconsented:
            words_for = npgettext(
                "quarantine",
                "%(n)s was deleted: the person no longer consents.",
                "%(n)s were deleted: the people no longer consent.",
                done.unconsented,
            )
            said.append(words_for % {"n": done.unconsented})
        messages.success(request, " ".join(said))


def _say_gone(request: PageRequest, gone: int) -> None:
    words_for = npgettext(
        "quarantine", "%(n)s entry was thrown away.", "%(n)s entries were thrown away.", gone
    )
    messages.success(request, words_for % {"n": gone})
