"""One person's turn of taste: whether and when what they turn to became something else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from zhiyue.analyse.kinds import Act
from zhiyue.analyse.selectors import recent_acts
from zhiyue.analyse.weights import HALF_LIFE_DAYS
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.engine.drift.fading import Ladder, foretold, half_life_days
from zhiyue.engine.drift.person import turned
from zhiyue.product.catalogue.models import Course, Topic

ACTS_READ = 2000
# A choice is a topic on a day; the newest of them say what somebody's taste is.
CHOICES_READ = 200


@dataclass(frozen=True, slots=True)
class Shift:
    """A found turn. `day` is the first after it, `earliest` and `latest` its 95 % interval. `odds`: how much more
    likely the choices are with it than without. before, after: topic (slug) and its share, largest first."""

    day: date
    earliest: date
    latest: date
    odds: float
    before: tuple[tuple[str, float], ...]
    after: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class TasteShift:
    """What `choices` choices tell. `shift` is None where taste is steady, and where there are `too_few` to say.
    `half_life_days`: under which the person's own past foretells them best, near the usual one while little is known.
    """

    shift: Shift | None
    too_few: bool
    choices: int
    half_life_days: float


def taste_shift(actor: Actor) -> TasteShift:
    """Whether the person's taste turned. Of whoever doesn't consent to personalisation there is nothing to go by."""
    acts = recent_acts(actor, limit=ACTS_READ)
    courses = {act.course_id for act in acts}
    topic_of = dict(Course.objects.filter(pk__in=courses).order_by("pk").values_list("pk", "topic__slug"))
    return shift_in(acts, topic_of, Topic.objects.order_by("slug").values_list("slug", flat=True))


def shift_in(acts: Sequence[Act], topic_of: Mapping[int, str], topics: Iterable[str]) -> TasteShift:
    """The same of acts that were read already, newest first. `topic_of`: the topic (slug) of each course; acts on
    others are passed over. `topics`: all there are; of none nobody has a taste."""
    slugs = sorted(topics)
    if not slugs:
        return TasteShift(None, too_few=True, choices=0, half_life_days=HALF_LIFE_DAYS)
    place = {slug: n for n, slug in enumerate(slugs)}
    found: dict[tuple[date, str], None] = {}
    for act in reversed(acts):
        if act.weight > 0 and topic_of.get(act.course_id) in place:
            found[clock.business_day(act.occurred_at), topic_of[act.course_id]] = None
    chosen = list(found)[-CHOICES_READ:]
    codes = np.asarray([place[slug] for _, slug in chosen], dtype=np.int64)
    days = np.asarray([float(day.toordinal()) for day, _ in chosen])
    # To begin with no topic is likelier than another.
    shares = np.full(len(slugs), 1 / max(1, len(slugs)))
    ladder = Ladder(usual_days=HALF_LIFE_DAYS)
    half_life = half_life_days(foretold(codes, days, shares, ladder), ladder)
    told = turned(codes, shares)
    shift = None
    if told.turn is not None:
        day, earliest, latest = (
            chosen[place][0] for place in (told.turn.first, told.turn.earliest, told.turn.latest)
        )
        before, after = _named(told.turn.before, slugs), _named(told.turn.after, slugs)
        shift = Shift(day, earliest, latest, told.turn.odds, before, after)
    return TasteShift(shift, told.too_few, len(chosen), half_life)


def _named(shares: Sequence[float], slugs: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Most of somebody's choices; what only the prior gave a share is left out."""
    most = sorted(zip(slugs, shares, strict=True), key=lambda one: -one[1])
    return tuple((slug, share) for slug, share in most if share > 1.5 / len(slugs))
