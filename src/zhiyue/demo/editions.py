"""Courses that are there in English too: the model knows the original only, and who reads English has the edition."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from zhiyue.demo.roster import Figure
from zhiyue.product.catalogue.models import Course, Lesson

# Of so many people one reads in English where a course is there in English.
ENGLISH_ONE_IN = 6


@dataclass(frozen=True, slots=True)
class Editions:
    """Editions by the ids of their originals, and back. Lessons are paired by what they are called in addresses."""

    course: dict[int, int]
    lesson: dict[int, int]
    out_at: dict[int, datetime]
    original: dict[int, int]
    original_lesson: dict[int, int]

    def read_by(self, figure: Figure, at: datetime, course: int) -> int:
        """The course as this person has it at this moment. Who joined before an edition came out may have the original
        by then, and stays with it."""
        out_at = self.out_at.get(course)
        if out_at is None or out_at > min(at, figure.joined_at or at) or figure.key % ENGLISH_ONE_IN:
            return course
        return self.course[course]

    def lesson_of(self, course: int, lesson: int) -> int:
        """A lesson of the original in the course that somebody has."""
        return self.lesson.get(lesson, lesson) if course in self.original else lesson

    def meant(self, pairs: Iterable[tuple[int | None, int]]) -> Iterable[tuple[int | None, int]]:
        """Pairs of a member and a course, of whichever edition, with the originals."""
        return ((who, self.original.get(course, course)) for who, course in pairs)


def editions() -> Editions:
    """Every published English edition of a Chinese course."""
    english = Course.objects.published().filter(language=Course.Language.ENGLISH, edition_of__isnull=False)
    rows = list(english.values_list("pk", "edition_of_id", "published_at"))
    course = {original: pk for pk, original, _ in rows}
    slugs = {
        (of, slug): pk
        for of, slug, pk in Lesson.objects.filter(course__in=[*course, *course.values()]).values_list(
            "course_id", "slug", "pk"
        )
    }
    lesson = {
        pk: slugs[course[of], slug] for (of, slug), pk in slugs.items() if (course.get(of, 0), slug) in slugs
    }
    return Editions(
        course=course,
        lesson=lesson,
        out_at={original: at for _, original, at in rows if at is not None},
        original={pk: original for original, pk in course.items()},
        original_lesson={pk: original for original, pk in lesson.items()},
    )
