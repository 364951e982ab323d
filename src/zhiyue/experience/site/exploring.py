"""Exploring as a page shows it: what the address asks for, the facets in words, chips, and the ways on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.experience.shell.cards import Words, in_language
from zhiyue.product.catalogue.explore import FACETS, SORTS, Found, Option, Wanted
from zhiyue.product.catalogue.models import Course, Level, Topic
from zhiyue.product.commerce.selectors import learners_by_course
from zhiyue.recommend.selectors import knows, slate

_MOST_VALUES = 20
_MOST_LETTERS = 40
# Further down nobody looks for what was meant for them; the rest follows newest first.
_RECOMMENDED = 60
_SHOWN_SKILLS = 12

SORT_WORDS: Mapping[str, Promise] = {
    "recommended": pgettext_lazy("sort courses", "For you"),
    "popular": pgettext_lazy("sort courses", "Most learners"),
    "newest": pgettext_lazy("sort courses", "Newest first"),
    "price": pgettext_lazy("sort courses", "Lowest price"),
    "length": pgettext_lazy("sort courses", "Shortest first"),
}
_FACET_WORDS: Mapping[str, Promise] = {
    "topic": pgettext_lazy("facet", "Topic"),
    "level": pgettext_lazy("facet", "Level"),
    "price": pgettext_lazy("facet", "Price"),
    "form": pgettext_lazy("facet", "Form"),
    "length": pgettext_lazy("facet", "Length"),
    "language": pgettext_lazy("facet", "Language"),
    "skill": pgettext_lazy("facet", "What it is about"),
}
# In the order in which people read them.
_VALUE_WORDS: Mapping[str, Mapping[str, Words]] = {
    "level": {value: Level(value).label for value in Level.values},
    "price": {
        "free": pgettext_lazy("facet price", "Free"),
        "paid": pgettext_lazy("facet price", "With a price"),
        "under-100": pgettext_lazy("facet price", "Under ¥100"),
        "100-200": pgettext_lazy("facet price", "¥100 to ¥200"),
        "from-200": pgettext_lazy("facet price", "¥200 and more"),
    },
    "form": {value: Course.Form(value).label for value in Course.Form.values},
    "length": {
        "short": pgettext_lazy("facet length", "Under an hour"),
        "medium": pgettext_lazy("facet length", "1 to 3 hours"),
        "long": pgettext_lazy("facet length", "3 hours and more"),
    },
    "language": {value: Course.Language(value).label for value in Course.Language.values},
}


@dataclass(frozen=True, slots=True)
class ShownOption:
    value: str
    label: Words
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """`more`: options that a page folds away."""

    name: str
    title: Words
    options: Sequence[ShownOption]
    more: Sequence[ShownOption] = ()


@dataclass(frozen=True, slots=True)
class Chip:
    """A chosen value with the address without it. `count`: what there would be without its whole facet."""

    label: Words
    facet: Words
    address: str
    count: int = 0


def wanted_of(asked: QueryDict) -> Wanted:
    """What an address asks for. Orders that don't exist are the first one."""
    chosen = {
        name: [value[:_MOST_LETTERS] for value in dict.fromkeys(asked.getlist(name)) if value][:_MOST_VALUES]
        for name in FACETS
    }
    sort = asked.get("sort", "")
    return Wanted(
        chosen={name: values for name, values in chosen.items() if values},
        sort=sort if sort in SORTS else SORTS[0],
        after=asked.get("after", "")[:80],
    )


def address_of(wanted: Wanted) -> str:
    """The query that asks for `wanted`, with its question mark; the shortest one that does, empty for everything."""
    pairs: list[tuple[str, str]] = [(name, value) for name in FACETS for value in wanted.chosen.get(name, ())]
    if wanted.sort != SORTS[0]:
        pairs.append(("sort", wanted.sort))
    if wanted.after:
        pairs.append(("after", wanted.after))
    return f"?{urlencode(pairs)}" if pairs else ""


