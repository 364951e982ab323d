"""One course, and what can be done with it: save it, join it."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from zhiyue.experience.shell.cards import show
from zhiyue.experience.shell.doors import by_entering
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest, actor_of, keep_visitor
from zhiyue.experience.site import meta, shelves
from zhiyue.experience.site.bought import buy_address, is_for_sale, low_thresholds
from zhiyue.experience.site.course_prices import course_price, flash_now
from zhiyue.experience.site.looks import cover_of_course
from zhiyue.experience.site.moved import moved
from zhiyue.experience.site.outline import outline_of
from zhiyue.product.catalogue import browse, prose
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.editions import editions_beside
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.errors import AlreadyOwned, NoTrial, TrialOver
from zhiyue.product.commerce.lending.trials import start_trial
from zhiyue.product.commerce.selectors import course_for, is_enrolled, learners_of
from zhiyue.product.commerce.services import enrol_free
from zhiyue.product.learning import selectors as learning
from zhiyue.product.learning.services import (
    dismiss_course,
    restore_course,
    save_course,
    unsave_course,
    view_course,
)

ALSO_IN = {
    Course.Language.CHINESE.value: pgettext_lazy("course", "Also in Chinese:"),
    Course.Language.ENGLISH.value: pgettext_lazy("course", "Also in English:"),
}


@require_safe
def course(request: PageRequest, slug: str) -> HttpResponseBase:
    """All about a course. Who owns one that was withdrawn still finds it; drafts open to who may change them."""
    try:
        found = course_for(request.viewer, slug)
    except Course.DoesNotExist:
        return moved(catalogue.course_moved_to(slug), "site:course")
    actor = actor_of(request)
    beside = editions_beside(found)
    outline = outline_of(found, user=request.viewer.user, progress=learning.progress_of(actor, found.pk))
    view_course(actor=actor, course=found)
    address = reverse("site:course", args=[found.slug])
    is_column = found.form == Course.Form.COLUMN
    buy_url = buy_address(found, address, outline.paid)
    price = course_price(found, request.viewer.user, can_be_bought=bool(buy_url))
    page = {
        "tab": "courses",
        "meta": meta.course(request, found, price, beside),
        "course": found,
        "cover": cover_of_course(found),
        "editions": [(ALSO_IN[edition.language], edition) for edition in beside],
        "summary": prose.render(found.summary),
        "outline": outline,
        "is_enrolled": is_enrolled(request.viewer.user, found.pk),
        "is_saved": found.pk in learning.saved_course_ids(actor),
        "is_going_on": is_column and len(outline.written) < len(outline.lessons),
        "latest": max(
            (row.lesson for row in outline.written), key=lambda lesson: lesson.position, default=None
        )
        if is_column
        else None,
        "is_withdrawn": found.status == Course.Status.WITHDRAWN,
        "learners": learners_of([found.pk]).get(found.pk, 0),
        "buy_url": buy_url,
        **({} if outline.paid.open else low_thresholds(request.viewer.user, found, address)),
        **price.for_pages,
        "needs": show(browse.prerequisites_of(found.pk)),
        "leads_to": show(browse.leads_to(found.pk)),
        "similar": shelves.close_to(found.pk) if found.is_published else None,
    }
    return render(request, "site/course.html", page)


@require_safe
def flash(request: PageRequest, slug: str) -> HttpResponse:
    """How long a course has its flash price, and how many are left, now. Where that is over, the page comes anew."""
    found = _course(slug)
    if not request.htmx:
        return redirect("site:course", slug)
    shown = flash_now(found, request.viewer.user) if is_for_sale(found) else None
    if shown is None:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    page = {"course": found, "flash": shown, "is_short": request.GET.get("short") == "1"}
    return render(request, "site/parts/flash.html", page)


@require_POST
def save(request: PageRequest, slug: str) -> HttpResponse:
    """Put the course on the list or take it off, as the form says: sent twice, it stays as it is."""
    found = _course(slug)
    wanted = request.POST.get("saved") == "1"
    (save_course if wanted else unsave_course)(actor=actor_of(request), course=found)
    if wanted:
        keep_visitor(request)
    said = (
        pgettext("toast", "Saved. You find it under Learning.")
        if wanted
        else pgettext("toast", "Taken off your list.")
    )
    if request.htmx:
        return render(
            request, "site/parts/save_button.html", {"course": found, "is_saved": wanted, "said": said}
        )
    messages.success(request, said)
    return HttpResponseRedirect(safe_next(request, reverse("site:course", args=[slug])))


@require_POST
def dismiss(request: PageRequest, slug: str) -> HttpResponse:
    """The course isn't for who asks, or may be suggested again, as the form says. In place the card says so, and how
    to take it back."""
    found = _course(slug)
    wanted = request.POST.get("dismissed") != "1"
    (restore_course if wanted else dismiss_course)(actor=actor_of(request), course=found)
    if not wanted:
        keep_visitor(request)
    if request.htmx:
        [item] = show(list(catalogue.courses_by_id([found.pk]).values()))
        return render(request, "site/parts/dismissed.html", {"item": item, "is_dismissed": not wanted})
    said = (
        pgettext("toast", "It may be suggested to you again.")
        if wanted
        else pgettext("toast", "It won't be suggested to you any more.")
    )
    messages.success(request, said)
    return HttpResponseRedirect(safe_next(request, reverse("site:home")))


@require_POST
def enrol(request: PageRequest, slug: str) -> HttpResponse:
    """Join a free course; whoever isn't signed in signs in first and comes back."""
    found = _course(slug)
    address = reverse("site:course", args=[slug])
    if request.viewer.user is None:
        return by_entering(request, address)
    enrol_free(user=request.viewer.user, course=found, actor=actor_of(request))
    messages.success(request, pgettext("toast", "The course is yours. Begin whenever you like."))
    return redirect(address)


@require_POST
def try_course(request: PageRequest, slug: str) -> HttpResponse:
    """Try the whole of a course for some days; whoever isn't signed in does so first and comes back."""
    found = _course(slug)
    address = safe_next(request, reverse("site:course", args=[slug]))
    if request.viewer.user is None:
        return by_entering(request, address)
    try:
        start_trial(user=request.viewer.user, course=found, actor=actor_of(request))
    except (AlreadyOwned, TrialOver, NoTrial) as refusal:
        messages.error(request, str(refusal.message))
    return HttpResponseRedirect(address)


def _course(slug: str) -> Course:
    try:
        return catalogue.course_page(slug)
    except Course.DoesNotExist as missing:
        raise Http404 from missing
