"""What may be shown to whom: courses that are out, in the edition of the reader's language; and what is served of them
before anything was trained."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from zhiyue.core.kit import clock
from zhiyue.engine.recommenders.popular import Popular
from zhiyue.product.catalogue.editions import language_of_reader
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.selectors import learners_by_course
from zhiyue.recommend.fitting import Pipeline
from zhiyue.recommend.memory import Held

# The version of what is served before a policy was trained, and the policy that it is: no other one ran.
COLD, COLD_POLICY = "cold", "popular"


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be shown, by the id of the original: the course, and since when it is out. `original` of the editions
    that are out."""

    shown: Mapping[int, tuple[int, datetime]]
    original: Mapping[int, int]

    def original_of(self, course_id: int) -> int:
        return self.original.get(course_id, course_id)

    def named(self, course_id: int) -> int:
        """The edition to name to the reader where somebody did something with this one."""
        shown = self.shown.get(self.original_of(course_id))
        return shown[0] if shown else course_id


def offer_to(language: str | None = None) -> Offer:
    """What may be shown to somebody who reads in `language` (default: that of whoever looks): of several editions of a
    course the one in it, else the original."""
    spoken = language or language_of_reader()
    rows = Course.objects.published().values_list("pk", "edition_of_id", "language", "published_at")
    found: dict[int, list[tuple[bool, bool, int, datetime]]] = {}
    original: dict[int, int] = {}
    for course_id, edition_of, told_in, published_at in rows:
        if published_at is None:
            continue
        if edition_of is not None:
            original[course_id] = edition_of
        edition = (told_in != spoken, edition_of is not None, course_id, published_at)
        found.setdefault(edition_of or course_id, []).append(edition)
    first = {course_id: min(editions) for course_id, editions in found.items()}
    return Offer({course_id: (shown, at) for course_id, (_, _, shown, at) in first.items()}, original)


def cold(offer: Offer) -> Held:
    """What can be served before anything was trained: courses with most members first, then the newest."""
    course_ids = np.asarray(sorted(offer.shown), dtype=np.int64)
    members: Counter[int] = Counter()
    for course_id, n in learners_by_course().items():
        members[offer.original_of(course_id)] += n
    order = sorted(
        offer.shown, key=lambda course_id: (members[course_id], offer.shown[course_id][1], course_id)
    )
    score = {course_id: (place + 1) / len(order) for place, course_id in enumerate(order)}
    popular = Popular(np.asarray([score[course_id] for course_id in course_ids.tolist()], dtype=np.float32))
    nobody = np.zeros(len(course_ids), dtype=np.int64)
    return Held(0, COLD, Pipeline(popular, popular), course_ids, nobody, clock.now())
