"""A course's outline: chapters and lessons, in place where there is a script, else page by page."""

from collections.abc import Callable, Mapping

from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.studio.access import for_the_studio, page
from zhiyue.experience.studio.showing import state_of
from zhiyue.product.catalogue import authoring, services
from zhiyue.product.catalogue.models import Chapter, Course, Lesson

Act = Callable[[Viewer, int, QueryDict], object]
# The form a title was typed in, and the chapter whose it is.
TypedIn = tuple[str, int | None]

_CHAPTER_ACTS: Mapping[str, Act] = {
    "rename": lambda viewer, pk, typed: services.rename_chapter(
        viewer=viewer, chapter_id=pk, title=typed.get("title", "")
    ),
    "up": lambda viewer, pk, typed: services.move_chapter(viewer=viewer, chapter_id=pk, by=-1),
    "down": lambda viewer, pk, typed: services.move_chapter(viewer=viewer, chapter_id=pk, by=1),
    "remove": lambda viewer, pk, typed: services.remove_chapter(viewer=viewer, chapter_id=pk),
    "add-lesson": lambda viewer, pk, typed: services.add_lesson(
        viewer=viewer, chapter_id=pk, title=typed.get("title", "")
    ),
}
_LESSON_ACTS: Mapping[str, Act] = {
    "up": lambda viewer, pk, typed: services.move_lesson(viewer=viewer, lesson_id=pk, by=-1),
    "down": lambda viewer, pk, typed: services.move_lesson(viewer=viewer, lesson_id=pk, by=1),
    "remove": lambda viewer, pk, typed: services.remove_lesson(viewer=viewer, lesson_id=pk),
    "withdraw": lambda viewer, pk, typed: services.withdraw_lesson(
        viewer=viewer, lesson_id=pk, why=typed.get("why", "")
    ),
    "bring-back": lambda viewer, pk, typed: services.bring_back_lesson(viewer=viewer, lesson_id=pk),
}


@for_the_studio
@require_safe
def outline(request: PageRequest, course_id: int) -> HttpResponse:
    return _page(request, authoring.course_to_change(request.viewer, course_id))


@for_the_studio
@require_POST
def add_chapter(request: PageRequest, course_id: int) -> HttpResponseBase:
    def add(viewer: Viewer, pk: int, typed: QueryDict) -> object:
        return services.add_chapter(viewer=viewer, course_id=pk, title=typed.get("title", ""))

    return _do(request, add, course_id, course_id, typed_in=("chapter", None))


@for_the_studio
@require_POST
def chapter_act(request: PageRequest, pk: int, verb: str) -> HttpResponseBase:
    course_id = Chapter.objects.values_list("course_id", flat=True).get(pk=pk)
    return _do(request, _named(_CHAPTER_ACTS, verb), pk, course_id, typed_in=(verb, pk))


@for_the_studio
@require_POST
def lesson_act(request: PageRequest, pk: int, verb: str) -> HttpResponseBase:
    course_id = Lesson.objects.values_list("course_id", flat=True).get(pk=pk)
    return _do(request, _named(_LESSON_ACTS, verb), pk, course_id)


def _named(acts: Mapping[str, Act], verb: str) -> Act:
    if verb not in acts:
        raise Http404
    return acts[verb]


def _do(
    request: PageRequest, act: Act, pk: int, course_id: int, *, typed_in: TypedIn | None = None
) -> HttpResponseBase:
    """Do it and show the outline anew; refused, the outline says why and keeps what was typed where it was."""
    refused: Refused | None = None
    try:
        act(request.viewer, pk, request.POST)
    except Refused as why:
        refused = why
    if refused is None and not request.htmx:
        return redirect("studio:outline", course_id)
    return _page(
        request, authoring.course_to_change(request.viewer, course_id), refused=refused, typed_in=typed_in
    )


def _page(
    request: PageRequest, course: Course, *, refused: Refused | None = None, typed_in: TypedIn | None = None
) -> HttpResponse:
    verb, chapter_id = typed_in if refused and typed_in else ("", None)
    values = {
        "tab": "courses",
        "part": "outline",
        "course": course,
        "state": state_of(course),
        "chapters": list(course.chapters.all()),
        "refused": refused,
        "typed": request.POST.get("title", "") if verb else "",
        "naming": verb == "chapter",
        "adding_to": chapter_id if verb == "add-lesson" else None,
        "renaming": chapter_id if verb == "rename" else None,
    }
    template = "parts/outline.html" if request.htmx else "outline.html"
    return page(request, template, values, status=refused.status if refused else 200)
