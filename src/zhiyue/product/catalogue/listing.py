"""The published courses for programs: narrowed by what they name, in an order that a cursor can hold."""

from django.db.models import QuerySet

from zhiyue.product.catalogue.models import Course, CourseQuerySet, Teacher, Topic

# The last field is unique, so that every course has one place.
ORDERS = {
    "newest": ("-published_at", "-pk"),
    "oldest": ("published_at", "pk"),
    "price": ("price_fen", "pk"),
    "-price": ("-price_fen", "-pk"),
}


def narrowed(
    *,
    topic: str = "",
    teacher: str = "",
    level: str = "",
    form: str = "",
    language: str = "",
    price: str = "",
) -> CourseQuerySet:
    """Published courses with these values; an empty one narrows nothing. `price` is free or paid."""
    wanted = {
        "topic__slug": topic,
        "teacher__slug": teacher,
        "level": level,
        "form": form,
        "language": language,
    }
    found = Course.objects.published().filter(**{field: value for field, value in wanted.items() if value})
    if price == "free":
        return found.filter(price_fen=0)
    return found.filter(price_fen__gt=0) if price == "paid" else found


def has_topic(slug: str) -> bool:
    return Topic.objects.filter(slug=slug).exists()


def teaching() -> QuerySet[Teacher]:
    """Teachers of whom something is published."""
    return Teacher.objects.filter(courses__in=Course.objects.published()).distinct()
