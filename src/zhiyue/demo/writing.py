"""Writes what simulated people did into the product, by one bulk service of each app. Nothing else here writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np
from django.db import transaction

from zhiyue.collect.cleaning import Cleaned, clean
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import import_history
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.services import import_members
from zhiyue.core.kit import clock
from zhiyue.demo import consents, roster
from zhiyue.demo.living import LivedDay
from zhiyue.demo.models import Presence, Shelf
from zhiyue.demo.roster import Figure
from zhiyue.engine.simulate.kinds import NONE, Acts, Kind
from zhiyue.product.catalogue.indexing import COURSE
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.imports.past_shares import enter_past
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.selectors import owned_pairs
from zhiyue.product.commerce.services import import_enrolments
from zhiyue.product.learning.kinds import PastProgress
from zhiyue.product.learning.services import bring_history, import_progress, import_saved

# A shelf in an order drawn by charm: what no policy of the product does, so that it bears a name of its own. Who takes
# part in a contest sees what a policy of it made (`shelves`).
SLATE_POLICY = "simulated"
EVENT_NAMES = {
    Kind.JOIN: "member.signed_up",
    Kind.SIGN_IN: "member.signed_in",
    Kind.PAGE: "page.viewed",
    Kind.SLATE: "slate.shown",
    Kind.CHOOSE: "slate.chosen",
    Kind.SEARCH: "search.made",
    Kind.FIND: "search.chosen",
    Kind.VIEW: "course.viewed",
    Kind.OPEN: "lesson.opened",
    Kind.READ: "lesson.progressed",
    Kind.FINISH: "lesson.finished",
    Kind.SAVE: "course.saved",
    Kind.ENROL: "course.enrolled",
    Kind.PEEK: "preview.started",
    Kind.SKIM: "preview.progressed",
    Kind.LEAVE: "preview.ended",
    Kind.PRICE: "offer.seen",
    Kind.CHECKOUT: "checkout.opened",
    Kind.PAY: "order.paid",
    Kind.LAPSE: "order.expired",
}
# Of the opening of a closed lesson, which everybody may read, nothing is kept but events.
_OPENING = frozenset({Kind.PEEK, Kind.SKIM, Kind.LEAVE})
# Ends of orders. An order is written with all that is told of it once it has come to one.
_ENDS = frozenset({Kind.PAY, Kind.LAPSE})


@dataclass(frozen=True, slots=True)
class _Act:
    """One act as the product sees it: by whom, when, which row of the day's columns it is."""

    row: int
    kind: Kind
    actor: Actor
    at: datetime
    course: int
    lesson: int


@dataclass(slots=True)
class _Reading:
    """What one person did in one lesson."""

    percent: int = 0
    finished_at: datetime | None = None
    opened_at: datetime | None = field(default=None)


@transaction.atomic
def write(lived: LivedDay, *, after: datetime | None, until: datetime) -> int:
    """Write what happened after `after` (None: from the day's beginning) and until `until`, as if the pages had been
    used. Who joins in between becomes a member first. Returns how many events were new."""
    figures = _with_members(lived, after, until)
    acts = _rightful(list(_acts(lived, figures, after, until)), lived)
    consents.put_visitors(_came(acts, lived.acts, figures))
    present = {one.actor.member_id for one in acts if one.actor.member_id is not None}
    Presence.objects.bulk_create(
        [Presence(member_id=who, day=lived.day) for who in sorted(present)], ignore_conflicts=True
    )
    prices = _prices(lived)
    import_enrolments(
        rows=[
            (one.actor.member_id, one.course, one.at)
            for one in acts
            if one.kind == Kind.ENROL and one.actor.member_id and not prices[one.course]
        ],
        source=Enrolment.Source.FREE,
    )
    ordered = import_orders(rows=_orders(acts, lived, prices))
    enter_past(ordered.orders)
    import_saved(
        rows=[
            (one.actor.member_id, one.course, one.at)
            for one in acts
            if one.kind == Kind.SAVE and one.actor.member_id
        ]
    )
    import_progress(rows=_progress(acts, lived.acts))
    written = ordered.events + import_history(events=_events(acts, lived, prices))
    _bring_histories(acts, figures, lived.acts)
    return written


def _with_members(lived: LivedDay, after: datetime | None, until: datetime) -> list[Figure]:
    """The day's people, those who join meanwhile as members."""
    figures = list(lived.figures)
    new = [
        n
        for n, figure in enumerate(figures)
        if figure.joined_at is not None
        and figure.member_id is None
        and (after is None or figure.joined_at > after)
        and figure.joined_at <= until
    ]
    if new:
        made = import_members(people=[roster.person(figures[n]) for n in new])
        for n, user in zip(new, made, strict=True):
            figures[n] = replace(figures[n], member_id=user.pk)
        consents.put_members([figures[n] for n in new])
    return figures


