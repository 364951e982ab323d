"""What of the catalogue is closed to one person's slates: what they have, had enough of, or gave back."""

from datetime import datetime, timedelta

from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import by
from zhiyue.product.commerce.selectors import enrolled_course_ids, refunded_course_ids
from zhiyue.product.learning.selectors import dismissed_course_ids, finished_course_ids
from zhiyue.recommend.policies import RERANKING


def closed_to(actor: Actor, until_pk: int | None, moment: datetime) -> set[int]:
    """Courses that aren't shown to a person at that moment; with `until_pk` as it was after that event."""
    return _owned_or_finished(actor, until_pk) | _dismissed(actor, until_pk) | _given_back(actor, moment)


def _owned_or_finished(actor: Actor, until_pk: int | None) -> set[int]:
    """Courses a person needn't be shown; with `until_pk` those that were so after that event."""
    finished = finished_course_ids(actor)
    owned = enrolled_course_ids(actor.member_id) if actor.member_id is not None else set()
    if until_pk is not None:
        later = by(actor).filter(pk__gt=until_pk, name__in=["lesson.finished", "course.enrolled"])
        for name, course_id in later.values_list("name", "course_id"):
            (finished if name == "lesson.finished" else owned).discard(course_id)
    return finished | owned


def _dismissed(actor: Actor, until_pk: int | None) -> set[int]:
    """Courses that aren't for a person; with `until_pk` those that weren't after that event."""
    dismissed = set(dismissed_course_ids(actor))
    if until_pk is not None and dismissed:
        later = by(actor).filter(pk__gt=until_pk, name="course.dismissed")
        dismissed -= set(later.values_list("course_id", flat=True))
    return dismissed


def _given_back(actor: Actor, moment: datetime) -> set[int]:
    """Courses whose money went back to the person not long ago."""
    if actor.member_id is None:
        return set()
    since = moment - timedelta(days=RERANKING.refund_days)
    return refunded_course_ids(actor.member_id, since=since, until=moment)
