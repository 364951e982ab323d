"""What simulated people did as the product sees it: by whom, when, about which rows; nothing that wasn't open to
them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.demo.lent import Rights
from zhiyue.demo.living import LivedDay
from zhiyue.demo.roster import Figure
from zhiyue.engine.simulate.kinds import NONE, Kind, Plan
from zhiyue.product.commerce.imports.past_lending import opened_gifts
from zhiyue.product.commerce.selectors import owned_pairs

# Of the opening of a closed lesson, which everybody may read, nothing is kept but events.
OPENING = frozenset({Kind.PEEK, Kind.SKIM, Kind.LEAVE})


@dataclass(frozen=True, slots=True)
class Act:
    """One act as the product sees it: by whom, when, which row of the day's columns it is."""

    row: int
    kind: Kind
    actor: Actor
    at: datetime
    course: int
    lesson: int
    plan: int = 0
    bundle: int = 0
    gift: int = NONE


def acts_of(
    lived: LivedDay, figures: Sequence[Figure], after: datetime | None, until: datetime
) -> Iterator[Act]:
    acts, start = lived.acts, clock.day_start(lived.day)
    courses = [*lived.shown.course_id.tolist(), 0]
    lessons = [*lived.shown.lesson_id.tolist(), 0]
    plans = [*(plan.id for plan in lived.shown.plans), 0]
    bundles = [*(bundle.id for bundle in lived.shown.bundles), 0]
    columns = zip(
        acts.kind.tolist(), acts.person.tolist(), acts.at.tolist(), acts.as_visitor.tolist(),
        acts.course.tolist(), acts.lesson.tolist(), acts.plan.tolist(), acts.bundle.tolist(),
        acts.gift.tolist(), strict=True,
    )  # fmt: skip
    for row, (kind, person, second, as_visitor, course, lesson, plan, bundle, gift) in enumerate(columns):
        figure = figures[person]
        moment = start + timedelta(seconds=second)
        if kind == Kind.JOIN and figure.joined_at is not None:
            moment = figure.joined_at
        if moment > until or (after is not None and moment <= after):
            continue
        if as_visitor:
            actor = Actor(visitor=figure.visitor)
        elif figure.member_id is None:
            # Would have joined while the simulation rested, and never came.
            continue
        else:
            actor = Actor(member_id=figure.member_id)
        has = lived.english.read_by(figure, moment, courses[course])
        read = lived.english.lesson_of(has, lessons[lesson])
        yield Act(row, Kind(kind), actor, moment, has, read, plans[plan], bundles[bundle], gift)


def rightful(acts: list[Act], lived: LivedDay) -> list[Act]:
    """Without lessons that don't open: a course may have been taken while the simulation rested, or taken back, and
    what was lent may have ended."""
    free = set(lived.shown.lesson_id[lived.shown.lesson_is_free].tolist())
    free |= {edition for original, edition in lived.english.lesson.items() if original in free}
    closed = [one for one in acts if one.lesson and one.lesson not in free and one.kind not in OPENING]
    people = {one.actor.member_id for one in closed if one.actor.member_id is not None}
    owned = owned_pairs(people) if people else set()
    rights = Rights(sorted({who for who, _ in _whose(closed) - owned if who}))
    given = opened_gifts({one.actor.visitor for one in closed if one.actor.visitor is not None})
    closed_rows = {one.row for one in closed}
    kept = []
    for one in acts:
        whose = (one.actor.member_id or 0, one.course)
        if one.kind == Kind.ENROL:
            owned.add(whose)
        elif one.kind == Kind.RECEIVE and one.actor.visitor is not None:
            given.add((one.actor.visitor, one.lesson))
        elif one.kind in (Kind.TRY, Kind.PAY) and (one.kind == Kind.TRY or one.plan):
            days = trial_days(one, lived) if one.kind == Kind.TRY else 1
            until = one.at + timedelta(days=days)
            rights.begun(whose[0], one.at, until, course=one.course or None, plan=one.plan or None)
        if (
            one.row not in closed_rows
            or whose in owned
            or (one.actor.visitor, one.lesson) in given
            or rights.is_open(*whose, one.at)
        ):
            kept.append(one)
    return kept


def _whose(acts: Sequence[Act]) -> set[tuple[int, int]]:
    return {(one.actor.member_id or 0, one.course) for one in acts}


def trial_days(one: Act, lived: LivedDay) -> int:
    row = lived.acts.course[one.row]
    return int(lived.shown.trial_days[row]) if row != NONE else _plan(one, lived).trial_days


def _plan(one: Act, lived: LivedDay) -> Plan:
    return lived.shown.plans[int(lived.acts.plan[one.row])]


def prices_of(lived: LivedDay) -> dict[int, int]:
    """In fen, by course; editions cost what their originals do."""
    prices = {course.id: course.price_fen for course in lived.shown.courses}
    editions = lived.english.original.items()
    return prices | {pk: prices[original] for pk, original in editions if original in prices}
