"""One's own pages: what one learns and saved, and one's account."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zhiyue.experience.shell.cards import Shelf, show
from zhiyue.experience.shell.viewers import PageRequest, actor_of
from zhiyue.experience.site.continuing import begun_courses
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.learning import selectors


@require_safe
def learning(request: PageRequest) -> HttpResponse:
    """Courses begun and owned, each with its next lesson, and those saved. Visitors have some too."""
    actor = actor_of(request)
    saved = selectors.saved_course_ids(actor)
    cards = catalogue.courses_by_id(saved)
    page = {
        "tab": "learning",
        "begun": begun_courses(actor, limit=40),
        "saved": Shelf(key="saved", title="", items=show([cards[pk] for pk in saved if pk in cards])),
    }
    return render(request, "site/learning.html", page)


@require_safe
def me(request: PageRequest) -> HttpResponse:
    return render(request, "site/me.html", {"tab": "me"})
