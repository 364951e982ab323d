"""Reading a lesson and finishing it."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.collect.kinds import Actor
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest, actor_of, keep_visitor
from zhiyue.experience.shell.wanting import only_when_wanted
from zhiyue.experience.site import meta, text_size
from zhiyue.experience.site.bought import buy_address, is_for_sale, low_thresholds
from zhiyue.experience.site.course_prices import course_price
from zhiyue.experience.site.moved import moved
from zhiyue.experience.site.outline import Outline, outline_of
from zhiyue.product.catalogue import prose
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.catalogue.openings import opening
from zhiyue.product.commerce.lending.gifts import may_give
from zhiyue.product.commerce.selectors import Access, course_for, lesson_for, may_open, preview_percent_of
from zhiyue.product.learning import selectors as learning
from zhiyue.product.learning.errors import LessonClosed
from zhiyue.product.learning.services import finish_lesson, look_at_lesson, open_lesson

# Who comes to a lesson from its opening says so by `from`.
_FROM_OPENING = "preview"


@require_safe
@only_when_wanted
def lesson(request: PageRequest, course_slug: str, lesson_slug: str) -> HttpResponseBase:
    """A lesson, opened by this; a mere HEAD gives none of it, and opens nothing."""
    try:
        found = lesson_for(request.viewer, course_slug, lesson_slug)
    except Lesson.DoesNotExist:
        return moved(catalogue.lesson_moved_to(course_slug, lesson_slug), "site:lesson")
    actor = actor_of(request)
    is_mere_look = request.method == "HEAD"
    come_to = look_at_lesson if is_mere_look else open_lesson
    try:
        access = come_to(user=request.viewer.user, actor=actor, lesson=found)
    except LessonClosed as refusal:
        return _closed(request, found, refusal.access)
    if not is_mere_look:
        keep_visitor(request)
    outline = _outline(request, actor, found, access)
    page = {
        "tab": "learning",
        "access": access,
        "may_give": may_give(request.viewer.user, found, access),
        "meta": meta.lesson(request, found),
        "lesson": found,
        "course": found.course,
        "outline": outline,
        "body": _body(request, found),
        "text_size": text_size.of(request),
        "is_recording": found.kind != Lesson.Kind.ARTICLE,
        "buy_url": buy_address(found.course, _bought_for(found, outline), outline.paid),
        **_instead_of_gift(request, found, access),
        **_ending(request, actor, found, outline),
    }
    return render(request, "site/lesson.html", page)


def _body(request: PageRequest, found: Lesson) -> SafeString:
    """The text; for who comes from its opening with a mark where that ended."""
    if request.GET.get("from") != _FROM_OPENING:
        return prose.render(found.body)
    return prose.render_marked(found.body, opening(found.body, preview_percent_of(found)))


@require_POST
def finish(request: PageRequest, course_slug: str, lesson_slug: str) -> HttpResponse:
    """Mark the lesson read. In place where there is a script; else straight on to the next lesson."""
    try:
        found = lesson_for(request.viewer, course_slug, lesson_slug)
    except Lesson.DoesNotExist as missing:
        raise Http404 from missing
    actor = actor_of(request)
    finish_lesson(user=request.viewer.user, actor=actor, lesson=found)
    keep_visitor(request)
    if request.htmx:
        access = may_open(request.viewer.user, found, visitor=actor.visitor)
        outline = _outline(request, actor, found, access)
        page = {"lesson": found, "course": found.course, "outline_too": True, "outline": outline}
        return render(request, "site/parts/finish.html", {**page, **_ending(request, actor, found, outline)})
    messages.success(request, pgettext("toast", "Marked as read."))
    following = catalogue.neighbours(found).next
    if following and may_open(request.viewer.user, following, visitor=actor.visitor).open:
        return redirect("site:lesson", course_slug, following.slug)
    return redirect(reverse("site:course", args=[course_slug]))


@require_POST
def choose_text_size(request: PageRequest) -> HttpResponse:
    """Remember the size of lesson text in a cookie, so that the server writes it and nothing jumps."""
    response = redirect(safe_next(request, reverse("site:home")))
    text_size.remember(request, response, request.POST.get("size", ""))
    return response


def _ending(request: PageRequest, actor: Actor, found: Lesson, outline: Outline) -> dict[str, object]:
    """What stands below a lesson: is it finished, and where to from here; also whether that opens, and its price."""
    beside = catalogue.neighbours(found)
    progress = learning.progress_of(actor, found.course_id).get(found.pk)
    is_theirs = outline.paid.open and not outline.paid.is_lent
    can_be_bought = not is_theirs and is_for_sale(found.course)
    price = course_price(found.course, request.viewer.user, can_be_bought=can_be_bought)
    return {
        "is_finished": bool(progress and progress.finished_at),
        "previous_lesson": beside.previous,
        "next_row": outline.row_of(beside.next),
        "price": price.price,
        "price_why": price.why,
    }


def _closed(request: PageRequest, found: Lesson, access: Access) -> HttpResponse:
    """Where the lesson stands and what the course is about; of its text the opening that everybody may read, and not
    a letter more."""
    course, actor = found.course, actor_of(request)
    shown = opening(found.body, access.preview_percent)
    outline = _outline(request, actor, found, access)
    onward = f"{request.path}?from={_FROM_OPENING}#go-on" if shown.text else request.path
    buy_url = "" if access.why == "unpublished" else buy_address(course, onward, outline.paid)
    page = {
        "tab": "courses",
        "meta": meta.lesson(request, found),
        "lesson": found,
        "row": outline.row_of(found),
        "chapter": found.chapter,
        "course": course,
        "summary": prose.render(course.summary),
        "why": access.why,
        "preview": prose.render(shown.text) if shown.text else "",
        "text_size": text_size.of(request),
        "outline": outline,
        "is_enrolled": outline.paid.open,
        "is_saved": course.pk in learning.saved_course_ids(actor),
        "buy_url": buy_url,
        "onward": onward,
        **low_thresholds(request.viewer.user, course, onward),
        **course_price(course, request.viewer.user, can_be_bought=bool(buy_url)).for_pages,
    }
    return render(request, "site/lesson_closed.html", page, status=200 if shown.text else 403)


def _instead_of_gift(request: PageRequest, found: Lesson, access: Access) -> dict[str, object]:
    """What opens the rest of the course to who was given this lesson."""
    if access.why != "gift":
        return {}
    return low_thresholds(request.viewer.user, found.course, request.path)


def _bought_for(found: Lesson, outline: Outline) -> str:
    """Where who buys the course beside this lesson goes on: the next one that is closed yet, else any such."""
    here = outline.row_of(found)
    closed = [row for row in outline.lessons if row.state == "closed"]
    ahead = [row for row in closed if here and row.number > here.number] or closed
    slugs = (found.course.slug, ahead[0].lesson.slug) if ahead else (found.course.slug, found.slug)
    return reverse("site:lesson", args=slugs)


def _outline(request: PageRequest, actor: Actor, found: Lesson, access: Access) -> Outline:
    whole = course_for(request.viewer, found.course.slug)
    progress = learning.progress_of(actor, found.course_id)
    given = {found.pk} if access.why == "gift" else set()
    return outline_of(whole, user=request.viewer.user, progress=progress, given=given)
