"""How new courses do in the place that is drawn among them, and how that pulls at the lots of the days that follow.

The pulls change every night, courses come out on different days, and on some days everybody chooses more: added up over
the days, whoever was drawn more on good ones would look better than its equal. So courses are compared only within the
days that they shared (`engine.shared_days`), and each person counts by the chance with which they were shown a course.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from django.db import transaction

from zhiyue.core.kit import clock
from zhiyue.engine import bandits, shared_days
from zhiyue.engine.shared_days import Draws
from zhiyue.product.catalogue.editions import families
from zhiyue.product.catalogue.models import Course
from zhiyue.recommend import live
from zhiyue.recommend.models import NewCourses
from zhiyue.recommend.policies import NEW_COURSE_DAYS, NEW_COURSE_LEAST, NEW_COURSE_PRIOR, RERANKING
from zhiyue.recommend.showings import Drawn, drawn_courses

# Lots of past days can be drawn again for so long.
KEPT_DAYS = 8


def count_new_courses() -> None:
    """Count how often new courses were chosen where they were drawn, and write the pulls of tomorrow: never those of
    today, within which no page is to change. The same again gives the same. Raises LakeUnreachable."""
    today = clock.business_day()
    since, until = clock.days_before(today, RERANKING.explore_days), clock.days_before(today, 1)
    drawn = drawn_courses(families(), since=since, until=until)
    shown = Counter(one.course_id for one in drawn)
    chosen = Counter(one.course_id for one in drawn if one.is_chosen)
    told = {
        str(course): [shown[course], chosen[course], pull] for course, pull in pulls(_young(), drawn).items()
    }
    with transaction.atomic():
        NewCourses.objects.update_or_create(day=today + timedelta(days=1), defaults={"courses": told})
        NewCourses.objects.filter(day__lte=clock.days_before(today, KEPT_DAYS)).delete()
        transaction.on_commit(live.forget)


def pulls(courses: Sequence[int], drawn: Sequence[Drawn]) -> dict[int, float]:
    """Thompson sampling among `courses`: the chance to be the best one, over that of an equal draw, from the days that
    they shared. Each is believed in like the others at first, with the weight of half a choice. Nothing of one course,
    or of too few days of people."""
    if len(courses) < 2:
        return {}
    code = {course: n for n, course in enumerate(courses)}
    ours = [one for one in drawn if one.course_id in code]
    draws = shared_days.shared(
        Draws(
            day=np.asarray([one.day.toordinal() for one in ours], dtype=np.int64),
            arm=np.asarray([code[one.course_id] for one in ours], dtype=np.int64),
            chance=np.asarray([one.chance for one in ours], dtype=np.float64),
            is_success=np.asarray([one.is_chosen for one in ours], dtype=np.bool_),
            arms=len(courses),
        )
    )
    if len(draws) < NEW_COURSE_DAYS or not draws.is_success.any():
        return {}
    least = NEW_COURSE_LEAST / len(courses)
    best = shared_days.highest(NEW_COURSE_PRIOR, *shared_days.weighed(draws, least))
    found = len(courses) * bandits.at_least(least, best)
    return dict(zip(courses, found.tolist(), strict=True))


def _young() -> list[int]:
    """The courses that are new by now; editions are their original."""
    since = clock.now() - timedelta(days=RERANKING.explore_days)
    young = Course.objects.published().filter(published_at__gte=since)
    return sorted({original or pk for pk, original in young.values_list("pk", "edition_of_id")})
