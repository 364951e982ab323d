"""What was lent in the past, in bulk: trial passes, and lessons that members showed to friends. For lives that the
simulator leads. Whoever calls looked that it was possible then; it tells nobody."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from zhiyue.product.commerce.lending.trials import REMINDED_BEFORE
from zhiyue.product.commerce.models import GiftOpening, LessonGift, TrialPass

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PastTrial:
    """A trial of a course or of a plan: of one of them."""

    member_id: int
    started_at: datetime
    days: int
    course_id: int | None = None
    plan_id: int | None = None


@dataclass(frozen=True, slots=True)
class PastGift:
    """A lesson that a member showed to friends. `secret` is what stands in its link: told again under it, it is
    known."""

    secret: str
    giver_id: int
    lesson_id: int
    made_at: datetime


@transaction.atomic
def import_trials(rows: Iterable[PastTrial]) -> None:
    """Each once: whoever tried it before did so then. That it ends isn't told to anybody: it counts as told."""
    TrialPass.objects.bulk_create(
        [
            TrialPass(
                user_id=row.member_id,
                course_id=row.course_id,
                plan_id=row.plan_id,
                started_at=row.started_at,
                ends_at=row.started_at + timedelta(days=row.days),
                reminded_at=row.started_at + timedelta(days=row.days) - REMINDED_BEFORE,
            )
            for row in rows
        ],
        batch_size=AT_ONCE,
        ignore_conflicts=True,
    )


@transaction.atomic
def import_gifts(rows: Iterable[PastGift]) -> None:
    """Each once."""
    wanted = {row.secret: row for row in rows}
    LessonGift.objects.bulk_create(
        [
            LessonGift(
                giver_id=row.giver_id,
                lesson_id=row.lesson_id,
                secret=row.secret,
                friends=settings.ZHIYUE_GIFT_FRIENDS,
                made_at=row.made_at,
                ends_at=row.made_at + timedelta(days=settings.ZHIYUE_GIFT_DAYS),
            )
            for row in wanted.values()
        ],
        batch_size=AT_ONCE,
        ignore_conflicts=True,
    )


@transaction.atomic
def import_openings(opened: Mapping[tuple[int, UUID], datetime]) -> None:
    """When which visitor opened which gift, each once."""
    GiftOpening.objects.bulk_create(
        [GiftOpening(gift_id=gift, visitor=who, opened_at=at) for (gift, who), at in opened.items()],
        batch_size=AT_ONCE,
        ignore_conflicts=True,
    )


def gift_ids(secrets: Iterable[str]) -> dict[str, int]:
    """The ids of gifts, by what stands in their links."""
    return dict(LessonGift.objects.filter(secret__in=list(secrets)).values_list("secret", "pk"))


def opened_gifts(visitors: Collection[UUID]) -> set[tuple[UUID | None, int]]:
    """Which lessons these visitors opened by a gift."""
    if not visitors:
        return set()
    rows = GiftOpening.objects.filter(visitor__in=visitors)
    return set(rows.values_list("visitor", "gift__lesson_id"))
