"""Frozen records of the catalogue, for pages and for recommendation."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CourseCard:
    """What a card shows of a course."""

    id: int
    slug: str
    title: str
    subtitle: str
    keyword: str
    topic_slug: str
    topic_name: str
    topic_name_en: str
    teacher_name: str
    level: str
    level_label: str
    price_fen: int
    list_price_fen: int | None
    lesson_count: int
    published_lesson_count: int
    free_lesson_slug: str | None
    published_at: datetime
    tags: tuple[str, ...]
    picture: str = ""
    form: str = "course"
    language: str = "zh-hans"
    # The original, where this is an edition of it in another language.
    edition_of: int | None = None


@dataclass(frozen=True, slots=True)
class CourseText:
    """What can be known of a course before anybody took it. `needs`: courses that are better taken before."""

    course_id: int
    title: str
    topic: str
    tags: tuple[str, ...]
    text: str
    published_at: datetime
    teacher: str
    level: str
    price_fen: int
    needs: tuple[int, ...]
