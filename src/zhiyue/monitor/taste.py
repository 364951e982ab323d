"""What learners choose, week by week, and since when it is different: of those who let us count. No table is written
here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import pyarrow as pa

from zhiyue.analyse.weights import HALF_LIFE_DAYS, INTEREST
from zhiyue.collect import lake
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.engine.drift.academy import Change, Choices, WhyNot, changes
from zhiyue.engine.drift.fading import Ladder, foretold, half_life_days
from zhiyue.engine.kinds import Floats
from zhiyue.product.catalogue.models import Course

WEEKS = 26
# A half-life is found on the newest choices of so many people.
PEOPLE_FORETOLD = 1000
CHOICES_FORETOLD = 100


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """Half a year. `topics`: slugs; counts (weeks, topics): how many choices fell on each in the week that begins on
    each of `weeks`. `half_life_days`: under which people's own past foretells them best; None where nobody chose
    anything."""

    day: date
    weeks: tuple[date, ...]
    topics: tuple[str, ...]
    counts: Floats
    people: int
    found: tuple[Change, ...]
    first_day: date
    why_not: WhyNot
    half_life_days: float | None


def taste() -> Taste:
    """What was chosen in the 26 weeks that ended yesterday. Raises LakeUnreachable."""
    yesterday = clock.business_day() - timedelta(days=1)
    since = yesterday - timedelta(days=7 * WEEKS - 1)
    topic_of = dict(Course.objects.order_by("pk").values_list("pk", "topic__slug"))
    topics = tuple(sorted(set(topic_of.values())))
    chosen = _chosen(since, yesterday, topic_of, topics)
    counts = np.zeros((WEEKS, len(topics)))
    np.add.at(counts, (chosen.day // 7, chosen.topic), 1)
    # Days before the first choice are no time in which nobody cared.
    began = int(chosen.day.min(initial=7 * WEEKS - 1))
    lived = Choices(
        chosen.person, chosen.day - began, chosen.topic, chosen.people, chosen.days - began, chosen.topics
    )
    scanned = changes(lived)
    return Taste(
        day=yesterday,
        weeks=tuple(since + timedelta(days=7 * week) for week in range(WEEKS)),
        topics=topics,
        counts=counts,
        people=chosen.people,
        found=scanned.found,
        first_day=since + timedelta(days=began),
        why_not=scanned.why_not,
        half_life_days=_half_life(chosen) if chosen.people else None,
    )


def _chosen(since: date, until: date, topic_of: Mapping[int, str], topics: tuple[str, ...]) -> Choices:
    names = [name for name, weight in INTEREST.items() if weight > 0]

    def turned_to(events: ibis.Table) -> pa.Table:
        acts = events.filter(
            events.course_id.notnull(), events.name.isin(names), events.day >= since, events.day <= until
        )
        person = ibis.coalesce("m" + acts.member_id.cast("string"), "v" + acts.visitor)
        return acts.select("day", "course_id", person=person).distinct().to_pyarrow()

    rows = lake.ask(turned_to, purpose=Purpose.ANALYTICS, since=since)
    place = {slug: n for n, slug in enumerate(topics)}
    topic = np.asarray(
        [place.get(topic_of.get(c, ""), -1) for c in rows["course_id"].to_pylist()], dtype=np.int64
    )
    known = topic >= 0
    _, person = np.unique(np.asarray(rows["person"].to_pylist(), dtype=np.str_)[known], return_inverse=True)
    day = np.asarray([(one - since).days for one in rows["day"].to_pylist()], dtype=np.int64)[known]
    # Two courses of a topic on one day are one choice.
    once = np.unique(np.stack([person.astype(np.int64), day, topic[known]]), axis=1)
    people = int(once[0].max(initial=-1)) + 1
    return Choices(once[0], once[1], once[2], people, 7 * WEEKS, len(topics))


def _half_life(chosen: Choices) -> float:
    """Choices are in order of person and day."""
    shares = np.bincount(chosen.topic, minlength=chosen.topics) + 1.0
    shares /= shares.sum()
    ladder = Ladder(usual_days=HALF_LIFE_DAYS)
    edges = np.searchsorted(chosen.person, np.arange(chosen.people + 1))
    some = np.random.default_rng(0).permutation(chosen.people)[:PEOPLE_FORETOLD]
    log_chances = np.zeros(len(ladder.half_lives_days))
    for low, high in zip(edges[some], edges[some + 1], strict=True):
        begin = max(int(low), int(high) - CHOICES_FORETOLD)
        topics, days = chosen.topic[begin:high], chosen.day[begin:high].astype(np.float64)
        log_chances += foretold(topics, days, shares, ladder)
    return half_life_days(log_chances, ladder)
