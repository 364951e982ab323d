"""Words for facts: what happened, and to what. One without words keeps its code."""

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.jobs.models import Job
from zhiyue.experience.shell.cards import in_language
from zhiyue.product.catalogue.selectors import titles, topics
from zhiyue.product.commerce.order_book import numbers_of

Words = str | Promise

_FACTS: Mapping[str, Words] = {
    "CoursePublished": pgettext_lazy("fact", "A course came out"),
    "CourseChanged": pgettext_lazy("fact", "A course was changed"),
    "CourseWithdrawn": pgettext_lazy("fact", "A course was withdrawn"),
    "CourseOpened": pgettext_lazy("fact", "A course became a member's own"),
    "OrderPlaced": pgettext_lazy("fact", "An order was placed"),
    "OrderExpired": pgettext_lazy("fact", "An order wasn't paid in time"),
    "OrderCancelled": pgettext_lazy("fact", "An order was cancelled"),
    "OrderPaid": pgettext_lazy("fact", "An order was paid"),
    "OrderRefunded": pgettext_lazy("fact", "Money of an order went back"),
    "TopicRenamed": pgettext_lazy("fact", "A topic was renamed"),
}


def fact(job: Job) -> Words:
    """What a delivery tells of; empty for a job that is none."""
    name = str(job.kwargs.get("fact_name", "")) if job.fact_id else ""
    return _FACTS.get(name, name)


class Subjects:
    """Names of what facts are about. Each kind is read once a page, where a fact needs it."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        parts = [_parts(job.subject) for job in jobs]
        courses = {number for kind, number in parts if kind == "course"}
        self._names: dict[tuple[str, int], str] = {}
        if courses:
            self._names |= {("course", pk): title for pk, title in titles(courses).items()}
        orders = {number for kind, number in parts if kind == "order"}
        if orders:
            self._names |= {("order", pk): number for pk, number in numbers_of(orders).items()}
        if any(kind == "topic" for kind, _ in parts):
            self._names |= {("topic", row.pk): in_language(row.name, row.name_en) for row in topics()}

    def name(self, job: Job) -> str:
        """What a fact is about: its name, or what the fact calls it where that is gone or not known here."""
        kind, number = _parts(job.subject)
        if name := self._names.get((kind, number)):
            return pgettext("fact subject", "“%(name)s”") % {"name": name}
        return job.subject


def _parts(subject: str) -> tuple[str, int]:
    kind, _, number = subject.partition(":")
    return kind, int(number) if number.isdecimal() else 0
