"""What staff do to one member: each act calls its service and says what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST

from zhiyue.core.accounts import staff
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.views.members import member_page
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce import services as commerce

Do = Callable[[Viewer, int, QueryDict], object]


@dataclass(frozen=True, slots=True)
class Act:
    """`do` answers False where there was nothing to do; then `idle` is said instead of `done`."""

    permission: Permission
    do: Do
    done: Promise
    idle: Promise


_NOTHING = pgettext_lazy("toast", "Nothing to do: it was so already.")

ACTS: Mapping[str, Act] = {
    "tag": Act(
        Permission.CHANGE_MEMBERS,
        lambda viewer, pk, sent: staff.tag_members(viewer=viewer, member_ids=[pk], tag=sent.get("tag", "")),
        pgettext_lazy("toast", "Tagged."),
        _NOTHING,
    ),
    "untag": Act(
        Permission.CHANGE_MEMBERS,
        lambda viewer, pk, sent: staff.untag_member(viewer=viewer, member_id=pk, tag=sent.get("tag", "")),
        pgettext_lazy("toast", "The tag was taken off."),
        _NOTHING,
    ),
    "grant-role": Act(
        Permission.CHANGE_STAFF,
        lambda viewer, pk, sent: staff.grant_role(
            viewer=viewer, member_id=pk, role=sent.get("role", ""), why=sent.get("why", "")
        ),
        pgettext_lazy("toast", "The role was given."),
        _NOTHING,
    ),
    "revoke-role": Act(
        Permission.CHANGE_STAFF,
        lambda viewer, pk, sent: staff.revoke_role(
            viewer=viewer, member_id=pk, role=sent.get("role", ""), why=sent.get("why", "")
        ),
        pgettext_lazy("toast", "The role was taken back."),
        _NOTHING,
    ),
    "ban": Act(
        Permission.CHANGE_MEMBERS,
        lambda viewer, pk, sent: staff.ban_member(viewer=viewer, member_id=pk, why=sent.get("why", "")),
        pgettext_lazy("toast", "Banned. Every device was signed out."),
        _NOTHING,
    ),
    "unban": Act(
        Permission.CHANGE_MEMBERS,
        lambda viewer, pk, sent: staff.unban_member(viewer=viewer, member_id=pk, why=sent.get("why", "")),
        pgettext_lazy("toast", "The account is open again."),
        _NOTHING,
    ),
    "open-course": Act(
        Permission.CHANGE_MEMBERS,
        lambda viewer, pk, sent: commerce.open_course(
            viewer=viewer, member_id=pk, course_id=_id(sent.get("course", "")), why=sent.get("why", "")
        ),
        pgettext_lazy("toast", "The course is the member's now."),
        _NOTHING,
    ),
    "revoke-course": Act(
        Permission.CHANGE_MEMBERS,
        lambda viewer, pk, sent: commerce.revoke_course(
            viewer=viewer, member_id=pk, course_id=_id(sent.get("course", "")), why=sent.get("why", "")
        ),
        pgettext_lazy("toast", "The course was taken back."),
        _NOTHING,
    ),
}


def acting(name: str) -> Callable[..., HttpResponse]:
    """The view of one act."""
    act = ACTS[name]

    @for_the_desk(act.permission)
    @require_POST
    def view(request: PageRequest, member_id: int) -> HttpResponse:
        try:
            done = act.do(request.viewer, member_id, request.POST)
        except Unfit as why:
            # What was typed stays, beside what is wrong with it.
            refused = {"act": name, "message": why.message, "typed": request.POST}
            return member_page(request, member_id, refused, status=why.status)
        messages.success(request, str(act.done if done else act.idle))
        return HttpResponseRedirect(reverse("desk:member", args=[member_id]))

    return view  # type: ignore[return-value]


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
