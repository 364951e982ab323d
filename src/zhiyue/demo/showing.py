"""Lessons that simulated members show to friends: which gifts stand when a day begins, and what is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.conf import settings
from django.db.models import Count, Q

from zhiyue.core.kit import clock
from zhiyue.demo.editions import Editions
from zhiyue.demo.roster import Figure, wall_days
from zhiyue.engine.simulate import chance
from zhiyue.engine.simulate.giving import Gift, with_gifts
from zhiyue.engine.simulate.kinds import Acts, Catalogue, People
from zhiyue.engine.simulate.parameters import Parameters
from zhiyue.product.commerce.models import LessonGift


@dataclass(frozen=True, slots=True)
class Told:
    """A gift of a day, or from before it, by what stands in its link."""

    gift: Gift
    secret: str


def told(
    parameters: Parameters,
    shown: Catalogue,
    english: Editions,
    people: People,
    figures: Sequence[Figure],
    acts: Acts,
    day: date,
) -> tuple[Acts, list[Told]]:
    """A day's acts with what was given and opened, and the gifts that these are about. Lessons of courses that are
    there in English too aren't shown: a friend may read in another language."""
    if not (shown.lends and settings.ZHIYUE_GIFT_FRIENDS):
        return acts, []
    standing = _standing(shown, figures, day)
    acts, gifts = with_gifts(
        parameters,
        shown,
        people,
        acts,
        day.toordinal(),
        standing=[one.gift for one in standing],
        giveable=np.array([pk not in english.course for pk in shown.course_id.tolist()], dtype=np.bool_),
        friends=settings.ZHIYUE_GIFT_FRIENDS,
        lasts_days=settings.ZHIYUE_GIFT_DAYS,
    )
    new = gifts[len(standing) :]
    return acts, [*standing, *(Told(gift, _secret(figures[gift.giver], gift, day)) for gift in new)]


def _standing(shown: Catalogue, figures: Sequence[Figure], day: date) -> list[Told]:
    row = {figure.member_id: n for n, figure in enumerate(figures) if figure.member_id is not None}
    start = clock.day_start(day)
    opened = Count("openings", filter=Q(openings__opened_at__lt=start))
    gifts = LessonGift.objects.filter(giver__is_simulated=True, made_at__lt=start, ends_at__gt=start)
    found = []
    for secret, giver, lesson, course, friends, made, ends, count in (
        gifts.annotate(count=opened)
        .order_by("pk")
        .values_list(
            "secret", "giver_id", "lesson_id", "lesson__course_id", "friends", "made_at", "ends_at", "count"
        )
    ):
        if giver in row and lesson in shown.lesson_index and course in shown.course_index:
            gift = Gift(
                row[giver],
                shown.course_index[course],
                shown.lesson_index[lesson],
                wall_days(made),
                wall_days(ends),
                max(friends - count, 0),
            )
            found.append(Told(gift, secret))
    return found


def _secret(giver: Figure, gift: Gift, day: date) -> str:
    """The same where the day is lived again, and not to be guessed by who doesn't know the code: it opens one lesson of
    an invented academy."""
    return f"{chance.key('gift', giver.key, day, gift.lesson):016x}"
