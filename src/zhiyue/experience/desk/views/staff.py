"""Who is staff, and the links by which people become it."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.accounts import directory, invitations
from zhiyue.core.accounts.models import Role, StaffInvitation
from zhiyue.core.accounts.permissions import STAFF_ROLES, Permission
from zhiyue.core.kit import clock
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.inviting import InviteForm, post_invitation
from zhiyue.experience.shell.once import form_of
from zhiyue.experience.shell.viewers import PageRequest

# The digest of the invitation that this browser opened, until its person has signed in and decided.
OPENED = "staff_invitation"


@for_the_desk(Permission.CHANGE_STAFF)
@require_safe
def staff(request: PageRequest) -> HttpResponse:
    return _staff_page(request, InviteForm())


@for_the_desk(Permission.CHANGE_STAFF)
@require_POST
@sensitive_variables("secret", "link")
def invite(request: PageRequest) -> HttpResponse:
    """Make an invitation and show its link, this once."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _staff_page(request, form, status=400)
    wanted = form.cleaned_data
    form_name = form_of(request)
    made, secret, is_repeated = invitations.invite_staff(
        viewer=request.viewer, role=wanted["role"], remark=wanted["remark"],
        # The same form sent to somebody else, after going back, is another invitation.
        form=form_name and f"{form_name} {wanted['email']}",
    )  # fmt: skip
    link = request.build_absolute_uri(reverse("desk:open_invitation", args=[secret]))
    if wanted["email"] and not is_repeated:
        post_invitation(made, to=wanted["email"], link=link)
    return _staff_page(request, InviteForm(), link=link, sent_to=wanted["email"], made=made)


@for_the_desk(Permission.CHANGE_STAFF)
@require_POST
def withdraw(request: PageRequest, invitation_id: int) -> HttpResponse:
    invitations.withdraw_invitation(viewer=request.viewer, invitation_id=invitation_id)
    messages.success(request, pgettext("toast", "The invitation was withdrawn. Its link opens nothing now."))
    return HttpResponseRedirect(reverse("desk:staff"))


@require_safe
@never_cache
@sensitive_variables("secret")
def open_invitation(request: PageRequest, secret: str) -> HttpResponse:
    """Where the link leads: the address with the secret is left at once, so that no page has it as its own. A link that
    opens nothing leaves no session behind."""
    digest = invitations.digest_of(secret)
    if invitations.open_invitation(digest):
        request.session[OPENED] = digest
    else:
        request.session.pop(OPENED, None)
    return HttpResponseRedirect(reverse("desk:invitation"))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation(request: PageRequest) -> HttpResponse:
    """The invitation this browser opened: sign in, then say yes."""
    digest = request.session.get(OPENED, "")
    if request.method == "POST" and request.viewer.user is not None:
        made = invitations.accept_invitation(user=request.viewer.user, digest=digest)
        request.session.pop(OPENED, None)
        words = pgettext("toast", "Welcome: you are staff now, as %(role)s.") % {
            "role": Role(made.role).label
        }
        messages.success(request, words)
        to_desk = "desk:desk" if made.role != Role.CREATOR else "site:home"
        return HttpResponseRedirect(reverse(to_desk))
    found = invitations.open_invitation(digest) if digest else None
    holds = found is not None and found.role in request.viewer.roles | request.viewer.withheld
    context = {"invitation": found, "holds": holds, "here": reverse("desk:invitation")}
    return render(request, "desk/invitation.html", context, status=200 if found else 404)


def _staff_page(
    request: PageRequest,
    form: InviteForm,
    *,
    link: str = "",
    sent_to: str = "",
    made: StaffInvitation | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    context = {
        "tab": "staff",
        "form": form,
        "staff": directory.staff(request.viewer),
        "invitations": [
            (one, Role(one.role).label, _state(one, now)) for one in invitations.invitations(request.viewer)
        ],
        "roles": [role for role in Role if role in STAFF_ROLES],
        "link": link,
        "sent_to": sent_to,
        "made": made,
    }
    return render(request, "desk/staff.html", context, status=status)


def _state(one: StaffInvitation, now: datetime) -> str:
    """What became of an invitation: open, accepted, withdrawn or expired."""
    if one.accepted_at:
        return "accepted"
    if one.withdrawn_at:
        return "withdrawn"
    return "open" if one.expires_at > now else "expired"
