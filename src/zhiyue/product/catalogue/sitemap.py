"""Reads for the sitemap: the slugs of everything a stranger may look at, and when it changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from zhiyue.product.catalogue.models import Course, Lesson, Teacher, Topic


@dataclass(frozen=True, slots=True)
class Address:
    slugs: tuple[str, ...]
    changed_at: datetime | None


def courses() -> list[Address]:
    rows = Course.objects.published().order_by("pk")
    return _addresses(rows.values_list("slug", "updated_at"))


def topics() -> list[Address]:
    there = Topic.objects.filter(courses__in=Course.objects.published())
    return _addresses(there.order_by("pk").values_list("slug").annotate(at=Max("courses__updated_at")))


def teachers() -> list[Address]:
    there = Teacher.objects.filter(courses__in=Course.objects.published())
    return _addresses(there.order_by("pk").values_list("slug").annotate(at=Max("courses__updated_at")))


def free_lessons() -> list[Address]:
    """Lessons that open to everybody."""
    free = Lesson.objects.filter(is_free=True, course__in=Course.objects.published()).written()
    return _addresses(free.order_by("pk").values_list("course__slug", "slug", "updated_at"))


def _addresses(rows: Iterable[tuple[object, ...]]) -> list[Address]:
    return [
        Address(tuple(str(slug) for slug in slugs), at if isinstance(at, datetime) else None)
        for *slugs, at in rows
    ]
