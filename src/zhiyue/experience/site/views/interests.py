"""What suggestions go by: read, corrected, and the topics and courses that somebody named themselves."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.consent.purposes import Purpose
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest, actor_of, keep_visitor
from zhiyue.experience.site import interests as words
from zhiyue.experience.site import meta
from zhiyue.experience.site.paged import AT_ONCE, paged, words_of
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.learning import selectors
from zhiyue.product.learning.corrections import (
    Way,
    correct_topic,
    corrected_topics,
    course_to_correct,
    disregard_course,
    regard_course,
    unused,
)

# The lists of courses, as the address names them.
UNUSED, DISMISSED = "unused", "dismissed"
_WAYS: dict[str, Way] = {"less": "less", "more": "more", "none": "none"}


@never_cache
@require_safe
def interests(request: PageRequest) -> HttpResponse:
    """Topics with the acts that make them, corrections, chosen topics, and courses that aren't for who looks."""
    actor = actor_of(request)
    shown = words.interests(request, actor)
    topics = catalogue.topics()
    no_reason = unused(actor, words=words_of(request, UNUSED))
    dismissed = selectors.dismissed_courses(actor, words=words_of(request, DISMISSED))
    named = {one.topic.pk for one in shown}
    page = {
        "tab": "me",
        "meta": meta.plain(request, pgettext("interests", "What suggestions go by")),
        "is_used": Purpose.PERSONALISATION in request.consent.granted,
        "interests": shown,
        "turn": words.turn_of_taste(actor, topics),
        "corrected": [(topic, way) for topic, way in corrected_topics(actor) if topic.pk not in named],
        "unused": paged(request, UNUSED, Paginator(no_reason, AT_ONCE)),
        "topics": topics,
        "chosen": {topic.slug for topic in selectors.interests_of(actor)},
        "dismissed": paged(request, DISMISSED, Paginator(dismissed, AT_ONCE)),
    }
    return render(request, "site/interests.html", page)


@require_POST
def correct(request: PageRequest, slug: str) -> HttpResponse:
    """More of a topic, less of it, or as what is done says."""
    topic = get_object_or_404(Topic, slug=slug)
    way = _WAYS.get(request.POST.get("way", ""))
    if way is None:
        return HttpResponseRedirect(safe_next(request, reverse("site:interests")))
    if correct_topic(actor=actor_of(request), topic=topic, way=way):
        keep_visitor(request)
    said = {
        "more": pgettext("toast", "You will see more of it from the next page on."),
        "less": pgettext("toast", "You will see less of it from the next page on."),
        "none": pgettext("toast", "It counts again as what you do says."),
    }
    return _back(request, said[way])


@require_POST
def use_course(request: PageRequest, slug: str) -> HttpResponse:
    """What was done with a course is no reason any more, or is one again, as the form says."""
    try:
        course: Course = course_to_correct(slug)
    except Course.DoesNotExist as missing:
        raise Http404 from missing
    if request.POST.get("used") == "1":
        regard_course(actor=actor_of(request), course=course)
        return _back(request, pgettext("toast", "What you do there counts again."))
    if disregard_course(actor=actor_of(request), course=course):
        keep_visitor(request)
    return _back(request, pgettext("toast", "What you did there counts no more."))


def _back(request: PageRequest, said: str) -> HttpResponse:
    """To the page as it was looked at: the same part of each list."""
    messages.success(request, said)
    return HttpResponseRedirect(safe_next(request, reverse("site:interests")))
