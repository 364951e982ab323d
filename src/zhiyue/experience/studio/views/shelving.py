"""What a creator says of themselves; and for operators, topics and teachers."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.studio.access import for_the_studio, page
from zhiyue.experience.studio.forms import StudioForm
from zhiyue.experience.studio.shelving_forms import OwnTeacherForm, TeacherForm, TopicForm, account_as_typed
from zhiyue.experience.studio.uploads import sent_picture, with_wait
from zhiyue.product.catalogue import authoring, services
from zhiyue.product.catalogue.errors import BadFact
from zhiyue.product.catalogue.models import Teacher, Topic


@for_the_studio
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: PageRequest) -> HttpResponseBase:
    form = _own_form(request, request.POST or None)
    if _saved(request, form, lambda: services.change_own_teacher(viewer=request.viewer, **form.cleaned_data)):
        return redirect("studio:me")
    return _me_page(request, form)


@for_the_studio
@require_POST
def own_portrait(request: PageRequest) -> HttpResponseBase:
    why = _portrayed(request, None)
    return _me_page(request, _own_form(request, None), why) if why else redirect("studio:me")


def _own_form(request: PageRequest, typed: QueryDict | None) -> OwnTeacherForm:
    user = require(request.viewer, Permission.USE_STUDIO)
    teacher = authoring.teacher_of(user)
    initial = {
        "name": teacher.name if teacher else user.display_name,
        "headline": teacher.headline if teacher else "",
        "bio": teacher.bio if teacher else "",
    }
    return OwnTeacherForm(typed, initial=initial)


def _me_page(request: PageRequest, form: OwnTeacherForm, why: Refused | None = None) -> HttpResponse:
    user = require(request.viewer, Permission.USE_STUDIO)
    values = {
        "tab": "me",
        "form": form,
        "teacher": authoring.teacher_of(user) or Teacher(name=user.display_name),
        "portrait_url": reverse("studio:own_portrait"),
        "error": why.message if why else "",
    }
    return _with_portrait(request, "me.html", values, form, why)


@for_the_studio
@require_safe
def topics(request: PageRequest) -> HttpResponse:
    require(request.viewer, Permission.CHANGE_ANY_COURSE)
    return _topics(request)


@for_the_studio
@require_http_methods(["GET", "HEAD", "POST"])
def topic(request: PageRequest, topic_id: int | None = None) -> HttpResponseBase:
    viewer = request.viewer
    require(viewer, Permission.CHANGE_ANY_COURSE)
    found = get_object_or_404(Topic, pk=topic_id) if topic_id is not None else None
    names = ("name", "name_en", "slug", "description")
    form = TopicForm(
        request.POST or None, initial={name: getattr(found, name) for name in names} if found else None
    )

    def save() -> object:
        if found is None:
            return services.create_topic(viewer=viewer, facts=form.facts())
        return services.change_topic(viewer=viewer, topic_id=found.pk, facts=form.facts())

    if _saved(request, form, save):
        return redirect("studio:topics")
    values = {"tab": "topics", "form": form, "topic": found}
    return page(request, "topic.html", values, status=_status(form))


@for_the_studio
@require_POST
def move_topic(request: PageRequest, topic_id: int) -> HttpResponseBase:
    by = -1 if request.POST.get("by") == "up" else 1
    services.move_topic(viewer=request.viewer, topic_id=topic_id, by=by)
    return _topics(request) if request.htmx else redirect("studio:topics")


@for_the_studio
@require_safe
def teachers(request: PageRequest) -> HttpResponse:
    require(request.viewer, Permission.CHANGE_ANY_COURSE)
    return page(request, "teachers.html", {"tab": "teachers", "teachers": authoring.all_teachers()})


@for_the_studio
@require_http_methods(["GET", "HEAD", "POST"])
def teacher(request: PageRequest, teacher_id: int | None = None) -> HttpResponseBase:
    viewer = request.viewer
    require(viewer, Permission.CHANGE_ANY_COURSE)
    found = get_object_or_404(Teacher, pk=teacher_id) if teacher_id is not None else None
    form = _teacher_form(found, request.POST or None)

    def save() -> object:
        if found is None:
            return services.create_teacher(viewer=viewer, facts=form.facts())
        return services.change_teacher(viewer=viewer, teacher_id=found.pk, facts=form.facts())

    if _saved(request, form, save):
        return redirect("studio:teachers")
    return _teacher_page(request, form, found)


@for_the_studio
@require_POST
def portrait(request: PageRequest, teacher_id: int) -> HttpResponseBase:
    require(request.viewer, Permission.CHANGE_ANY_COURSE)
    found = get_object_or_404(Teacher, pk=teacher_id)
    why = _portrayed(request, teacher_id)
    if why:
        return _teacher_page(request, _teacher_form(found, None), found, why)
    return redirect("studio:teacher", teacher_id)


def _teacher_form(found: Teacher | None, typed: QueryDict | None) -> TeacherForm:
    initial: dict[str, object] = {}
    if found:
        initial = {name: getattr(found, name) for name in ("name", "headline", "bio", "slug")}
        initial["account"] = account_as_typed(found)
    return TeacherForm(typed, initial=initial)


def _teacher_page(
    request: PageRequest, form: TeacherForm, found: Teacher | None, why: Refused | None = None
) -> HttpResponse:
    values = {
        "tab": "teachers",
        "form": form,
        "teacher": found,
        "portrait_url": reverse("studio:portrait", args=[found.pk]) if found else "",
        "error": why.message if why else "",
    }
    return _with_portrait(request, "teacher.html", values, form, why)


def _with_portrait(
    request: PageRequest, template: str, values: dict[str, object], form: StudioForm, why: Refused | None
) -> HttpResponse:
    """A page with a form and, beside it, the picture; `why` that one was refused."""
    if why is None:
        return page(request, template, values, status=_status(form))
    return with_wait(page(request, template, values, status=why.status), why)


def _portrayed(request: PageRequest, teacher_id: int | None) -> Refused | None:
    """Put or take away the picture of a teacher, without a number one's own. Returns why not, or nothing."""
    if "remove" in request.POST:
        services.remove_portrait(viewer=request.viewer, teacher_id=teacher_id)
        messages.success(request, pgettext("toast", "The picture is gone; the first character is back."))
        return None
    try:
        services.put_portrait(viewer=request.viewer, teacher_id=teacher_id, content=sent_picture(request))
    except (BadFact, TooMany) as why:
        return why
    messages.success(request, pgettext("toast", "Learners see this picture now."))
    return None


def _topics(request: PageRequest) -> HttpResponse:
    template = "parts/topics.html" if request.htmx else "topics.html"
    return page(request, template, {"tab": "topics", "topics": authoring.all_topics()})


def _saved(request: PageRequest, form: StudioForm, save: Callable[[], object]) -> bool:
    """Save a valid form; what a service refuses lands on it."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        save()
    except Refused as why:
        form.refuse(why)
        return False
    messages.success(request, pgettext("toast", "Saved."))
    return True


def _status(form: StudioForm) -> int:
    return 422 if form.is_bound else 200
