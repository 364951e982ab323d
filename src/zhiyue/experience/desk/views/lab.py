"""The recommendation lab: policies compared on this academy, which of them is live, and one person under each."""

from collections.abc import Mapping, Sequence

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import search_members
from zhiyue.core.kit.errors import Refused
from zhiyue.engine.beyond_accuracy import FEW_PEOPLE
from zhiyue.engine.evaluate import FEWEST_PEOPLE
from zhiyue.experience.desk import people
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.follow.consenting import choice_now
from zhiyue.experience.desk.lab import words
from zhiyue.experience.desk.lab.comparison import last_difference, shown, without_ranker
from zhiyue.experience.desk.lab.contest import shown_contest
from zhiyue.experience.desk.lab.slates import side_by_side
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.recommend.arms import FEWEST_TAKEN, standings
from zhiyue.recommend.asking import ask_for_run, look_at_slates
from zhiyue.recommend.comparing import NEW_DAYS
from zhiyue.recommend.contests import assigned, is_learning
from zhiyue.recommend.errors import LabBusy, NotLookedAt, UnknownPolicy, UnknownSplit
from zhiyue.recommend.explaining import Explanation
from zhiyue.recommend.extras import missing_extra
from zhiyue.recommend.lab import runs
from zhiyue.recommend.live import choose_live_policy, live_choice
from zhiyue.recommend.policies import POLICIES


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def lab(request: PageRequest) -> HttpResponse:
    """The newest comparison, or that of the number `run`."""
    return _lab(request)


@for_the_desk(Permission.CHANGE_RECOMMENDATION)
@require_POST
def start(request: PageRequest) -> HttpResponse:
    """Compare what was ticked. Refused, the page comes back with the reason."""
    ticked, split = request.POST.getlist("policy"), request.POST.get("split", "")
    try:
        ask_for_run(viewer=request.viewer, policies=ticked, split=split)
    except (LabBusy, UnknownPolicy, UnknownSplit) as refusal:
        return _lab(request, refusal=refusal, ticked=ticked, split=split)
    return HttpResponseRedirect(reverse("desk:lab"))


@for_the_desk(Permission.CHANGE_RECOMMENDATION)
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: PageRequest, policy: str) -> HttpResponse:
    """Ask whether this policy is to be live, with what was measured; then make it so."""
    if policy not in POLICIES:
        raise Http404(f"There is no policy “{policy[:40]}”.")
    if request.method == "POST":
        try:
            done = choose_live_policy(viewer=request.viewer, policy=policy, why=request.POST.get("why", ""))
        except Unfit as why:
            refused = {"act": "live", "message": why.message, "typed": request.POST}
            return _asked_to_choose(request, policy, refused, status=why.status)
        said = (
            pgettext("recommendation lab", "“%(policy)s” is live: slates follow within a second.")
            if done
            else pgettext("recommendation lab", "Nothing to do: “%(policy)s” is live already.")
        )
        messages.success(request, said % {"policy": words.policy(policy)})
        return HttpResponseRedirect(reverse("desk:lab"))
    return _asked_to_choose(request, policy)


def _asked_to_choose(
    request: PageRequest, policy: str, refused: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    live = live_choice(request.viewer)
    measured = last_difference(runs(request.viewer), policy, live.policy)
    page = {
        "tab": "lab",
        "policy": policy,
        "name": words.policy(policy),
        "meaning": words.meaning(policy),
        "live": live.policy,
        "live_name": words.policy(live.policy),
        "run": measured[0] if measured else None,
        "split": words.split(measured[0].split) if measured else "",
        "difference": measured[1] if measured else None,
        "not_whole": without_ranker(measured[0], [policy, live.policy]) if measured else [],
        "is_trained": policy in live.trained,
        "is_contest_on": is_learning(),
        "refused": refused or {},
    }
    return render(request, "desk/lab_choose.html", page, status=status)


@for_the_desk(Permission.SEE_ACTIVITY)
@require_safe
def slates(request: PageRequest) -> HttpResponse:
    """One person's slates under each policy; whom to look at is asked for first."""
    who = people.who(request.GET.get("who", ""), request.viewer)
    sought = people.sought(request.GET.get("q", ""))
    page: dict[str, object] = {
        "tab": "lab",
        "who": who,
        "sought": sought,
        "found": search_members(sought) if sought else [],
    }
    if who.actor is not None and not sought:
        try:
            found = look_at_slates(
                viewer=request.viewer, actor=who.actor, name=who.name, policies=list(POLICIES)
            )
            drawn = assigned(who.actor)
            page |= {
                "slates": side_by_side(found, live=drawn.policy),
                "acts": _acts(found),
                "is_drawn": drawn.contest is not None,
            }
        except NotLookedAt:
            page |= {"withheld": {"name": who.name, "choice": choice_now(who.actor)}}
    return render(request, "desk/lab_slates.html", page)


def _lab(
    request: PageRequest, *, refusal: Refused | None = None, ticked: list[str] | None = None, split: str = ""
) -> HttpResponse:
    kept = runs(request.viewer)
    live = live_choice(request.viewer)
    number = request.GET.get("run", "")
    asked = next((run for run in kept if str(run.pk) == number), None)
    if number and asked is None:
        raise Http404("There is no such comparison; the last ones are kept.")
    done = asked or next((run for run in kept if run.state == "done"), None)
    newest = kept[0] if kept else None
    contest = standings(request.viewer)
    is_on = contest is not None and contest.ended_at is None
    if contest is not None and not is_on and contest.counted_until is None:
        # Over before a day was: it tells nothing.
        contest = None
    missing = {name: extra for name in POLICIES if (extra := missing_extra(name))}
    wanted = ticked if ticked is not None else [name for name in POLICIES if name not in missing]
    page = {
        "tab": "lab",
        "live": live,
        "live_name": words.policy(live.policy),
        "live_meaning": words.meaning(live.policy),
        "serving_name": words.policy(live.serving) if live.serving != live.policy else "",
        "others": [
            (name, words.policy(name), words.meaning(name)) for name in POLICIES if name != live.policy
        ],
        "policies": [(name, words.policy(name), words.meaning(name), name in wanted) for name in POLICIES],
        "not_installed": [(words.policy(name), extra) for name, extra in missing.items()],
        "splits": [(code, said, code == split) for code, said in words.SPLITS.items()],
        "contest": shown_contest(contest) if contest else None,
        "is_contest_on": is_on,
        "fewest_taken": FEWEST_TAKEN,
        "refusal": refusal,
        "newest": newest,
        # Whoever watched the run that is over now gets to know; whoever comes later finds it on the page.
        "watched": newest is not None and request.GET.get("watch", "") == str(newest.pk),
        "turn": words.policy(newest.policy) if newest and newest.policy else "",
        "shown": shown(done, live=live.policy, asked_of=request.GET.get("of", "")) if done else None,
        "split": words.split(done.split) if done else "",
        "runs": [(run, words.split(run.split), len(run.policies)) for run in kept],
        "fewest": FEWEST_PEOPLE,
        "new_days": NEW_DAYS,
        "few_people": FEW_PEOPLE,
        "may_change": request.viewer.may(Permission.CHANGE_RECOMMENDATION),
    }
    return render(request, "desk/lab.html", page, status=refusal.status if refusal else 200)


def _acts(found: Sequence[Explanation]) -> int:
    """How many acts slates of one's own go by: what the person corrected counts for these only."""
    return min(one.acts for one in found if POLICIES[one.policy].is_varied)
