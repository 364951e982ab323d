"""The settings: a list, and short pages behind its rows. Second factors have theirs in `safety`."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import npgettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.accounts.errors import UsernameTaken
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.profiles import change_profile
from zhiyue.core.accounts.second_factor import has_second_factor
from zhiyue.core.accounts.sessions import end_session, end_sessions, sessions_of
from zhiyue.experience.entrance.door import for_members
from zhiyue.experience.entrance.safety.devices import ON_THE_MOVE, describe, system_of
from zhiyue.experience.entrance.settings import overview
from zhiyue.experience.entrance.settings.forms import ProfileForm
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest


@require_safe
@for_members
def index(request: PageRequest, user: User) -> HttpResponse:
    return _page(request, "index", groups=overview.main_rows())


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def profile(request: PageRequest, user: User) -> HttpResponse:
    """Name, user name and a line about oneself."""
    now = {"display_name": user.display_name, "username": user.username or "", "bio": user.bio}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=now, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            change_profile(user=user, **form.cleaned_data)
        except UsernameTaken as taken:
            form.add_error("username", str(taken.message))
        else:
            messages.success(request, pgettext("toast", "Saved."))
            return HttpResponseRedirect(reverse("entrance:profile"))
    return _page(request, "profile", form=form)


@require_safe
@for_members
def safety(request: PageRequest, user: User) -> HttpResponse:
    """Everything by which one comes in, and by which others don't."""
    return _page(
        request,
        "safety",
        ways=overview.way_rows(user),
        factors=overview.factor_rows(user),
        connected=overview.connected_rows(user),
    )


@require_safe
@for_members
def second_factor(request: PageRequest, user: User) -> HttpResponse:
    """Where staff are led who lack a second factor, and who came by themselves."""
    came_from = safe_next(request, "")
    if has_second_factor(user):
        return HttpResponseRedirect(came_from or reverse("entrance:safety"))
    return _page(request, "second_factor", came_from=came_from)


@require_safe
@for_members
def devices(request: PageRequest, user: User) -> HttpResponse:
    here = request.session.session_key
    listed = [
        {
            "id": one.pk,
            "name": describe(one.user_agent),
            "icon": "smartphone" if system_of(one.user_agent) in ON_THE_MOVE else "monitor",
            "is_here": one.session_key == here,
            "since": one.created_at,
            "seen": one.last_seen_at,
        }
        for one in sessions_of(user)
    ]
    listed.sort(key=lambda one: not one["is_here"])
    return _page(request, "devices", devices=listed, has_others=any(not one["is_here"] for one in listed))


@require_POST
@for_members
def end_device(request: PageRequest, user: User, session_id: int) -> HttpResponse:
    """Sign one browser out. Somebody else's is as if it weren't there."""
    if not end_session(user=user, session_id=session_id):
        raise Http404
    messages.success(request, pgettext("toast", "Signed out there."))
    return HttpResponseRedirect(reverse("entrance:devices"))


@require_POST
@for_members
def end_others(request: PageRequest, user: User) -> HttpResponse:
    ended = end_sessions(user=user, but=request.session.session_key)
    words = npgettext(
        "toast", "Signed out of %(n)s other device.", "Signed out of %(n)s other devices.", ended
    )
    messages.success(request, words % {"n": ended})
    return HttpResponseRedirect(reverse("entrance:devices"))


@require_safe
@for_members
def appearance(request: PageRequest, user: User) -> HttpResponse:
    return _page(request, "appearance")


@require_safe
@for_members
def notifications(request: PageRequest, user: User) -> HttpResponse:
    return _page(request, "notifications", email=user.email)


def _page(request: PageRequest, name: str, **more: object) -> HttpResponse:
    return render(request, f"entrance/settings/{name}.html", {"tab": "me", **more})