def heading(wanted: Wanted, topics: Sequence[Topic]) -> Words:
    """What the list is called: by its topic and its level where one of each is chosen."""
    names = _value_names(topics)
    parts = [
        str(names[facet][values[0]])
        for facet in ("topic", "level")
        if len(values := wanted.chosen.get(facet, ())) == 1 and values[0] in names[facet]
    ]
    return " · ".join(parts) or pgettext("courses", "All courses")


def next_page(wanted: Wanted, found: Found) -> str:
    """The address of the page after this one, empty at the end."""
    return address_of(replace(wanted, after=found.after)) if found.after else ""


def sorts(actor: Actor) -> Mapping[str, Words]:
    """The orders in words. The first one is for somebody only once there is something of them to go by."""
    if knows(actor):
        return SORT_WORDS
    return {**SORT_WORDS, "recommended": pgettext_lazy("sort courses", "Best overall")}


def places(wanted: Wanted, actor: Actor) -> dict[int, int]:
    """The order of courses where people decide it, not the catalogue."""
    if wanted.sort == "recommended":
        return {item.course_id: item.position for item in slate(actor, k=_RECOMMENDED, slot="explore")}
    if wanted.sort == "popular":
        return {course_id: -learners for course_id, learners in learners_by_course().items()}
    return {}


def facets(found: Found, topics: Sequence[Topic]) -> list[Facet]:
    """The facets that leave a choice, in words."""
    words = _value_names(topics)
    shown = [_facet(name, found.facets[name], words.get(name)) for name in FACETS]
    return [facet for facet in shown if len(facet.options) > 1 or any(o.is_chosen for o in facet.options)]


def _value_names(topics: Sequence[Topic]) -> Mapping[str, Mapping[str, Words]]:
    return {**_VALUE_WORDS, "topic": {topic.slug: in_language(topic.name, topic.name_en) for topic in topics}}


def _facet(name: str, options: Sequence[Option], words: Mapping[str, Words] | None) -> Facet:
    if words is None:
        rows = [_shown(option, option.value) for option in options if option.count or option.is_chosen]
        # What is chosen stays in sight.
        rows.sort(key=lambda row: not row.is_chosen)
        first = max(_SHOWN_SKILLS, sum(row.is_chosen for row in rows))
        return Facet(name, _FACET_WORDS[name], rows[:first], rows[first:])
    order = {value: place for place, value in enumerate(words)}
    ranked = sorted(options, key=lambda option: order.get(option.value, len(order)))
    return Facet(name, _FACET_WORDS[name], [_shown(o, words.get(o.value, o.value)) for o in ranked])


def _shown(option: Option, label: Words) -> ShownOption:
    return ShownOption(option.value, label, option.count, option.is_chosen)


def chips(wanted: Wanted, shown: Sequence[Facet]) -> list[Chip]:
    """One for each chosen value, in the order of the facets."""
    return [
        Chip(option.label, facet.title, address_of(_without(wanted, facet.name, option.value)))
        for facet in shown
        for option in (*facet.options, *facet.more)
        if option.is_chosen
    ]


def ways_out(wanted: Wanted, shown: Sequence[Facet], found: Found) -> list[Chip]:
    """Where nothing was found: each chosen facet with what there would be without it, the most first."""
    out = []
    for facet in shown:
        chosen = [str(option.label) for option in (*facet.options, *facet.more) if option.is_chosen]
        if chosen:
            address, count = address_of(_without(wanted, facet.name)), found.without.get(facet.name, 0)
            out.append(Chip(in_language("、", ", ").join(chosen), facet.title, address, count))
    return sorted(out, key=lambda chip: -chip.count)


def _without(wanted: Wanted, name: str, value: str | None = None) -> Wanted:
    """`wanted` from its first page on, without one value or a whole facet."""
    left = [kept for kept in wanted.chosen.get(name, ()) if value is not None and kept != value]
    return replace(wanted, chosen={**wanted.chosen, name: left}, after="")