def _acts(
    lived: LivedDay, figures: Sequence[Figure], after: datetime | None, until: datetime
) -> Iterator[_Act]:
    acts, start = lived.acts, clock.day_start(lived.day)
    courses = [*lived.shown.course_id.tolist(), 0]
    lessons = [*lived.shown.lesson_id.tolist(), 0]
    columns = zip(
        acts.kind.tolist(), acts.person.tolist(), acts.at.tolist(), acts.as_visitor.tolist(),
        acts.course.tolist(), acts.lesson.tolist(), strict=True,
    )  # fmt: skip
    for row, (kind, person, second, as_visitor, course, lesson) in enumerate(columns):
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
        yield _Act(row, Kind(kind), actor, moment, has, lived.english.lesson_of(has, lessons[lesson]))


def _rightful(acts: list[_Act], lived: LivedDay) -> list[_Act]:
    """Without lessons that don't open: a course may have been taken while the simulation rested, or taken back."""
    free = set(lived.shown.lesson_id[lived.shown.lesson_is_free].tolist())
    free |= {edition for original, edition in lived.english.lesson.items() if original in free}
    people = {one.actor.member_id or 0 for one in acts if one.lesson and one.lesson not in free}
    owned = owned_pairs(people) if people else set()
    kept = []
    for one in acts:
        whose = (one.actor.member_id or 0, one.course)
        if one.kind == Kind.ENROL:
            owned.add(whose)
        if not one.lesson or one.lesson in free or one.kind in _OPENING or whose in owned:
            kept.append(one)
    return kept


def _orders(acts: Sequence[_Act], lived: LivedDay, prices: Mapping[int, int]) -> Iterator[PastOrder]:
    """What came to its end, paid at the pretended till or not."""
    for one in acts:
        if one.kind not in _ENDS or one.actor.member_id is None:
            continue
        who = lived.figures[int(lived.acts.person[one.row])].key
        is_paid = one.kind == Kind.PAY
        yield PastOrder(
            outside_number=f"demo-{uuid5(NAMESPACE_OID, f'order {who} {one.at.isoformat()} {one.course}').hex[:20]}",
            member_id=one.actor.member_id,
            course_id=one.course,
            total_fen=prices[one.course],
            placed_at=one.at - timedelta(seconds=int(lived.acts.seconds[one.row])),
            paid_at=one.at if is_paid else None,
            ended_at=None if is_paid else one.at,
            via=sandbox.NAME,
        )


def _prices(lived: LivedDay) -> dict[int, int]:
    """In fen, by course; editions cost what their originals do."""
    prices = {course.id: course.price_fen for course in lived.shown.courses}
    editions = lived.english.original.items()
    return prices | {pk: prices[original] for pk, original in editions if original in prices}


def _came(
    acts: Sequence[_Act], columns: Acts, figures: Sequence[Figure]
) -> dict[UUID, tuple[Figure, datetime]]:
    """Who looked round without an account, and when they came."""
    came: dict[UUID, tuple[Figure, datetime]] = {}
    for one in acts:
        if one.actor.visitor is not None:
            figure, at = figures[int(columns.person[one.row])], one.at
            earlier = came.get(one.actor.visitor)
            if earlier is None or at < earlier[1]:
                came[one.actor.visitor] = (figure, at)
    return came


def _progress(acts: Sequence[_Act], columns: Acts) -> list[PastProgress]:
    """Of each lesson and person the furthest percent, the first finish, the last opening."""
    found: dict[tuple[Actor, int], _Reading] = {}
    for one in acts:
        if not one.lesson or one.kind in _OPENING:
            continue
        reading = found.setdefault((one.actor, one.lesson), _Reading())
        reading.percent = max(reading.percent, int(columns.percent[one.row]))
        if one.kind == Kind.OPEN:
            reading.opened_at = one.at
        elif one.kind == Kind.FINISH:
            reading.percent, reading.finished_at = 100, reading.finished_at or one.at
        reading.opened_at = reading.opened_at or one.at
    return [
        PastProgress(actor, lesson, reading.percent, reading.finished_at, reading.opened_at)
        for (actor, lesson), reading in found.items()
        if reading.opened_at is not None
    ]


