"""Members: the list, one of them, and a tag put on several at once."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import npgettext, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import latest_events
from zhiyue.core.accounts import directory, trail
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.models import Role, User
from zhiyue.core.accounts.permissions import STAFF_ROLES, Permission
from zhiyue.core.accounts.sessions import sessions_of
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.entries import shown_entries
from zhiyue.experience.desk.last_acts import EVENTS_READ, LastAct, last_acts
from zhiyue.experience.desk.lists import filters_asked
from zhiyue.experience.desk.member_table import COLUMNS
from zhiyue.experience.desk.members import FindForm, found, page_of
from zhiyue.experience.desk.tagging import tag_found
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.selectors import PAID, owned_by
from zhiyue.product.learning.selectors import courses_begun_by

ACTS_SHOWN = 8

# How a member came by a course, as `owned_by` says it.
SOURCES = {**dict(Enrolment.Source.choices), PAID: pgettext_lazy("enrolment source", "Bought")}


@for_the_desk(Permission.SEE_MEMBERS)
@require_safe
def members(request: PageRequest) -> HttpResponse:
    return list_page(request, request.GET)


def list_page(
    request: PageRequest, asked: QueryDict, refused: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    """The list that `asked` describes; `refused` tells of an act on it that was not done, with what was typed."""
    form = FindForm(asked, request.viewer)
    page, listed = page_of(request.viewer, found(request.viewer, form), asked.get("page", ""))
    context = {
        "tab": "members",
        "form": form,
        "page": page,
        "listed": listed,
        **filters_asked(asked),
        "may_change": request.viewer.may(Permission.CHANGE_MEMBERS),
        "may_export": request.viewer.may(Permission.EXPORT_MEMBERS),
        "sees_activity": request.viewer.may(Permission.SEE_ACTIVITY),
        "columns": COLUMNS,
        "refused": refused or {},
    }
    return render(request, "desk/members.html", context, status=status)


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_POST
def tag_chosen(request: PageRequest) -> HttpResponse:
    """Tag the members that are ticked, or all that the list shows on all its pages."""
    asked = QueryDict(request.POST.get("asked", ""))
    ids = list(chosen(request, asked).order_by().values_list("pk", flat=True))
    try:
        if not ids:
            raise Unfit(pgettext("member", "Tick the members who get the tag first."))
        n = tag_found(viewer=request.viewer, member_ids=ids, tag=request.POST.get("tag", ""))
    except Unfit as why:
        typed = {"message": why.message, "tag": request.POST.get("tag", ""), "ids": set(ids)}
        return list_page(request, asked, typed, status=why.status)
    if n is None:
        words = pgettext("toast", "These are many: the tag is put on in the background, see the page “Jobs”.")
    else:
        words = npgettext("toast", "%(n)s member was tagged.", "%(n)s members were tagged.", n) % {"n": n}
    messages.success(request, words)
    return HttpResponseRedirect(f"{reverse('desk:members')}?{asked.urlencode()}")


def chosen(request: PageRequest, asked: QueryDict) -> QuerySet[User]:
    """The members ticked on a page of the list, or with `all` everyone it found."""
    everybody = found(request.viewer, FindForm(asked, request.viewer))
    if request.POST.get("all"):
        return everybody
    ticked = [int(text) for text in request.POST.getlist("member") if _is_id(text)]
    return everybody.filter(pk__in=ticked)


@for_the_desk(Permission.SEE_MEMBERS)
@require_safe
def member(request: PageRequest, member_id: int) -> HttpResponse:
    return member_page(request, member_id)


def member_page(
    request: PageRequest, member_id: int, refused: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    """One member; `refused` tells of an act that was not done, with what was typed."""
    viewer = request.viewer
    user, row = directory.one(viewer, member_id)
    may_change = viewer.may(Permission.CHANGE_MEMBERS)
    owned: list[Any] = list(owned_by(member_id))
    begun = courses_begun_by(Actor(member_id=member_id))
    context = {
        "tab": "members",
        "row": row,
        "ways": directory.ways_in(viewer, user),
        "devices": len(sessions_of(user)),
        "owned": [
            (one, SOURCES[one.source], begun[one.pk].finished if one.pk in begun else 0) for one in owned
        ],
        "membership": membership_of(user),
        "begun": [one for pk, one in begun.items() if pk not in {own.pk for own in owned}],
        "courses": _to_open({one.pk for one in owned}) if may_change else [],
        "acts": _acts(request, member_id),
        "entries": shown_entries(trail.about_member(viewer, member_id))
        if viewer.may(Permission.SEE_AUDIT)
        else None,
        "may_change": may_change,
        "may_change_staff": viewer.may(Permission.CHANGE_STAFF),
        "roles_to_give": [role for role in Role if role in STAFF_ROLES and role not in row.roles],
        "sees_orders": viewer.may(Permission.SEE_ORDERS),
        "is_self": viewer.member_id == member_id,
        "refused": refused or {},
    }
    return render(request, "desk/member.html", context, status=status)


def _acts(request: PageRequest, member_id: int) -> list[LastAct] | None:
    """What the member did last; None for who may not know."""
    if not request.viewer.may(Permission.SEE_ACTIVITY):
        return None
    events = latest_events(actor=Actor(member_id=member_id), limit=EVENTS_READ)
    return last_acts(events, limit=ACTS_SHOWN)


def _to_open(owned: set[int]) -> list[tuple[int, str]]:
    """Courses that could be opened for somebody who owns `owned`."""
    rows = Course.objects.exclude(pk__in=owned).exclude(status=Course.Status.DRAFT)
    return list(rows.order_by("title").values_list("pk", "title"))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
