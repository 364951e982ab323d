"""An author's courses, and beginning one."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from zhiyue.core.academy.errors import AgreementsPending
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.studio.access import for_the_studio, page
from zhiyue.experience.studio.forms import NewCourseForm
from zhiyue.experience.studio.showing import state_of, worn
from zhiyue.product.catalogue import authoring
from zhiyue.product.catalogue.services import create_course
from zhiyue.product.commerce.selectors import learners_of


@for_the_studio
@require_safe
def courses(request: PageRequest) -> HttpResponse:
    everybody = request.GET.get("of") == "everybody"
    found = authoring.courses_of(request.viewer, everybody=everybody)
    learners = learners_of(course.pk for course in found)
    rows = [
        {"course": course, "cover": cover, "state": state_of(course), "learners": learners.get(course.pk, 0)}
        for course, cover in zip(found, worn(found), strict=True)
    ]
    return page(request, "courses.html", {"tab": "courses", "rows": rows, "everybody": everybody})


@for_the_studio
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PageRequest) -> HttpResponseBase:
    form = NewCourseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_course(viewer=request.viewer, **form.cleaned_data)
        except AgreementsPending:
            raise
        except Refused as why:
            form.refuse(why)
        else:
            messages.success(
                request, pgettext("toast", "Your draft is here. Only you and the operators see it.")
            )
            return redirect("studio:outline", made.pk)
    status = 422 if form.is_bound else 200
    values = {"tab": "courses", "form": form, "has_topics": bool(authoring.all_topics())}
    return page(request, "new.html", values, status=status)


@for_the_studio
@require_safe
def course(request: PageRequest, course_id: int) -> HttpResponseRedirect:
    """Where the studio begins with a course: its outline."""
    return HttpResponseRedirect("outline/")
