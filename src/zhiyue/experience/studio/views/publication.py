"""Bringing a course out: what is missing, now or later, taking it back, its address, and what it is too much like."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.studio.access import for_the_studio, page
from zhiyue.experience.studio.forms import AddressForm, ScheduleForm
from zhiyue.experience.studio.showing import state_of
from zhiyue.product.catalogue import authoring, likeness, services
from zhiyue.product.catalogue.models import Course


@for_the_studio
@require_safe
def publication(request: PageRequest, course_id: int) -> HttpResponse:
    return _page(request, authoring.course_to_change(request.viewer, course_id))


@for_the_studio
@require_POST
def act(request: PageRequest, course_id: int, verb: str) -> HttpResponseBase:
    """Publish, schedule, withdraw or remove. Refused, the page says why."""
    course = authoring.course_to_change(request.viewer, course_id)
    form = ScheduleForm(request.POST if verb == "schedule" else None)
    if verb == "schedule" and not form.is_valid():
        return _page(request, course, schedule=form, status=422)
    try:
        said = _do(request, course, verb, form)
    except Refused as why:
        if verb == "schedule":
            form.refuse(why)
            return _page(request, course, schedule=form, status=why.status)
        return _page(request, course, refused=why, status=why.status)
    messages.success(request, said)
    return redirect("studio:courses") if verb == "remove" else redirect("studio:publication", course_id)


def _do(request: PageRequest, course: Course, verb: str, form: ScheduleForm) -> str:
    viewer = request.viewer
    if verb == "now":
        services.publish(viewer=viewer, course_id=course.pk)
        return pgettext("toast", "It is out. Learners find it from now on.")
    if verb == "schedule":
        services.schedule(viewer=viewer, course_id=course.pk, at=form.cleaned_data["at"])
        return pgettext("toast", "It comes out by itself at that time.")
    if verb == "withdraw":
        services.withdraw(viewer=viewer, course_id=course.pk, why=request.POST.get("why", ""))
        return pgettext("toast", "Withdrawn. Nobody finds it any more; nothing was lost.")
    if verb == "remove":
        services.remove_course(viewer=viewer, course_id=course.pk)
        return pgettext("toast", "The draft is deleted.")
    raise Http404


@for_the_studio
@require_POST
def address(request: PageRequest, course_id: int) -> HttpResponseBase:
    course = authoring.course_to_change(request.viewer, course_id)
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            services.move_course(viewer=request.viewer, course_id=course_id, **form.cleaned_data)
        except Refused as why:
            form.refuse(why)
        else:
            messages.success(request, pgettext("toast", "Moved. Old links lead to the new address."))
            return redirect("studio:publication", course_id)
    return _page(request, course, address=form, status=422)


def _page(
    request: PageRequest,
    course: Course,
    *,
    schedule: ScheduleForm | None = None,
    address: AddressForm | None = None,
    refused: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    needs = authoring.checklist(course)
    values = {
        "tab": "courses",
        "part": "publish",
        "course": course,
        "state": state_of(course),
        "musts": [need for need in needs if need.must],
        "advice": [need for need in needs if not need.must],
        "is_ready": authoring.is_ready(needs),
        "schedule": schedule or ScheduleForm(),
        "schedule_open": schedule is not None,
        "address": address or AddressForm(initial={"slug": course.slug}),
        "share_link": request.build_absolute_uri(reverse("site:course", args=[course.slug])),
        "alike": likeness.likenesses_of(request.viewer, course),
        "refused": refused,
    }
    return page(request, "publication.html", values, status=status)
