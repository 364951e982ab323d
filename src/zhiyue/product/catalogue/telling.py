"""When the catalogue announces facts. Each of these is called with the course's row locked, so that facts about a
course keep their order."""

from datetime import datetime

from django.db import transaction

from zhiyue.core.jobs.facts import announce
from zhiyue.product.catalogue.facts import CourseChanged, CoursePublished
from zhiyue.product.catalogue.models import Course


def tell_changed(course: Course) -> None:
    """Drafts change with every save, and nobody has seen them."""
    if course.is_published:
        announce(CourseChanged(course.pk))


@transaction.atomic
def tell_time_has_come(*, course_id: int, at: datetime) -> None:
    """Announce a course that was to come out `at`; nothing if it was given another time, published before or taken back
    meanwhile. Twice is once."""
    course = Course.objects.select_for_update().filter(pk=course_id).first()
    if course is not None and course.is_published and course.published_at == at:
        announce(CoursePublished(course_id), once=f"{course_id} at {at.isoformat()}")
