"""What a search found, as the page shows it: groups with their rows, cards and addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.experience.shell.cards import ShownCourse, in_language, show
from zhiyue.facilities.search.kinds import Hit
from zhiyue.facilities.search.marking import Marker
from zhiyue.product.catalogue.indexing import COURSE, LESSON, TEACHER, TOPIC
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.commerce.selectors import learners_of
from zhiyue.product.learning.search import COURSES, LESSONS, PEOPLE, Answer

GROUP_NAMES: Mapping[str, Promise] = {
    COURSES: pgettext_lazy("search", "Courses"),
    PEOPLE: pgettext_lazy("search", "Teachers and topics"),
    LESSONS: pgettext_lazy("search", "Lessons"),
}
_KIND_NAMES: Mapping[str, Promise] = {
    COURSE: pgettext_lazy("search suggestion", "Course"),
    TEACHER: pgettext_lazy("search suggestion", "Teacher"),
    TOPIC: pgettext_lazy("search suggestion", "Topic"),
}
_ICONS = {COURSE: "library", TEACHER: "user", TOPIC: "tag", LESSON: "book-open"}
_MARK = "<mark>"


@dataclass(frozen=True, slots=True)
class Row:
    """A lesson, teacher or topic found. `position` counts from 1 within its group."""

    kind: str
    position: int
    address: str
    icon: str
    title: SafeString
    passage: SafeString
    beside: str
    lesson: Lesson | None = None


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """One group of a page: cards where it holds courses, else rows. `is_more` makes its count a lower bound."""

    name: str
    title: Promise
    count: int
    is_more: bool
    cards: Sequence[ShownCourse]
    rows: Sequence[Row]

    @property
    def shown(self) -> int:
        return len(self.cards) + len(self.rows)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line below the search box while somebody types."""

    address: str
    icon: str
    title: SafeString | str
    beside: str | Promise
    kind: str


def groups(answer: Answer, *, most: Mapping[str, int], skip: int = 0) -> list[ShownGroup]:
    """Groups in which something was found, courses first, at most so many rows of each."""
    shown = []
    for name, group in answer.found.groups.items():
        hits = group.hits[: most[name]]
        cards, rows = (_cards(answer, hits, skip), []) if name == COURSES else ([], _rows(answer, hits, skip))
        if cards or rows:
            shown.append(ShownGroup(name, GROUP_NAMES[name], group.count, group.is_more, cards, rows))
    return shown


def suggestions(answer: Answer) -> list[Suggestion]:
    """What the hits lead to, and before them what was searched for instead of what was typed."""
    shown = []
    if answer.found.meant:
        said = pgettext("search suggestion", "Probably meant")
        address = address_of(answer.found.meant)
        shown.append(Suggestion(address, "search", answer.found.meant, said, "meant"))
    for hit in [hit for group in answer.found.groups.values() for hit in group.hits]:
        place = _place(answer, hit)
        if place:
            shown.append(Suggestion(place[0], _ICONS[hit.kind], hit.title, _KIND_NAMES[hit.kind], hit.kind))
    return shown


def earlier(words: Sequence[str]) -> list[Suggestion]:
    """Searches of before, to be made again."""
    said = pgettext("search suggestion", "Searched before")
    return [Suggestion(address_of(one), "history", one, said, "earlier") for one in words]


def address_of(words: str, group: str = "", page: int = 1) -> str:
    asked = {"q": words, "in": group, "page": str(page) if page > 1 else ""}
    return f"{reverse('site:search')}?{urlencode({key: value for key, value in asked.items() if value})}"


def _cards(answer: Answer, hits: Sequence[Hit], skip: int) -> list[ShownCourse]:
    known = [hit for hit in hits if hit.ref in answer.courses]
    cards = [answer.courses[hit.ref] for hit in known]
    shown = show(cards, learners=learners_of(card.id for card in cards))
    marker = Marker(answer.found.marks)
    return [
        replace(item, position=item.position + skip, title=hit.title, why=_why(hit, item.course, marker))
        for item, hit in zip(shown, known, strict=True)
    ]


def _why(hit: Hit, card: CourseCard, marker: Marker) -> SafeString:
    """Why a course was found: the passage that says it, else the tags that do. Empty where its title says it all."""
    if _MARK in hit.passage:
        return hit.passage
    tags = [marker.marked(tag) for tag in dict.fromkeys((card.topic_name, card.level_label, *card.tags))]
    named = [(tag,) for tag in tags if _MARK in tag]
    if not named:
        return SafeString("")
    listed = format_html_join(in_language("、", ", "), "{}", named)
    return format_html("{}{}", pgettext("search", "Tags: "), listed)


def _rows(answer: Answer, hits: Sequence[Hit], skip: int) -> list[Row]:
    rows = []
    for position, hit in enumerate(hits, start=skip + 1):
        place = _place(answer, hit)
        if place:
            address, beside = place
            lesson = answer.lessons.get(hit.ref) if hit.kind == LESSON else None
            rows.append(
                Row(hit.kind, position, address, _ICONS[hit.kind], hit.title, hit.passage, beside, lesson)
            )
    return rows


def _place(answer: Answer, hit: Hit) -> tuple[str, str] | None:
    """Where a hit leads, and what is said beside its title; None where the index is behind the catalogue."""
    if hit.kind == COURSE and hit.ref in answer.courses:
        card = answer.courses[hit.ref]
        return reverse("site:course", args=[card.slug]), card.teacher_name
    if hit.kind == LESSON and hit.ref in answer.lessons:
        lesson = answer.lessons[hit.ref]
        return reverse("site:lesson", args=[lesson.course.slug, lesson.slug]), lesson.course.title
    if hit.kind == TEACHER and hit.ref in answer.teachers:
        teacher = answer.teachers[hit.ref]
        return reverse("site:teacher", args=[teacher.slug]), teacher.headline
    if hit.kind == TOPIC and hit.ref in answer.topics:
        topic = answer.topics[hit.ref]
        other = in_language(topic.name_en, topic.name)
        return reverse("site:topic", args=[topic.slug]), other if other != strip_tags(hit.title) else ""
    return None
