"""Courses that are nearly the same, pair by pair: left as they are, or written about to who teaches them."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue import likeness
from zhiyue.product.catalogue.errors import BadFact
from zhiyue.product.catalogue.models import Likeness


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_safe
def sameness(request: PageRequest) -> HttpResponse:
    return _page(request, aside=request.GET.get("which") == "aside")


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_POST
def set_aside(request: PageRequest, likeness_id: int) -> HttpResponseBase:
    why = request.POST.get("why", "")
    try:
        likeness.set_aside(viewer=request.viewer, likeness_id=likeness_id, why=why)
    except Likeness.DoesNotExist as gone:
        raise Http404 from gone
    except BadFact as refusal:
        return _page(request, refused=(likeness_id, 0), error=str(refusal.message), typed=why)
    messages.success(request, pgettext("toast", "Set aside. It comes back when the two grow more alike."))
    return redirect("desk:sameness")


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_POST
def write(request: PageRequest, likeness_id: int, course_id: int) -> HttpResponseBase:
    """A mail to who teaches one of the two."""
    text = request.POST.get("text", "")
    link = request.build_absolute_uri(reverse("studio:publication", args=[course_id]))
    try:
        name = likeness.write_to_teacher(
            viewer=request.viewer, likeness_id=likeness_id, course_id=course_id, text=text, link=link
        )
    except Likeness.DoesNotExist as gone:
        raise Http404 from gone
    except BadFact as refusal:
        return _page(request, refused=(likeness_id, course_id), error=str(refusal.message), typed=text)
    messages.success(request, pgettext("toast", "The mail to %(name)s is on its way.") % {"name": name})
    return redirect("desk:sameness")


def _page(
    request: PageRequest,
    *,
    aside: bool = False,
    refused: tuple[int, int] = (0, 0),
    error: str = "",
    typed: str = "",
) -> HttpResponse:
    """`refused` names the pair, and the course where it was a mail that wasn't sent."""
    page = {
        "tab": "sameness",
        "aside": aside,
        "pairs": likeness.twins(request.viewer, dismissed=aside),
        "refused_pair": refused[0],
        "refused_course": refused[1],
        "error": error,
        "typed": typed,
    }
    return render(request, "desk/sameness.html", page, status=422 if error else 200)
