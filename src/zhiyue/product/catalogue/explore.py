"""Exploring the catalogue: what narrows it, how many courses each choice leaves, and the courses page by page.

Choices are counted in memory over one narrow row per course. An academy has thousands of courses, not millions, and
so the counts are exact, the same on both databases, and cost two queries whatever is chosen.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Sum

from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.catalogue.models import Course
from zhiyue.product.catalogue.selectors import courses_by_id

FACETS = ("topic", "level", "price", "form", "length", "language", "skill")
SORTS = ("recommended", "popular", "newest", "price", "length")
PAGE = 24
# A course without a place of its own stands after all that have one.
_LAST = 10**9
# Upper bounds in fen, and in minutes of the whole course.
_PRICE_BANDS = (("under-100", 100_00), ("100-200", 200_00))
_LENGTHS = (("short", 60), ("medium", 180))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody chose: values by facet, an order, and the cursor of the page before."""

    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sort: str = "newest"
    after: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet. `count`: courses that have it and fit every other facet."""

    value: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Found:
    """`total` counts all pages. `without`: how many courses there would be with a chosen facet left out."""

    total: int
    cards: list[CourseCard]
    after: str
    facets: Mapping[str, list[Option]]
    without: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Course:
    id: int
    values: Mapping[str, frozenset[str]]
    original: int
    language: str
    price_fen: int
    minutes: int
    published_at: datetime


def explore(
    wanted: Wanted, *, language: str, places: Mapping[int, int] | None = None, size: int = PAGE
) -> Found:
    """The published courses that have one of the chosen values in every facet that has any.

    Until a language is chosen, an edition in another language than `language` is left out where the one in it is
    shown. `places` orders by course id, smallest first, where the order is one the catalogue doesn't know (popular,
    recommended).
    """
    chosen = {name: frozenset(values) for name, values in wanted.chosen.items() if values}
    courses = _courses()
    missing = {
        course.id: {name for name, values in chosen.items() if not course.values[name] & values}
        for course in courses
    }

    def fitting(*, but: str = "") -> list[_Course]:
        """Those that fit every facet, one left out."""
        found = [course for course in courses if missing[course.id] <= {but}]
        return found if "language" in chosen.keys() - {but} else _once(found, language)

    found = fitting()
    page, after = _page(found, wanted, places or {}, size)
    cards = courses_by_id(course.id for course in page)
    counts = {
        # A facet's own choice doesn't narrow its own counts: its values are alternatives.
        name: _counted([course for course in courses if missing[course.id] <= {name}], name, chosen, language)
        for name in FACETS
    }
    known = {name: frozenset().union(*(course.values[name] for course in courses)) for name in FACETS}
    return Found(
        total=len(found),
        cards=[cards[course.id] for course in page if course.id in cards],
        after=after,
        facets={
            name: [
                Option(value, counts[name][value], value in chosen.get(name, ()))
                for value in sorted(
                    known[name] | chosen.get(name, frozenset()), key=lambda v: (-counts[name][v], v)
                )
            ]
            for name in FACETS
        },
        without={name: len(fitting(but=name)) for name in chosen},
    )


def _once(courses: Sequence[_Course], language: str) -> list[_Course]:
    """Without the editions of which the one in `language` is among them."""
    told = {course.original for course in courses if course.language == language}
    return [course for course in courses if course.language == language or course.original not in told]


def _counted(
    courses: Sequence[_Course], name: str, chosen: Mapping[str, frozenset[str]], language: str
) -> Counter[str]:
    """How many courses have each value of a facet; of two editions that have the same, the reader's."""
    counts: Counter[str] = Counter()
    own: dict[int, frozenset[str]] = {}
    if name != "language" and "language" not in chosen:
        own = {course.original: course.values[name] for course in courses if course.language == language}
    for course in courses:
        values = course.values[name]
        counts.update(
            values if course.language == language else values - own.get(course.original, frozenset())
        )
    return counts


def _page(
    fitting: list[_Course], wanted: Wanted, places: Mapping[int, int], size: int
) -> tuple[list[_Course], str]:
    """The courses after the cursor, and the cursor of the next page. One that can't be read is the beginning."""
    keys = {course.id: _key(course, wanted.sort, places) for course in fitting}
    ordered = sorted(fitting, key=lambda course: keys[course.id])
    last = _read_cursor(wanted.after, len(_key_shape(wanted.sort)))
    if last is not None:
        ordered = [course for course in ordered if keys[course.id] > last]
    page = ordered[:size]
    more = len(ordered) > size
    return page, ".".join(str(part) for part in keys[page[-1].id]) if more else ""


def _key_shape(sort: str) -> tuple[str, ...]:
    return ("published", "id") if sort == "newest" else (sort, "published", "id")


def _key(course: _Course, sort: str, places: Mapping[int, int]) -> tuple[int, ...]:
    """Whole numbers that order a course, the newer first among equals."""
    newer_first = (-int(course.published_at.timestamp() * 1_000_000), -course.id)
    match sort:
        case "newest":
            return newer_first
        case "price":
            return (course.price_fen, *newer_first)
        case "length":
            return (course.minutes, *newer_first)
        case _:
            return (places.get(course.id, _LAST), *newer_first)


def _read_cursor(after: str, length: int) -> tuple[int, ...] | None:
    parts = after.split(".")
    if len(parts) != length or not all(part.lstrip("-").isdecimal() and len(part) < 24 for part in parts):
        return None
    try:
        return tuple(int(part) for part in parts)
    except ValueError:
        return None


def _courses() -> list[_Course]:
    rows = (
        Course.objects.published()
        .annotate(minutes=Sum("lessons__minutes", default=0))
        .values_list(
            "pk", "topic__slug", "level", "form", "price_fen", "language", "skills", "tags", "published_at", "minutes",
            "edition_of_id", named=True,
        )
    )  # fmt: skip
    return [
        _Course(
            id=row.pk,
            values={
                "topic": frozenset({row.topic__slug}),
                "level": frozenset({row.level}),
                "price": _price_values(row.price_fen),
                "form": frozenset({row.form}),
                "length": frozenset({_band(row.minutes, _LENGTHS, "long")}),
                "language": frozenset({row.language}),
                "skill": frozenset(str(word) for word in (*row.skills, *row.tags)),
            },
            original=row.edition_of_id or row.pk,
            language=row.language,
            price_fen=row.price_fen,
            minutes=row.minutes,
            published_at=row.published_at,
        )
        for row in rows
        if row.published_at is not None
    ]


def _price_values(price_fen: int) -> frozenset[str]:
    if price_fen == 0:
        return frozenset({"free"})
    return frozenset({"paid", _band(price_fen, _PRICE_BANDS, "from-200")})


def _band(amount: int, bands: Sequence[tuple[str, int]], above: str) -> str:
    return next((name for name, bound in bands if amount < bound), above)
