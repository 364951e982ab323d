"""Pages for what went wrong: each says what happened and what to do next. Programs get the same as JSON."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.academy.errors import AgreementsPending
from zhiyue.core.academy.models import AgreementKind
from zhiyue.core.accounts.errors import SecondFactorRequired
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.doors import by_way_of
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.problems import told
from zhiyue.experience.shell.redirects import safe_address, safe_next
from zhiyue.experience.shell.viewers import PageRequest

Words = str | Promise
# For programs: what a status is called where nothing below says more.
_CODES = {400: "bad_request", 403: "permission_denied", 404: "not_found", 405: "method_not_allowed"}
_ART = {
    400: "letter",
    403: "door",
    404: "shelf",
    405: "letter",
    409: "pages",
    413: "letter",
    429: "hourglass",
}
_TRY_AGAIN_SECONDS = 10
# Above a refusal's own words, which are a sentence: what stands in the tab and as the heading.
_TITLES = {
    402: pgettext_lazy("error page", "This has to be paid for"),
    403: pgettext_lazy("error page", "Not open to you"),
    404: pgettext_lazy("error page", "It isn't there"),
    409: pgettext_lazy("error page", "That can't be done now"),
    410: pgettext_lazy("error page", "It is over"),
    429: pgettext_lazy("error page", "Too often"),
}
_TITLE = pgettext_lazy("error page", "That didn't work")
_ADVICE = {
    409: pgettext_lazy(
        "error page", "Something changed meanwhile. Go back, look at it again, and decide anew."
    ),
    429: pgettext_lazy(
        "error page", "This keeps the academy quick and safe for everybody. What you did is kept."
    ),
}
TOO_LARGE = pgettext_lazy("api", "The request is larger than the academy takes.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    title = pgettext_lazy("error page", "That request could not be read")
    advice = pgettext_lazy("error page", "The address may have been cut off. Start again from the home page.")
    return _page(request, 400, title, advice)


def too_large(request: HttpRequest) -> HttpResponse:
    if _is_for_programs(request):
        return told(request, "too_large", detail=TOO_LARGE)
    if getattr(request, "htmx", None):
        words = pgettext_lazy(
            "toast",
            "That is larger than the academy takes, so nothing was kept. What you typed is still here: shorten it.",
        )
        return _toast(request, words, 413)
    title = pgettext_lazy("error page", "That is larger than the academy takes")
    advice = pgettext_lazy(
        "error page", "Nothing was kept. Go back, make the file or the text smaller, and send it again."
    )
    return _page(request, 413, title, advice)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    title = pgettext_lazy("error page", "This page isn't open to you")
    advice = pgettext_lazy(
        "error page", "Sign in with an account that may see it, or go back to the courses."
    )
    return _page(request, 403, title, advice)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    title = pgettext_lazy("error page", "There is no such page")
    advice = pgettext_lazy(
        "error page", "It may have moved, or the course is no longer offered. All courses are one step away."
    )
    return _page(request, 404, title, advice)


def method_not_allowed(request: HttpRequest, answer: HttpResponseNotAllowed) -> HttpResponse:
    """Somebody opened what only a button sends to, or sent to what can only be looked at: `answer` says it to programs
    alone, in its header."""
    title = pgettext_lazy("error page", "This can't be opened by its address")
    if request.method in ("GET", "HEAD"):
        advice = pgettext_lazy(
            "error page", "It takes what a button sends. Go to the page with the button, and press it there."
        )
    else:
        title = pgettext_lazy("error page", "Nothing can be sent here")
        advice = pgettext_lazy("error page", "Nothing was changed. Go back, reload the page and try again.")
    page = _page(request, 405, title, advice)
    page["Allow"] = answer["Allow"]
    return page


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token. Who signed in meanwhile, in another tab, needs no form for it any more: on they go."""
    viewer = getattr(request, "viewer", None)
    if (
        request.path in {reverse("entrance:sign_in"), reverse("entrance:sign_up")}
        and viewer
        and viewer.is_member
    ):
        return HttpResponseRedirect(safe_next(request, reverse("site:home")))
    title = pgettext_lazy("error page", "This form had grown old")
    advice = pgettext_lazy(
        "error page",
        "For your safety it was not sent. Go back, reload the page and send it again with cookies allowed.",
    )
    return _page(request, 403, title, advice)


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks the database nothing: it may be the very thing that failed. Where it is, that will pass: a 503."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _unavailable(request)
    title = pgettext_lazy("error page", "Something broke on our side")
    if _is_for_programs(request):
        return told(request, "server_error")
    advice = pgettext_lazy(
        "error page",
        "It has been written to the log. What you did before is kept; try again in a moment.",
    )
    return _bare_page(request, 500, title, advice)


