"""What past events from elsewhere may name: courses and lessons by what stands in their addresses."""

from zhiyue.collect.importing.judging import Places
from zhiyue.product.catalogue.models import Course, Lesson


def places() -> Places:
    """Every course and lesson there is, those that were withdrawn too: their past is past all the same."""
    return Places(
        courses=dict(Course.objects.values_list("slug", "pk")),
        lessons={
            (course, slug): pk for course, slug, pk in Lesson.objects.values_list("course", "slug", "pk")
        },
    )
