"""What the event log is told of simulated people's acts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_OID, uuid5

import numpy as np

from zhiyue.collect.cleaning import Cleaned, clean
from zhiyue.collect.kinds import Actor
from zhiyue.collect.vocabulary import KINDS
from zhiyue.demo.acted import Act, trial_days
from zhiyue.demo.living import LivedDay
from zhiyue.demo.models import Shelf
from zhiyue.engine.simulate.kinds import NONE, Kind
from zhiyue.product.catalogue.indexing import COURSE

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
    Kind.TRY: "trial.started",
    Kind.GIVE: "gift.made",
    Kind.RECEIVE: "gift.opened",
}
# Ends of orders. An order is written with all that is told of it once it has come to one.
ENDS = frozenset({Kind.PAY, Kind.LAPSE})


@dataclass(frozen=True, slots=True)
class Told:
    """What events tell besides: prices of courses in fen, what was asked for at a checkout by its row, ids of gifts."""

    prices: Mapping[int, int]
    asked: Mapping[int, int]
    gifts: Mapping[int, int]


def events_of(acts: Sequence[Act], lived: LivedDay, known: Told) -> Iterator[tuple[Cleaned, Actor]]:
    """What is told of the acts; what belongs to an order is told with it."""
    for one in acts:
        if one.kind in ENDS or (one.kind == Kind.ENROL and known.prices[one.course]):
            continue
        who = lived.figures[int(lived.acts.person[one.row])].key
        cleaned = clean(
            name=EVENT_NAMES[one.kind],
            origin="import",
            # The same act lived again has the same id, so it is stored once.
            event_id=uuid5(NAMESPACE_OID, f"{who} {one.kind} {one.at.isoformat()} {one.course} {one.lesson}"),
            # The model knows more than the log asks for: which course a search led to.
            course_id=(one.course or None) if KINDS[EVENT_NAMES[one.kind]].about != "nothing" else None,
            lesson_id=one.lesson or None,
            properties=_properties(one, lived, known),
            occurred_at=one.at,
            received_at=one.at,
        )
        yield cleaned, one.actor


def _properties(one: Act, lived: LivedDay, known: Told) -> dict[str, object]:
    acts, row = lived.acts, one.row
    match one.kind:
        case Kind.READ | Kind.SKIM:
            told: dict[str, object] = {"percent": int(acts.percent[row]), "seconds": int(acts.seconds[row])}
        case Kind.LEAVE:
            told = {"percent": int(acts.percent[row])}
        case Kind.PAGE:
            told = {"path": acts.paths[acts.path[row]]}
        case Kind.SEARCH:
            told = {"words": acts.searched[acts.words[row]], "found": int(acts.found[row])}
        case Kind.FIND:
            words = acts.searched[acts.words[row]]
            told = {"words": words, "kind": COURSE, "position": int(acts.position[row])}
        case Kind.SLATE | Kind.CHOOSE:
            told = _of_shelf(one, lived)
        case _:
            told = _of_sales(one, lived, known)
    return told


def _of_sales(one: Act, lived: LivedDay, known: Told) -> dict[str, object]:
    match one.kind:
        case Kind.PRICE:
            return {"price_fen": known.prices[one.course]}
        case Kind.CHECKOUT:
            return {"amount_fen": known.asked[one.row]}
        case Kind.TRY:
            return {"days": trial_days(one, lived), **({"plan": one.plan} if one.plan else {})}
        case Kind.GIVE | Kind.RECEIVE:
            return {"gift": known.gifts[one.gift]}
        case _:
            return {}


def _of_shelf(one: Act, lived: LivedDay) -> dict[str, object]:
    acts, row = lived.acts, one.row
    if one.kind == Kind.CHOOSE:
        position, propensity = int(acts.position[row]), round(float(acts.propensity[row]), 6)
        return {**_slate(row, lived), "position": position, "propensity": max(propensity, 1e-6)}
    listed = acts.slates[acts.slate[row]]
    figure = lived.figures[int(acts.person[row])]
    courses = [
        lived.english.read_by(figure, one.at, course)
        for course in lived.shown.course_id[listed[listed != NONE]].tolist()
    ]
    return {**_slate(row, lived), "courses": courses, **_propensities(row, lived)}


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
