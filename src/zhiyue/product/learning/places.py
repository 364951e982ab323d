"""A person's place in lessons, and up to when their time is spent: the service itself, whatever they consent to."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import F, Max, Q
from django.db.models.functions import Greatest

from zhiyue.collect.kinds import Actor
from zhiyue.product.learning.models import LessonProgress

FINISHED_PERCENT = 100


def keep_place(actor: Actor, lesson_id: int, percent: int) -> None:
    """Note how far a person came in a lesson that is known to open for them."""
    if actor.is_nobody:
        return
    bounded = min(max(percent, 0), FINISHED_PERCENT)
    mine = LessonProgress.objects.owned_by(actor).filter(lesson_id=lesson_id)
    further = {"percent": Greatest(F("percent"), bounded)}
    # A visitor's place begins with opening the lesson. Whose browser brings no key is somebody else with each batch.
    if mine.update(**further) or actor.member_id is None:
        return
    _, is_new = LessonProgress.objects.get_or_make(actor, lesson_id=lesson_id, defaults={"percent": bounded})
    if not is_new:
        mine.update(**further)


def spent_until(actor: Actor) -> datetime | None:
    """Up to when the person's time is spent, in whichever lesson."""
    found: datetime | None = LessonProgress.objects.owned_by(actor).aggregate(at=Max("spent_until"))["at"]
    return found


def spend(actor: Actor, until: datetime, *, lesson_ids: Collection[int] | None = None) -> None:
    """The person's time is spent up to then; it never goes back. Noted with these lessons, or with all of theirs."""
    mine = LessonProgress.objects.owned_by(actor)
    if lesson_ids is not None:
        mine = mine.filter(lesson_id__in=lesson_ids)
    mine.filter(Q(spent_until=None) | Q(spent_until__lt=until)).update(spent_until=until)
