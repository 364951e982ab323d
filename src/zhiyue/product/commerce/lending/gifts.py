"""Lessons that members show to friends (请好友看): making a link, opening it, and where it ends."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.academy.selectors import require_accepted
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.errors import GiftOver, NoSuchGift, NotYoursToShow, TooManyGifts
from zhiyue.product.commerce.lending.sharing import may_share_each
from zhiyue.product.commerce.models import GiftOpening, LessonGift
from zhiyue.product.commerce.rights import may_share
from zhiyue.product.commerce.selectors import Access, Why, may_open

_OVER = pgettext_lazy(
    "gift", "This gift is over. The lesson stands in its course, where you can see what is free."
)
# Why a lesson is open to whom it is to show; see `rights.SHARED`.
_SHARED: frozenset[Why] = frozenset({"enrolled", "membership"})
_TAKEN = pgettext_lazy("gift", "As many friends as the gift was for have opened it already.")


@dataclass(frozen=True, slots=True)
class ShownGift:
    """A gift as its page shows it: how many friends opened it, whether it still opens for others, and why not."""

    gift: LessonGift
    opened: int
    is_over: bool

    @property
    def left(self) -> int:
        return max(self.gift.friends - self.opened, 0)

    @property
    def is_open(self) -> bool:
        return not self.is_over and self.left > 0


def may_give(user: User | None, lesson: Lesson, access: Access) -> bool:
    """Would a gift of the lesson be one, and is it this person's to give? `access` is theirs to the lesson."""
    is_theirs = user is not None and access.open and access.why in _SHARED
    return settings.ZHIYUE_GIFT_FRIENDS > 0 and is_theirs and lesson.is_published and not _is_free(lesson)


@transaction.atomic
def make_gift(*, user: User, lesson: Lesson, actor: Actor) -> LessonGift:
    """The link by which friends read the lesson: the one there is already, while it opens for anybody, or a new one.
    Raises AgreementsPending, NotYoursToShow, TooManyGifts."""
    require_accepted(user)
    # One at a time: of two taps one makes the link, and what a day allows isn't exceeded.
    member = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not may_give(member, lesson, may_open(member, lesson)):
        raise NotYoursToShow(
            pgettext_lazy("gift", "Only who has the course can show a lesson of it to friends.")
        )
    now = clock.now()
    mine = LessonGift.objects.filter(giver=member)
    running = mine.filter(lesson=lesson, ends_at__gt=now).order_by("-pk").first()
    if running is not None and running.openings.count() < running.friends:
        return running
    if (
        mine.filter(made_at__gte=clock.day_start(clock.business_day(now))).count()
        >= settings.ZHIYUE_GIFTS_A_DAY
    ):
        raise TooManyGifts(
            pgettext_lazy("gift", "You have made as many gifts as a day allows. Make the next one tomorrow.")
        )
    gift = LessonGift.objects.create(
        giver=member,
        lesson=lesson,
        secret=secrets.token_urlsafe(18),
        friends=settings.ZHIYUE_GIFT_FRIENDS,
        made_at=now,
        ends_at=now + timedelta(days=settings.ZHIYUE_GIFT_DAYS),
    )
    _tell("gift.made", gift, actor)
    return gift


def gift_of(secret: str) -> ShownGift:
    """A gift by what is in its link. Raises NoSuchGift."""
    found = LessonGift.objects.select_related("giver", "lesson__course__teacher", "lesson__course__topic")
    gift = found.filter(secret=secret).first()
    if gift is None:
        raise NoSuchGift(pgettext_lazy("gift", "There is no such gift. Ask your friend for the whole link."))
    return ShownGift(gift, gift.openings.count(), _is_over(gift))


def gifts_by(user: User) -> QuerySet[LessonGift]:
    """What a member showed to friends, to be told by `shown_gifts`."""
    made = LessonGift.objects.filter(giver=user).select_related("giver", "lesson__course")
    return made.annotate(opened_count=Count("openings"))


