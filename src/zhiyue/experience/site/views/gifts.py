"""Showing a lesson to friends: the link, what it leads to, and opening it."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe
from limits import RateLimitItemPerHour

from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.doors import by_sign_in
from zhiyue.experience.shell.limits import Allowance, TooMany, address_of, spend
from zhiyue.experience.shell.viewers import PageRequest, actor_of, keep_visitor
from zhiyue.experience.site import meta
from zhiyue.experience.site.looks import cover_of_course
from zhiyue.experience.site.moved import moved
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.commerce.errors import GiftOver, NotYoursToShow, TooManyGifts
from zhiyue.product.commerce.lending.gifts import close_gift, gift_of, make_gift, open_gift
from zhiyue.product.commerce.selectors import lesson_for, may_open

_VISITORS_OF_ONE_ADDRESS = RateLimitItemPerHour(40)


@require_POST
def make(request: PageRequest, course_slug: str, lesson_slug: str) -> HttpResponse:
    """Make the link, or find the one there is; then its page, from which it is handed on."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:home")
    try:
        lesson = lesson_for(request.viewer, course_slug, lesson_slug)
    except Lesson.DoesNotExist:
        return moved(catalogue.lesson_moved_to(course_slug, lesson_slug), "site:lesson")
    try:
        gift = make_gift(user=user, lesson=lesson, actor=actor_of(request))
    except (NotYoursToShow, TooManyGifts) as refusal:
        messages.error(request, str(refusal.message))
        return redirect("site:lesson", course_slug, lesson_slug)
    return redirect("site:gift", gift.secret)


@require_safe
def gift(request: PageRequest, secret: str) -> HttpResponse:
    """For its giver the link and what became of it, for a friend what it is. Looking opens nothing: programs that draw
    a picture of a link in a chat look, too."""
    return _page(request, secret)


@require_POST
def close(request: PageRequest, secret: str) -> HttpResponse:
    """The giver takes their link back; closed already, it stays so."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:home")
    close_gift(user=user, secret=secret)
    messages.success(request, pgettext("toast", "Closed: the link opens the lesson for nobody any more."))
    return redirect("site:gift", secret)


@require_POST
def open_it(request: PageRequest, secret: str) -> HttpResponse:
    try:
        if request.viewer.user is None:
            # A new browser is a new friend: an address has no more of them in an hour.
            spend([Allowance(_VISITORS_OF_ONE_ADDRESS, "gift-opened", address_of(request))])
        found = open_gift(
            secret=secret,
            user=request.viewer.user,
            visitor=request.visitor_key,
            actor=actor_of(request),
        )
    except (GiftOver, TooMany) as refusal:
        return _page(request, secret, refused=refusal)
    keep_visitor(request)
    lesson = found.lesson
    return HttpResponseRedirect(reverse("site:lesson", args=[lesson.course.slug, lesson.slug]))


def _page(request: PageRequest, secret: str, refused: Refused | None = None) -> HttpResponse:
    shown = gift_of(secret)
    lesson = shown.gift.lesson
    user = request.viewer.user
    is_giver = user is not None and user.pk == shown.gift.giver_id
    title = pgettext("gift", "%(giver)s shows you a lesson") % {"giver": shown.gift.giver.display_name}
    page = {
        "tab": "learning",
        "meta": meta.plain(request, title, lesson.title),
        "shown": shown,
        "gift": shown.gift,
        "lesson": lesson,
        "course": lesson.course,
        "cover": cover_of_course(lesson.course),
        "is_giver": is_giver,
        "opens": may_open(user, lesson, visitor=request.viewer.visitor).open,
        "refused": refused,
    }
    answer = render(request, "site/gift.html", page, status=refused.status if refused else 200)
    if isinstance(refused, TooMany):
        answer["Retry-After"] = str(refused.retry_after)
    return answer
