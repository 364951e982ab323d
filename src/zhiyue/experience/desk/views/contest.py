"""Learning by lot which policy to show: begun with a reason, ended in one tap."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.lab import words
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.recommend.arms import FEWEST_TAKEN
from zhiyue.recommend.contests import begin_contest, end_contest, is_learning
from zhiyue.recommend.errors import ContestRefused, UnknownPolicy
from zhiyue.recommend.live import live_choice
from zhiyue.recommend.policies import CONTEST, MOST_ARMS, POLICIES


@for_the_desk(Permission.CHANGE_RECOMMENDATION)
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: PageRequest) -> HttpResponse:
    """Ask which policies are to be tried, and why; then begin. Refused, the page comes back with the reason."""
    if request.method != "POST":
        return _asked(request)
    ticked = request.POST.getlist("policy")
    try:
        begin_contest(viewer=request.viewer, policies=ticked, why=request.POST.get("why", ""))
    except Unfit as why:
        return _asked(
            request, ticked, refused={"act": "learn", "message": why.message, "typed": request.POST}
        )
    except (ContestRefused, UnknownPolicy) as refusal:
        return _asked(request, ticked, refusal, {"typed": request.POST})
    messages.success(
        request, pgettext("recommendation lab", "The academy is learning: the lot decides within a second.")
    )
    return HttpResponseRedirect(reverse("desk:lab"))


@for_the_desk(Permission.CHANGE_RECOMMENDATION)
@require_POST
def end(request: PageRequest) -> HttpResponse:
    """Back to the live policy for everybody."""
    live = words.policy(live_choice(request.viewer).policy)
    said = (
        pgettext("recommendation lab", "It is over: “%(policy)s” recommends to everybody within a second.")
        if end_contest(viewer=request.viewer)
        else pgettext("recommendation lab", "Nothing to do: “%(policy)s” recommends to everybody already.")
    )
    messages.success(request, said % {"policy": live})
    return HttpResponseRedirect(reverse("desk:lab"))


def _asked(
    request: PageRequest,
    ticked: list[str] | None = None,
    refusal: Refused | None = None,
    refused: dict[str, object] | None = None,
) -> HttpResponse:
    live = live_choice(request.viewer)
    page = {
        "tab": "lab",
        "live_name": words.policy(live.policy),
        "is_on": is_learning(),
        "policies": [
            (name, words.policy(name), words.meaning(name), name in (ticked or [live.policy]))
            for name in POLICIES
            if name in live.trained
        ],
        "most": MOST_ARMS,
        "least": round(100 * CONTEST.least_share),
        "fewest_taken": FEWEST_TAKEN,
        "refusal": refusal,
        "refused": refused or {},
    }
    status = refusal.status if refusal else Unfit.status if refused else 200
    return render(request, "desk/lab_contest.html", page, status=status)