def shown_courses(user: User, course_ids: Iterable[int]) -> set[int]:
    """Of which of these courses friends opened lessons by a member's links. One query."""
    opened = GiftOpening.objects.filter(gift__giver=user, gift__lesson__course__in=list(course_ids))
    return set(opened.values_list("gift__lesson__course_id", flat=True))


def gifts_to(user: User) -> QuerySet[GiftOpening]:
    """What friends show to a member, as long as its time lasts; whether it still opens says `opening_now`."""
    opened = GiftOpening.objects.filter(user=user, gift__ends_at__gt=clock.now())
    return opened.select_related("gift__giver", "gift__lesson__course")


def shown_gifts(gifts: Sequence[Any]) -> list[ShownGift]:
    """Gifts of `gifts_by`. As many queries, however many they are."""
    opening = opening_now(gifts)
    return [ShownGift(gift, gift.opened_count, gift.pk not in opening) for gift in gifts]


def opening_now(gifts: Iterable[LessonGift]) -> set[int]:
    """Which of these gifts aren't over, by their ids."""
    now = clock.now()
    standing = [
        gift for gift in gifts if gift.ends_at > now and gift.giver.is_active and gift.lesson.is_published
    ]
    shared = may_share_each({(gift.giver_id, gift.lesson.course_id) for gift in standing}, now=now)
    return {gift.pk for gift in standing if (gift.giver_id, gift.lesson.course_id) in shared}


@transaction.atomic
def close_gift(*, user: User, secret: str) -> bool:
    """The giver takes their link back: from now on it opens the lesson for nobody, whoever opened it. False where it
    was over by its time. Raises NoSuchGift, also where somebody else made it."""
    gift = LessonGift.objects.select_for_update().filter(secret=secret, giver=user).first()
    if gift is None:
        raise NoSuchGift(pgettext_lazy("gift", "Only who made the link can close it."))
    now = clock.now()
    if gift.ends_at <= now:
        return False
    gift.ends_at = now
    gift.save(update_fields=["ends_at"])
    return True


@transaction.atomic
def open_gift(*, secret: str, user: User | None, visitor: UUID | None, actor: Actor) -> LessonGift:
    """A friend opens a gift and may read the lesson from now on. Neither the giver nor anybody to whom the lesson opens
    anyway uses a place of it up, and nobody a second one. Raises NoSuchGift, GiftOver."""
    gift_of(secret)
    # One at a time: however many come at once, no more get in than the gift is for.
    held = LessonGift.objects.select_for_update(of=("self",)).select_related(
        "giver", "lesson__course__teacher"
    )
    gift = held.get(secret=secret)
    if user is not None and user.pk == gift.giver_id:
        return gift
    if may_open(user, gift.lesson, visitor=visitor).open:
        return gift
    if _is_over(gift) or (user is None and visitor is None):
        raise GiftOver(_OVER)
    if gift.openings.count() >= gift.friends:
        raise GiftOver(_TAKEN)
    GiftOpening.objects.create(gift=gift, user=user, visitor=None if user is not None else visitor)
    _tell("gift.opened", gift, actor)
    return gift


@transaction.atomic
def bring_gifts(*, user: User, visitor: UUID) -> None:
    """What a visitor opened is the member's who they turn out to be; who was both counts once, a giver not at all."""
    theirs = GiftOpening.objects.filter(visitor=visitor)
    had = GiftOpening.objects.filter(user=user).values_list("gift_id", flat=True)
    theirs.filter(Q(gift__in=list(had)) | Q(gift__giver=user)).delete()
    theirs.update(user=user, visitor=None)


def _is_free(lesson: Lesson) -> bool:
    course: Course = lesson.course
    return lesson.is_free or course.is_free


def _is_over(gift: LessonGift) -> bool:
    """Does it open for nobody any more? It ends by its time, with the giver's right, and with the lesson."""
    if gift.ends_at <= clock.now() or not gift.giver.is_active or not gift.lesson.is_published:
        return True
    return not may_share([gift.giver_id], gift.lesson.course)


def _tell(name: str, gift: LessonGift, actor: Actor) -> None:
    lesson = gift.lesson
    record(name, actor=actor, course_id=lesson.course_id, lesson_id=lesson.pk, gift=gift.pk)
