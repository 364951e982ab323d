"""How new courses do in the place that is drawn among them, and how that pulls at the lots of the days that follow."""

from collections import Counter
from datetime import timedelta

import numpy as np
from django.db import transaction

from zhiyue.core.kit import clock
from zhiyue.engine import bandits
from zhiyue.engine.bandits import Counts, Thompson
from zhiyue.product.catalogue.editions import families
from zhiyue.product.catalogue.models import Course
from zhiyue.recommend import live
from zhiyue.recommend.models import NewCourses
from zhiyue.recommend.policies import NEW_COURSE_DAYS, NEW_COURSE_LEAST, RERANKING
from zhiyue.recommend.showings import drawn_courses

# Lots of past days can be drawn again for so long.
KEPT_DAYS = 8


def count_new_courses() -> None:
    """Count how often new courses were chosen where they were drawn, and write the pulls of tomorrow: never those of
    today, within which no page is to change. The same again gives the same. Raises LakeUnreachable."""
    today = clock.business_day()
    since, until = clock.days_before(today, RERANKING.explore_days), clock.days_before(today, 1)
    shown: Counter[int] = Counter()
    chosen: Counter[int] = Counter()
    for original, is_chosen in drawn_courses(families(), since=since, until=until):
        shown[original] += 1
        chosen[original] += is_chosen
    told = _pulls(shown, chosen)
    with transaction.atomic():
        NewCourses.objects.update_or_create(day=today + timedelta(days=1), defaults={"courses": told})
        NewCourses.objects.filter(day__lte=clock.days_before(today, KEPT_DAYS)).delete()
        transaction.on_commit(live.forget)


def _pulls(shown: Counter[int], chosen: Counter[int]) -> dict[str, list[float]]:
    """Thompson sampling among the new courses of tomorrow: the chance to be the best one, over that of an equal draw.
    Each is believed in like an average one at first, with the weight of half a choice. Editions are their original."""
    since = clock.now() - timedelta(days=RERANKING.explore_days)
    young = Course.objects.published().filter(published_at__gte=since)
    courses = sorted({original or pk for pk, original in young.values_list("pk", "edition_of_id")})
    total, of_all = sum(shown.values()), sum(chosen.values())
    if len(courses) < 2 or total < NEW_COURSE_DAYS or not of_all:
        return {}
    average = min(of_all / total, 0.5)
    config = Thompson(
        prior_successes=0.5,
        prior_failures=0.5 * (1.0 - average) / average,
        least_share=NEW_COURSE_LEAST / len(courses),
    )
    successes = np.asarray([chosen[course] for course in courses], dtype=np.float64)
    counts = Counts(successes, np.asarray([shown[course] for course in courses]) - successes)
    pulls = len(courses) * bandits.chances(config, counts)
    return {
        str(course): [shown[course], chosen[course], pull]
        for course, pull in zip(courses, pulls.tolist(), strict=True)
    }
