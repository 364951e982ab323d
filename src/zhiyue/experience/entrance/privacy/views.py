"""Consent asked by the bar, changed on the page of privacy, and the history that can be deleted. For visitors and
members alike."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import npgettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event
from limits import RateLimitItemPerMinute

from zhiyue.collect.selectors import stored_of
from zhiyue.core.academy.selectors import agreements_in_force
from zhiyue.core.accounts.models import User
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, NOTHING, PURPOSES, Purpose
from zhiyue.core.consent.selectors import history_of
from zhiyue.experience.entrance.door import for_members
from zhiyue.experience.entrance.privacy import words
from zhiyue.experience.shell.limits import Allowance, address_of, spend
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest, actor_of, keep_visitor
from zhiyue.product.learning.privacy import choose_consent, delete_history, delete_visitors_history

# Each choice of a browser without a key is a row under a new one: a class may choose at once, a program may not fill
# the table.
_CHOICES = RateLimitItemPerMinute(240)
_OFFERED = {"all": EVERYTHING, "necessary": NOTHING}


@require_POST
def consent(request: PageRequest) -> HttpResponse:
    """What the bar was told. In place where there is a script; else back to the page."""
    granted = _OFFERED.get(request.POST.get("choice", ""))
    onward = safe_next(request, reverse("site:home"))
    if granted is None:
        return HttpResponseRedirect(reverse("entrance:visitor_privacy"))
    _keep(request, granted, Choice.Way.BAR)
    said = pgettext("toast", "Kept. You can change it at any time under “Privacy and consent”.")
    if not request.htmx:
        messages.success(request, said)
        return HttpResponseRedirect(onward)
    answer = render(request, "entrance/privacy/chosen.html", {"said": said})
    keys = " ".join(words.key_of(purpose) for purpose in granted)
    trigger_client_event(answer, "consent-chosen", {"granted": keys}, after="swap")
    return answer


@require_POST
def personalise(request: PageRequest) -> HttpResponse:
    """Suggestions by what one does, on or off as the form says; every other purpose stays as it was."""
    is_wanted = request.POST.get("on") == "1"
    others = request.consent.granted & ~Purpose.PERSONALISATION
    _keep(request, others | Purpose.PERSONALISATION if is_wanted else others, Choice.Way.SETTINGS)
    said = (
        pgettext("toast", "Suggestions follow what you do.")
        if is_wanted
        else pgettext("toast", "Nothing you do counts for suggestions any more.")
    )
    messages.success(request, said)
    return HttpResponseRedirect(safe_next(request, reverse("entrance:visitor_privacy")))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def visitor_privacy(request: PageRequest) -> HttpResponse:
    """For visitors; members have it among their settings."""
    if request.viewer.is_member:
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(reverse("entrance:privacy") + (f"?{query}" if query else ""))
    return _privacy(request, "entrance/privacy/visitor.html", [])


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def privacy(request: PageRequest, user: User) -> HttpResponse:
    return _privacy(request, "entrance/settings/privacy.html", history_of(user.pk))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forget_history(request: PageRequest) -> HttpResponse:
    """Asks once more, then deletes what the event log holds of the viewer."""
    back = reverse("entrance:privacy" if request.viewer.is_member else "entrance:visitor_privacy")
    actor = actor_of(request)
    if request.method != "POST":
        page = {"tab": "me", "back": back, "count": sum(stored_of(actor).values())}
        return render(request, "entrance/privacy/forget.html", page)
    user = request.viewer.user
    gone = delete_history(user=user) if user else delete_visitors_history(actor=actor)
    told = npgettext("toast", "Deleted: %(n)s record.", "Deleted: %(n)s records.", gone) % {"n": gone}
    messages.success(request, told)
    return HttpResponseRedirect(back)


def _privacy(request: PageRequest, template: str, history: list[Choice]) -> HttpResponse:
    onward = safe_next(request, "")
    if request.method == "POST":
        before, granted = request.consent.granted, _named(request.POST.getlist("purpose"))
        _keep(request, granted, Choice.Way.SETTINGS)
        messages.success(request, pgettext("toast", "Saved."))
        return HttpResponseRedirect(
            f"{request.path}?withdrawn=1" if before & ~granted else onward or request.path
        )
    counts = stored_of(actor_of(request))
    page = {
        "tab": "me",
        "onward": onward,
        "purposes": words.explained(),
        "needed": words.kept_in_any_case(),
        "granted": [one.purpose for one in words.explained() if one.purpose & request.consent.granted],
        "is_withdrawn": request.GET.get("withdrawn") == "1" and bool(counts),
        "stored": words.stored(counts),
        "history": [(one, words.chosen(one), words.way(one)) for one in history],
        "agreements": agreements_in_force(),
    }
    return render(request, template, page)


def _keep(request: PageRequest, granted: Purpose, way: Choice.Way) -> None:
    if not request.viewer.is_member:
        spend([Allowance(_CHOICES, "consent", address_of(request))])
    choose_consent(actor=actor_of(request), granted=granted, way=way)
    keep_visitor(request)


def _named(keys: Iterable[str]) -> Purpose:
    """Purposes by their keys; what is none is left out."""
    wanted = set(keys)
    granted = NOTHING
    for purpose in PURPOSES:
        if words.key_of(purpose) in wanted:
            granted |= purpose
    return granted