def _bring_histories(acts: Sequence[_Act], figures: Sequence[Figure], columns: Acts) -> None:
    """What somebody did as a visitor becomes theirs at joining."""
    whose = [figures[int(columns.person[one.row])] for one in acts if one.kind == Kind.JOIN]
    users = User.objects.in_bulk([figure.member_id for figure in whose if figure.member_id])
    came = roster.came_before(whose)
    for figure, did in zip(whose, came, strict=True):
        if did and figure.member_id:
            bring_history(user=users[figure.member_id], visitor=figure.visitor)


def _events(
    acts: Sequence[_Act], lived: LivedDay, prices: Mapping[int, int]
) -> Iterator[tuple[Cleaned, Actor]]:
    """What is told of the acts; what belongs to an order is told with it."""
    for one in acts:
        if one.kind in _ENDS or (one.kind == Kind.ENROL and prices[one.course]):
            continue
        who = lived.figures[int(lived.acts.person[one.row])].key
        cleaned = clean(
            name=EVENT_NAMES[one.kind],
            origin="import",
            # The same act lived again has the same id, so it is stored once.
            event_id=uuid5(NAMESPACE_OID, f"{who} {one.kind} {one.at.isoformat()} {one.course} {one.lesson}"),
            # The model knows more than the log asks for: which course a search led to.
            course_id=one.course if KINDS[EVENT_NAMES[one.kind]].about != "nothing" else None,
            lesson_id=one.lesson or None,
            properties=_properties(one, lived, prices),
            occurred_at=one.at,
            received_at=one.at,
        )
        yield cleaned, one.actor


def _properties(one: _Act, lived: LivedDay, prices: Mapping[int, int]) -> dict[str, object]:
    acts, row = lived.acts, one.row
    match one.kind:
        case Kind.READ | Kind.SKIM:
            told: dict[str, object] = {"percent": int(acts.percent[row]), "seconds": int(acts.seconds[row])}
        case Kind.LEAVE:
            told = {"percent": int(acts.percent[row])}
        case Kind.PRICE:
            told = {"price_fen": prices[one.course]}
        case Kind.CHECKOUT:
            told = {"amount_fen": prices[one.course]}
        case Kind.PAGE:
            told = {"path": acts.paths[acts.path[row]]}
        case Kind.SEARCH:
            told = {"words": acts.searched[acts.words[row]], "found": int(acts.found[row])}
        case Kind.FIND:
            words = acts.searched[acts.words[row]]
            told = {"words": words, "kind": COURSE, "position": int(acts.position[row])}
        case Kind.SLATE:
            listed = acts.slates[acts.slate[row]]
            figure = lived.figures[int(acts.person[row])]
            courses = [
                lived.english.read_by(figure, one.at, course)
                for course in lived.shown.course_id[listed[listed != NONE]].tolist()
            ]
            told = {**_slate(row, lived), "courses": courses, **_propensities(row, lived)}
        case Kind.CHOOSE:
            position, propensity = int(acts.position[row]), round(float(acts.propensity[row]), 6)
            told = {**_slate(row, lived), "position": position, "propensity": max(propensity, 1e-6)}
        case _:
            told = {}
    return told


def _slate(row: int, lived: LivedDay) -> dict[str, object]:
    """A shelf is named by whom it was shown and when, whatever else happens that day."""
    acts = lived.acts
    shown = np.flatnonzero((acts.slate == acts.slate[row]) & (acts.kind == Kind.SLATE))[0]
    who = lived.figures[int(acts.person[row])].key
    name = uuid5(NAMESPACE_OID, f"slate {who} {lived.day} {acts.at[shown]}").hex
    by = _drawn(row, lived)
    if by is None:
        return {"slate": name, "policy": SLATE_POLICY}
    # As `collect.slates` signs it for browsers.
    showing = {"made_on": lived.day.isoformat(), "showing": name[:16], "contest": by.contest}
    return {"slate": name, "policy": by.policy, **showing, "policy_chance": by.policy_chance}


def _propensities(row: int, lived: LivedDay) -> dict[str, object]:
    """With which chances the courses of a shelf that the recommender made stand there, where any is left to chance."""
    by = _drawn(row, lived)
    if by is None or all(chance == 1 for _, chance in by.courses):
        return {}
    chance_of = dict(by.courses)
    listed = lived.acts.slates[lived.acts.slate[row]]
    courses = lived.shown.course_id[listed[listed != NONE]].tolist()
    return {"propensities": [chance_of[course] for course in courses]}


def _drawn(row: int, lived: LivedDay) -> Shelf | None:
    return None if lived.acts.as_visitor[row] else lived.drawn.get(int(lived.acts.person[row]))
