"""What the academy's own recommender shows simulated members: while a contest is on, whoever takes part is shown what
real people would be, by the policy that the lot draws for them. What they choose from it goes by their tastes alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from zhiyue.collect.kinds import Actor
from zhiyue.core.consent.selectors import granted_to_many
from zhiyue.core.kit import clock
from zhiyue.demo.models import Shelf
from zhiyue.demo.roster import Figure
from zhiyue.engine.simulate.chance import Ints
from zhiyue.engine.simulate.kinds import NONE, Catalogue, Shelves
from zhiyue.recommend import live
from zhiyue.recommend.contests import TAKING_PART
from zhiyue.recommend.selectors import slate

# A day is lived until it is over; after so many more nobody asks for its shelves again.
KEPT_DAYS = 2


@dataclass(frozen=True, eq=False)
class Given:
    """Shelves as the model takes them, and what each was made by: of whom, by their row."""

    shelves: Shelves | None = None
    drawn: Mapping[int, Shelf] = field(default_factory=dict)


def given(figures: Sequence[Figure], rows: Ints, shown: Catalogue, *, day: date, places: int) -> Given:
    """The shelves of `day` of those of the `rows` who were members when it began and take part in the contest that is
    on. They are kept while the day lasts: asked again, they are the same, whatever was trained meanwhile."""
    contest = live.standing().contest
    if contest is None:
        return Given()
    start = clock.day_start(day)
    members = {
        figure.member_id: row
        for row in rows.tolist()
        if (figure := figures[row]).member_id is not None and figure.joined_at and figure.joined_at < start
    }
    there = Shelf.objects.filter(day=day, contest=contest)
    known = set(there.values_list("member_id", flat=True))
    granted, _ = granted_to_many(member_ids=[member for member in members if member not in known])
    # Not out yet on a past day that is lived now.
    unseen = [
        course.id for course, out in zip(shown.courses, shown.published_day, strict=True)
        if out >= day.toordinal()
    ]  # fmt: skip
    made = []
    for member, purposes in granted.items():
        if TAKING_PART not in purposes:
            continue
        actor = Actor(member_id=member, granted=purposes)
        found = slate(actor, k=places, slot="for-you", at=start, besides=unseen)
        if found.contest == contest and found.items:
            made.append(
                Shelf(
                    day=day,
                    member_id=member,
                    contest=contest,
                    policy=found.policy,
                    policy_chance=found.policy_chance,
                    courses=[[item.course_id, item.propensity] for item in found.items],
                )
            )
    Shelf.objects.bulk_create(made, ignore_conflicts=True)
    Shelf.objects.filter(day__lt=day - timedelta(days=KEPT_DAYS)).delete()
    drawn = {members[shelf.member_id]: shelf for shelf in there if shelf.member_id in members}
    listed = np.full((len(figures), places), NONE, dtype=np.int64)
    chance = np.zeros((len(figures), places))
    for row, shelf in drawn.items():
        stands = [(shown.course_index[pk], p) for pk, p in shelf.courses if pk in shown.course_index]
        for place, (column, propensity) in enumerate(stands[:places]):
            listed[row, place], chance[row, place] = column, propensity
    return Given(Shelves(listed, chance), {row: one for row, one in drawn.items() if listed[row, 0] != NONE})
