"""What stands on a course's page beside its outline."""

from django.contrib import messages
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST

from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.studio.access import for_the_studio, page
from zhiyue.experience.studio.forms import FactsForm, facts_as_typed
from zhiyue.experience.studio.showing import card_as_typed, state_of
from zhiyue.product.catalogue import authoring
from zhiyue.product.catalogue.editions import originals_to_name
from zhiyue.product.catalogue.errors import ChangedMeanwhile
from zhiyue.product.catalogue.models import Course
from zhiyue.product.catalogue.services import change_course


@for_the_studio
@require_http_methods(["GET", "HEAD", "POST"])
def facts(request: PageRequest, course_id: int) -> HttpResponseBase:
    course = authoring.course_to_change(request.viewer, course_id)
    choices = authoring.courses_to_ask_for(request.viewer, course), originals_to_name(request.viewer, course)
    form = FactsForm(course, *choices, request.POST if request.method == "POST" else None)
    meanwhile: list[tuple[str, str]] = []
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                change_course(
                    viewer=request.viewer,
                    course_id=course_id,
                    facts=form.facts(),
                    seen_at=form.cleaned_data["seen"],
                )
            except ChangedMeanwhile as why:
                status = why.status
                form, meanwhile = _compared(course, choices, request.POST)
            except Refused as why:
                form.refuse(why)
                status = why.status
            else:
                messages.success(request, pgettext("toast", "Saved."))
                return redirect("studio:facts", course_id)
    values = {
        "tab": "courses", "part": "facts", "course": course, "state": state_of(course), "form": form,
        "meanwhile": meanwhile, "card": card_as_typed(course, _typed(form)),
        "editions": course.editions.order_by("language"),
    }  # fmt: skip
    return page(request, "facts.html", values, status=status)


@for_the_studio
@require_POST
def card(request: PageRequest, course_id: int) -> HttpResponseBase:
    """The card that learners will see, with what is typed so far. Nothing is kept."""
    course = authoring.course_to_change(request.viewer, course_id)
    form = FactsForm(course, [], [], request.POST)
    return page(request, "parts/card.html", {"course": course, "card": card_as_typed(course, _typed(form))})


def _typed(form: FactsForm) -> dict[str, object]:
    """Of what was typed, what can be understood."""
    form.is_valid()
    return form.cleaned_data if form.is_bound else {}


def _compared(
    course: Course, choices: tuple[list[Course], list[Course]], typed: QueryDict
) -> tuple[FactsForm, list[tuple[str, str]]]:
    """The form with what was typed, ready to be saved over what stands; and what stands where the two differ."""
    kept = typed.copy()
    now = facts_as_typed(course)
    kept["seen"] = str(now["seen"])
    form = FactsForm(course, *choices, kept)
    differ = [
        name for name in form.fields if name not in {"seen", "prerequisites"} and _differs(now, typed, name)
    ]
    return form, [(str(form.fields[name].label), _shown(form, now, name)) for name in differ]


def _differs(now: dict[str, object], typed: QueryDict, name: str) -> bool:
    if name not in typed:
        return False
    stands = "" if now[name] is None else str(now[name])
    return stands.split() != str(typed[name]).split()


def _shown(form: FactsForm, now: dict[str, object], name: str) -> str:
    """A choice is shown by its words."""
    value = now[name]
    choices = getattr(form.fields[name], "choices", ())
    return next(
        (str(words) for key, words in choices if str(key) == str(value)), "" if value is None else str(value)
    )
