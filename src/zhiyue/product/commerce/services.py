"""Writes of rights."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.errors import PaymentRequired
from zhiyue.product.commerce.models import Enrolment


@transaction.atomic
def enrol_free(*, user: User, course: Course, actor: Actor) -> bool:
    """Enrol `user` in a free course. False where they were enrolled before. Raises PaymentRequired."""
    if not course.is_free:
        raise PaymentRequired(
            pgettext_lazy(
                "enrol",
                "This course has a price. Read its free lessons, or ask the academy to open it for you.",
            )
        )
    return _enrol(user=user, course=course, actor=actor, source=Enrolment.Source.FREE)


@transaction.atomic
def grant_course(*, user: User, course: Course) -> bool:
    """Staff open a course for a member. False where it was theirs before."""
    return _enrol(user=user, course=course, actor=Actor(member_id=user.pk), source=Enrolment.Source.GRANTED)


@transaction.atomic
def import_enrolments(
    *, rows: Iterable[tuple[int, int, datetime]], source: str = Enrolment.Source.GRANTED
) -> None:
    """Add many past enrolments at once: (member id, course id, when). Those that exist stay as they are."""
    Enrolment.objects.bulk_create(
        [
            Enrolment(user_id=user, course_id=course, source=source, created_at=when)
            for user, course, when in rows
        ],
        batch_size=500,
        ignore_conflicts=True,
    )


def _enrol(*, user: User, course: Course, actor: Actor, source: str) -> bool:
    _, is_new = Enrolment.objects.get_or_create(user=user, course=course, defaults={"source": source})
    if is_new:
        record("course.enrolled", actor=actor, course_id=course.pk)
    return is_new
