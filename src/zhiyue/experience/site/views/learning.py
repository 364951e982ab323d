"""One's own pages: what one learns and saved, one's interests, and oneself."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from zhiyue.experience.shell.cards import Shelf, show
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest, actor_of, keep_visitor
from zhiyue.experience.site import meta
from zhiyue.experience.site.continuing import begun_courses
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.membership.plans import are_plans_for_sale
from zhiyue.product.learning import selectors
from zhiyue.product.learning.interests import choose_interests

_MOST_TOPICS = 50


@require_safe
def learning(request: PageRequest) -> HttpResponse:
    """Courses begun and owned, each with its next lesson, and those saved. Visitors have some too."""
    actor = actor_of(request)
    saved = selectors.saved_course_ids(actor)
    cards = catalogue.courses_by_id(saved)
    page = {
        "tab": "learning",
        "meta": meta.plain(request, pgettext("learning", "My learning")),
        "begun": begun_courses(actor, limit=40),
        "saved": Shelf(key="saved", title="", items=show([cards[pk] for pk in saved if pk in cards])),
    }
    return render(request, "site/learning.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: PageRequest) -> HttpResponse:
    """What somebody cares about, asked in one step that can be skipped, and open to change at any time."""
    actor = actor_of(request)
    onward = safe_next(request, reverse("site:home"))
    if request.method == "POST":
        chosen = choose_interests(actor=actor, topic_slugs=request.POST.getlist("topic")[:_MOST_TOPICS])
        if chosen:
            keep_visitor(request)
        said = (
            pgettext("toast", "Kept. Your first shelf begins with it.")
            if chosen
            else pgettext("toast", "No topic chosen. You can choose at any time.")
        )
        messages.success(request, said)
        return HttpResponseRedirect(onward)
    page = {
        "tab": "home",
        "meta": meta.plain(request, pgettext("welcome", "What would you like to learn?")),
        "topics": catalogue.topics(),
        "chosen": {topic.slug for topic in selectors.interests_of(actor)},
        "onward": onward,
    }
    return render(request, "site/welcome.html", page)


@require_safe
def me(request: PageRequest) -> HttpResponse:
    actor = actor_of(request)
    mine = membership_of(request.viewer.user)
    page = {
        "tab": "me",
        "meta": meta.plain(request, pgettext("me", "Me")),
        "numbers": selectors.numbers_of(actor),
        "interests": selectors.interests_of(actor),
        "member_until": mine.until,
        "has_memberships": mine.running is not None or are_plans_for_sale(),
    }
    return render(request, "site/me.html", page)
