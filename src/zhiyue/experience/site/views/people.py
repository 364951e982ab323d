"""The page of a teacher."""

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zhiyue.experience.shell.cards import Shelf, show
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.experience.site import meta
from zhiyue.experience.site.moved import moved
from zhiyue.product.catalogue import browse, prose
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.selectors import learners_of


@require_safe
def teacher(request: PageRequest, slug: str) -> HttpResponseBase:
    """Who they are, and their columns and courses."""
    found = browse.teacher(slug)
    if found is None:
        return moved(browse.teacher_moved_to(slug), "site:teacher")
    cards = browse.courses_of_teacher(found.pk)
    learners = learners_of(card.id for card in cards)
    columns = [card for card in cards if card.form == Course.Form.COLUMN]
    courses = [card for card in cards if card.form != Course.Form.COLUMN]
    page = {
        "tab": "courses",
        "meta": meta.teacher(request, found),
        "teacher": found,
        "bio": prose.render(found.bio),
        "columns": Shelf(key="columns", title="", items=show(columns, learners=learners)),
        "courses": Shelf(key="courses", title="", items=show(courses, learners=learners)),
        "lesson_count": sum(card.published_lesson_count for card in cards),
        "learners": sum(learners.get(card.id, 0) for card in cards),
    }
    return render(request, "site/teacher.html", page)
