"""How a course looks: its drawn cover and the word on it, or a picture of its own."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST

from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell import covers
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.studio.access import for_the_studio, page
from zhiyue.experience.studio.showing import cover, state_of
from zhiyue.experience.studio.uploads import sent_picture, with_wait
from zhiyue.product.catalogue import authoring
from zhiyue.product.catalogue.errors import BadFact
from zhiyue.product.catalogue.models import Course
from zhiyue.product.catalogue.services import put_keyword, put_picture, remove_picture


@for_the_studio
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: PageRequest, course_id: int) -> HttpResponseBase:
    course = authoring.course_to_change(request.viewer, course_id)
    if request.method != "POST":
        return _page(request, course)
    try:
        put_picture(viewer=request.viewer, course_id=course_id, content=sent_picture(request))
    except (BadFact, TooMany) as why:
        return with_wait(_page(request, course, error=str(why.message), status=why.status), why)
    messages.success(request, pgettext("toast", "This is the cover now."))
    return redirect("studio:look", course_id)


@for_the_studio
@require_POST
def keyword(request: PageRequest, course_id: int) -> HttpResponseBase:
    typed = request.POST.get("keyword", "")
    try:
        put_keyword(viewer=request.viewer, course_id=course_id, keyword=typed)
    except Refused as why:
        course = authoring.course_to_change(request.viewer, course_id)
        return _page(request, course, keyword_error=str(why.message), typed=typed, status=422)
    messages.success(request, pgettext("toast", "Saved."))
    return redirect("studio:look", course_id)


@for_the_studio
@require_POST
def drawn(request: PageRequest, course_id: int) -> HttpResponseBase:
    remove_picture(viewer=request.viewer, course_id=course_id)
    messages.success(request, pgettext("toast", "The drawn cover is back."))
    return redirect("studio:look", course_id)


def _page(
    request: PageRequest,
    course: Course,
    *,
    error: str = "",
    keyword_error: str = "",
    typed: str | None = None,
    status: int = 200,
) -> HttpResponse:
    values = {
        "tab": "courses",
        "part": "look",
        "course": course,
        "state": state_of(course),
        "cover": cover(course),
        "drawn": covers.draw(slug=course.slug, topic=course.topic.slug, keyword=course.keyword),
        "error": error,
        "keyword_error": keyword_error,
        "keyword": course.keyword if typed is None else typed,
    }
    return page(request, "look.html", values, status=status)