def _unavailable(request: HttpRequest) -> HttpResponse:
    title = pgettext_lazy("error page", "The academy is resting for a moment")
    if _is_for_programs(request):
        answer: HttpResponse = told(request, "unavailable")
    else:
        advice = pgettext_lazy(
            "error page",
            "Its records can't be reached just now. Nothing is lost; reload the page in a moment.",
        )
        answer = _bare_page(request, 503, title, advice)
    answer["Retry-After"] = str(_TRY_AGAIN_SECONDS)
    return answer


def refused(request: PageRequest, refusal: Refused) -> HttpResponse:
    """A service would not do it: its own words, with its own status. A part of a page gets a note instead."""
    if request.htmx:
        return _toast(request, refusal.message, refusal.status)
    answer = (
        told(request, refusal.code, status=refusal.status, detail=refusal.message)
        if _is_for_programs(request)
        else _page(
            request,
            refusal.status,
            _TITLES.get(refusal.status, _TITLE),
            _ADVICE.get(refusal.status, ""),
            said=refusal.message,
        )
    )
    if isinstance(refusal, TooMany):
        answer["Retry-After"] = str(refusal.retry_after)
    return answer


def second_factor_required(request: PageRequest, refusal: SecondFactorRequired) -> HttpResponse:
    """Staff who lack a second factor are led to the page that sets one up, and from there back to where they were."""
    return _led_to(request, refusal, "entrance:second_factor")


def agreements_pending(request: PageRequest, refusal: AgreementsPending) -> HttpResponse:
    """Members are led to what they haven't accepted yet, and from there back to where they were."""
    query = {"for": "creator"} if AgreementKind.CREATOR in refusal.kinds else {}
    return _led_to(request, refusal, "entrance:agreements", **query)


def _led_to(request: PageRequest, refusal: Refused, stop: str, **query: str) -> HttpResponse:
    """To the page that removes what stands in the way; programs, which can't go there, are told what it is."""
    if _is_for_programs(request):
        return told(request, refusal.code, status=refusal.status, detail=refusal.message)
    return by_way_of(request, stop, home="site:home", **query)


def _toast(request: HttpRequest, message: Words, status: int) -> HttpResponse:
    """Instead of a part of the page, which stays as it is."""
    answer = render(request, "shell/parts/refusal_toast.html", {"message": message}, status=status)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#toasts", "innerHTML"
    return answer


def _page(
    request: HttpRequest, status: int, title: Words, advice: Words, *, said: Words = ""
) -> HttpResponse:
    if _is_for_programs(request):
        return told(request, _CODES.get(status, "bad_request"), status=status)
    words = {**_words(request, status, title, advice), "said": said}
    return render(request, "shell/error.html", words, status=status)


def _bare_page(request: HttpRequest, status: int, title: Words, advice: Words) -> HttpResponse:
    """Without the frame, which asks who is looking."""
    return render(request, "shell/server_error.html", _words(request, status, title, advice), status=status)


def _words(request: HttpRequest, status: int, title: Words, advice: Words) -> dict[str, object]:
    # Where a form was refused, the way on is the page it stood on.
    came_from = request.headers.get("Referer", "") if request.method == "POST" else ""
    return {
        "status": status,
        "title": title,
        "advice": advice,
        "art": _ART.get(status, "cup"),
        "back_url": safe_address(request, came_from, ""),
    }


def _is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
