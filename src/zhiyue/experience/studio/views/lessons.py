"""Writing a lesson: the editor, its preview, its address."""

import json

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST
from limits import RateLimitItemPerMinute

from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.limits import Allowance, TooMany, spend
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.studio.access import for_the_studio, page
from zhiyue.experience.studio.forms import AddressForm, LessonForm, lesson_as_typed
from zhiyue.experience.studio.uploads import sent_picture, with_wait
from zhiyue.product.catalogue import authoring, prose, reading_time
from zhiyue.product.catalogue.errors import BadFact, ChangedMeanwhile
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.catalogue.services import add_picture, change_lesson, move_lesson_address
from zhiyue.product.catalogue.services.typed import BODY_AT_MOST

# Twice as many as somebody gets who types without a rest and stops for a moment after each word.
PREVIEWS = RateLimitItemPerMinute(60)


@for_the_studio
@require_http_methods(["GET", "HEAD", "POST"])
def lesson(request: PageRequest, lesson_id: int) -> HttpResponseBase:
    found = authoring.lesson_to_change(request.viewer, lesson_id)
    if request.method != "POST":
        return _editor(request, found, LessonForm(initial=lesson_as_typed(found)))
    form = LessonForm(request.POST)
    if "preview" in request.POST:
        _spend_preview(request)
        return _editor(request, found, form)
    if not form.is_valid():
        return _editor(request, found, form, status=422)
    return _save(request, found, form)


def _save(request: PageRequest, found: Lesson, form: LessonForm) -> HttpResponseBase:
    """Save what was typed; refused, the editor comes back with it."""
    try:
        saved = change_lesson(
            viewer=request.viewer, lesson_id=found.pk, facts=form.facts(), seen_at=form.cleaned_data["seen"]
        )
    except ChangedMeanwhile as why:
        theirs = authoring.lesson_to_change(request.viewer, found.pk)
        kept = request.POST.copy()
        kept["seen"] = theirs.updated_at.isoformat()
        return _editor(request, found, LessonForm(kept), theirs=theirs, status=why.status)
    except Refused as why:
        form.refuse(why)
        return _editor(request, found, form, status=why.status)
    if request.htmx:
        answer = render(request, "studio/parts/saved.html", {"lesson": saved})
        answer["HX-Trigger"] = json.dumps({"studio:saved": {"lesson": saved.pk}})
        return answer
    messages.success(request, pgettext("toast", "Saved."))
    return redirect("studio:lesson", found.pk)


@for_the_studio
@require_POST
def preview(request: PageRequest) -> HttpResponse:
    """What the text will look like. Nothing is kept."""
    _spend_preview(request)
    return render(request, "studio/parts/preview.html", _shown(request.POST.get("body", "")))


@for_the_studio
@require_POST
def picture(request: PageRequest, lesson_id: int) -> HttpResponse:
    """Keep a picture and tell the editor where it is; what is wrong with one is said in the same form."""
    authoring.lesson_to_change(request.viewer, lesson_id)
    try:
        kept = add_picture(viewer=request.viewer, lesson_id=lesson_id, content=sent_picture(request))
    except (BadFact, TooMany) as why:
        return with_wait(JsonResponse({"message": str(why.message)}, status=why.status), why)
    return JsonResponse({"address": kept.address}, status=201)


@for_the_studio
@require_POST
def address(request: PageRequest, lesson_id: int) -> HttpResponseBase:
    found = authoring.lesson_to_change(request.viewer, lesson_id)
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            move_lesson_address(viewer=request.viewer, lesson_id=lesson_id, **form.cleaned_data)
        except Refused as why:
            form.refuse(why)
        else:
            messages.success(request, pgettext("toast", "Moved. Old links lead to the new address."))
            return redirect("studio:lesson", lesson_id)
    editor = LessonForm(initial=lesson_as_typed(found))
    return _editor(request, found, editor, address=form, status=422)


def _editor(
    request: PageRequest,
    found: Lesson,
    form: LessonForm,
    *,
    theirs: Lesson | None = None,
    address: AddressForm | None = None,
    status: int = 200,
) -> HttpResponse:
    text = form["body"].value() or ""
    values: dict[str, object] = {
        "tab": "courses",
        "lesson": found,
        "course": found.course,
        "form": form,
        "theirs": theirs,
        "address": (address or AddressForm(initial={"slug": found.slug})).sent_with("lesson-address"),
        "address_open": address is not None,
        **_shown(text),
    }
    if not request.htmx:
        return page(request, "lesson.html", values, status=status)
    answer = page(request, "parts/editor.html", values, status=status)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#editor", "outerHTML"
    return answer


def _spend_preview(request: PageRequest) -> None:
    """A long text takes seconds to be shown. Raises TooMany."""
    spend([Allowance(PREVIEWS, "preview", f"m{request.viewer.member_id}")])


def _shown(text: str) -> dict[str, object]:
    text = text[:BODY_AT_MOST]
    return {
        "body": prose.render(text),
        "length": reading_time.length(text),
        "minutes": reading_time.minutes(text),
    }
