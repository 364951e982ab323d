"""How far simulated people were in a lesson when a day began on which they read in it. Progress itself knows only of
now, and the event log only of who consents; without it a day that is lived again after a crash would be another one."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from uuid import UUID

from zhiyue.core.kit import clock
from zhiyue.demo.models import Halfway
from zhiyue.product.learning.kinds import PastProgress
from zhiyue.product.learning.models import LessonProgress

# So many days back a day can be lived again.
KEPT_DAYS = 7


def remember(rows: Iterable[PastProgress], keys: Mapping[int, UUID], *, day: date) -> None:
    """Keep how far these people were before they read as `rows` say, on `day`. `keys`: of members."""
    wanted = {(row.actor.member_id, row.actor.visitor, row.lesson_id) for row in rows}
    begun = LessonProgress.objects.filter(lesson_id__in={lesson for *_, lesson in wanted})
    members = {member for member, _, _ in wanted if member is not None}
    visitors = {visitor for _, visitor, _ in wanted if visitor is not None}
    start = clock.day_start(day)
    # What was read in on this day before is kept already; of what was finished nothing needs to be.
    before: dict[tuple[int | None, UUID | None, int], int | None] = {
        (user, visitor, lesson): percent if opened < start and finished is None else None
        for those in (begun.filter(user_id__in=members), begun.filter(visitor__in=visitors))
        for user, visitor, lesson, percent, opened, finished in those.values_list(
            "user_id", "visitor", "lesson_id", "percent", "opened_at", "finished_at"
        )
    }
    found: dict[tuple[UUID, int], int] = {}
    for member, visitor, lesson in wanted:
        percent = before.get((member, visitor, lesson), 0)
        who = visitor if member is None else keys[member]
        if who is not None and percent is not None:
            # Who joins on this day may have read as a visitor and as a member.
            found[who, lesson] = max(percent, found.get((who, lesson), 0))
    Halfway.objects.bulk_create(
        [
            Halfway(day=day, person=who, lesson_id=lesson, percent=percent)
            for (who, lesson), percent in found.items()
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
    Halfway.objects.filter(day__lt=day - timedelta(days=KEPT_DAYS)).delete()


def percents(people: Iterable[UUID], *, day: date) -> dict[tuple[UUID, int], int]:
    """How far these people were at the beginning of `day` in lessons that they read in since, by person and lesson: as
    they were when they next read in it."""
    kept = Halfway.objects.filter(person__in=list(people), day__gte=day).order_by("-day")
    return {
        (who, lesson): percent for who, lesson, percent in kept.values_list("person", "lesson_id", "percent")
    }
