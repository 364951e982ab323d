"""Slates: the doors of recommendation for pages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from zhiyue.analyse.kinds import Act
from zhiyue.analyse.selectors import recent_acts
from zhiyue.collect.kinds import Actor
from zhiyue.collect.slates import whose
from zhiyue.core.kit import clock
from zhiyue.engine.matrix import profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.product.catalogue.editions import with_editions
from zhiyue.product.catalogue.models import Topic
from zhiyue.product.learning.corrections import Corrections, corrections_of
from zhiyue.product.learning.selectors import interests_of
from zhiyue.recommend import memory, rules, serve
from zhiyue.recommend.closing import closed_to
from zhiyue.recommend.contests import Assigned, assigned
from zhiyue.recommend.inputs import acts_of, codes_of, still_meant
from zhiyue.recommend.interests import folded, opening, said, wished
from zhiyue.recommend.kinds import Reason, Recommended, Slate, Slot
from zhiyue.recommend.live import live_policy, standing
from zhiyue.recommend.memory import Held
from zhiyue.recommend.moves import Asked, Round
from zhiyue.recommend.offers import COLD, COLD_POLICY, Offer, cold, offer_to
from zhiyue.recommend.people import by_people, like_minded
from zhiyue.recommend.policies import POLICIES, PROFILE, RERANKING, SIMILAR_POLICY, TAKING
from zhiyue.recommend.reranking import Lot, Person, lot_of
from zhiyue.recommend.rules import Pin, Steering, with_pins

__all__ = ["knows", "live_policy", "similar", "slate", "slates"]

NEW_DAYS = 7
# An older count of learners says nothing about this week; training is due every ten minutes.
LEARNERS_HOLD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a slate goes by of a person: acts, what they corrected, and courses of topics they wish for."""

    acts: Sequence[Act]
    corrections: Corrections
    wishes: Mapping[int, Topic]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where and when a slate is shown: courses that may not stand there, the academy's rules, and the seed of the
    person's lot, None: nothing is left to chance."""

    closed: set[int]
    steering: Steering
    moment: datetime
    seed: int | None


def slate(
    actor: Actor,
    *,
    k: int = 12,
    policy: str | None = None,
    slot: Slot | None = None,
    until_pk: int | None = None,
    at: datetime | None = None,
    besides: Collection[int] = (),
) -> Slate:
    """The k courses to show a person next, by the live policy, or the one drawn for them, where none is named; what
    they own, finished, gave back or said isn't for them is never among them, in no edition. Of a course that is out in
    several languages the edition in the reader's is shown.

    Of a policy that isn't trained the slate is what most learners begin with, and says so: `popular`, version "cold".

    `slot`: where it is shown; the academy's choice stands on shelves only, and chance has its place on one's own.
    `until_pk`: as it was after that event, to show what one act changed; what the person joined or finished
    later is open again. `at`: whose rules hold and whose lot is drawn, those of that day. `besides`: courses that are
    on the page already.
    Raises ValueError for a policy that is not in the table or k below 1.
    """
    by = assigned(actor, at) if policy is None else Assigned(policy)
    ((found, _),) = slates(actor, [by.policy], k=k, slot=slot, until_pk=until_pk, at=at, besides=besides)
    if found.version == COLD:
        # It says nothing of the policy that was drawn.
        by = Assigned(found.policy)
    return replace(found, contest=by.contest, policy_chance=by.chance, made_for=whose(actor))


def slates(
    actor: Actor,
    policies: Sequence[str],
    *,
    k: int = 12,
    slot: Slot | None = None,
    until_pk: int | None = None,
    at: datetime | None = None,
    besides: Collection[int] = (),
    language: str | None = None,
) -> list[tuple[Slate, Asked]]:
    """What `slate` gives under each of some policies, and what each was made of, for whoever explains it (`moves`); of
    the person everything is read once. `language`: in which they read (default: that of whoever looks). Raises as
    `slate`."""
    if k < 1:
        raise ValueError("k must be at least 1")
    for policy in policies:
        if policy not in POLICIES:
            raise ValueError(f"There is no policy “{policy}”; choose from: {', '.join(POLICIES)}.")
    moment = at or clock.now()
    kinds = {POLICIES[name].is_varied for name in policies}
    told = {is_varied: _said(actor, until_pk, is_varied) for is_varied in kinds}
    own = closed_to(actor, until_pk, moment) | set(besides)
    shelves = {}
    for is_varied in kinds:
        where = slot or ("for-you" if is_varied else "popular")
        steering = rules.in_force(where, moment)
        seed = lot_of(actor, moment) if told[is_varied].acts and where == "for-you" else None
        shelves[is_varied] = _Shelf(with_editions(own | steering.never), steering, moment, seed)
    offer = offer_to(language)
    return [
        _slate(policy, told[is_varied], shelves[is_varied], k, offer)
        for policy, is_varied in ((name, POLICIES[name].is_varied) for name in policies)
    ]


def _said(actor: Actor, until_pk: int | None, is_varied: bool) -> _Said:
    acts, corrections = said(actor, is_varied=is_varied, until_pk=until_pk)
    # Acts say more than a wish: interests count until the first act.
    wishes = wished(actor, corrections) if not acts and is_varied else {}
    return _Said(acts, corrections, wishes)


def knows(actor: Actor) -> bool:
    """Is there anything of this person that a slate goes by: an act, or a topic they said they care about or want more
    of?"""
    corrections = corrections_of(actor)
    acts = recent_acts(actor, limit=1, corrections=corrections)
    return bool(acts or corrections.more or interests_of(actor))


def similar(course_id: int, *, k: int = 6) -> Slate:
    """At most k courses most like one, for whoever looks at it; none that is there for being popular alone, and none
    that says nearly the same."""
    offer = offer_to()
    held = memory.newest(SIMILAR_POLICY) or cold(offer)
    model = held.pipeline
    looked_at = Act(event_pk=0, event="", course_id=course_id, weight=1.0, occurred_at=clock.now())
    acts = acts_of([looked_at], held.course_ids, offer.original)
    steering = rules.in_force("", clock.now())
    closed = set(_closed(held, offer, with_editions({course_id, *steering.never})))
    looked = codes_of([offer.original_of(course_id)], held.course_ids)
    exclude = serve.excluding([sorted(closed | _with_twins(held, looked))], model.model.items)
    person = Person(weighed=_weighed(steering, held, offer))
    shaped = profiles(acts, PROFILE)
    ranked = serve.rank(model, shaped, exclude, k, explain=True, vary=False, people=[person])
    reason = Reason("similar", course_id=course_id)
    told = _told(ranked, held, offer, SIMILAR_POLICY, dict.fromkeys(acts.item.tolist(), reason), clock.now())
    alike = [item for item in told.items if item.reason.kind == "similar"]
    return replace(told, items=tuple(replace(item, position=n) for n, item in enumerate(alike, start=1)))


def _slate(policy: str, said: _Said, shelf: _Shelf, k: int, offer: Offer) -> tuple[Slate, Asked]:
    held = memory.newest(policy) or cold(offer)
    acts, corrections = said.acts, said.corrections
    # The academy's choice is for whoever didn't ask for less of it.
    unwanted = shelf.closed | corrections.courses_of_less
    pins = [pin for pin in shelf.steering.pins if pin.place <= k and _may_stand(pin, offer, unwanted)]
    known, shaped = folded(acts, held.course_ids, offer.original, corrections, held.pipeline.groups)
    pinned = codes_of([offer.original_of(pin.course_id) for pin in pins], held.course_ids)
    never = {*_closed(held, offer, shelf.closed), *_with_twins(held, pinned)}
    somebody = _person(acts, set(known.item.tolist()), never, shelf.steering, held, offer)
    wishes = {offer.original_of(course_id): topic for course_id, topic in said.wishes.items()}
    vary = POLICIES[policy].is_varied
    # What the person met already, and what they want less of, comes only where nothing else is left.
    silent = {offer.original_of(course_id) for course_id in corrections.silent}
    late = {*known.item.tolist(), *codes_of(sorted(silent), held.course_ids)}

    free = max(1, k - len(pins))
    # Each round leaves some out, and fills so many places at most.
    rounds: list[tuple[set[int], int]] = [(late, free), (set(), free)]
    if vary and not acts:
        since = shelf.moment - timedelta(days=NEW_DAYS)
        new = [original for original, (_, at) in offer.shown.items() if at >= since]
        codes = codes_of(sorted(wishes), held.course_ids), codes_of(sorted(new), held.course_ids)
        rounds = [*opening(*codes, late, len(held.course_ids), free), *rounds]
    lot = None if shelf.seed is None else _lot(shelf.seed, held, offer, shelf.moment)
    found = serve.NO_PLACES
    listed: list[int] = []
    made: list[Round] = []
    for left_out, most in rounds:
        if len(listed) < free:
            shut = serve.excluding(
                [sorted(never | left_out | _with_twins(held, listed))], len(held.course_ids)
            )
            made.append(Round(shut, len(listed), not left_out <= late))
            whose = [somebody if listed else replace(somebody, lot=lot)]
            places = min(most, free - len(listed))
            more = serve.rank(held.pipeline, shaped, shut, places, vary=vary, explain=True, people=whose)
            found = found.followed_by(more, len(listed))
            listed = [code for code in found.items[0].tolist() if code != NOTHING]
    people = like_minded(held.pipeline.model, shaped, listed)
    because = _reasons(still_meant(acts), held, offer)
    told = _told(found, held, offer, policy, because, shelf.moment, wishes, people)
    shown = [replace(pin, course_id=offer.shown[offer.original_of(pin.course_id)][0]) for pin in pins]
    asked = Asked(held, len(acts), shaped, somebody, vary, made, found, never, late, set(wishes))
    return replace(told, items=with_pins(told.items, shown)[:k]), asked


def _person(
    acts: Sequence[Act], met: set[int], never: set[int], steering: Steering, held: Held, offer: Offer
) -> Person:
    """What re-ranking knows of somebody besides their profile. `met`: codes of what they acted on."""
    took = [offer.original_of(act.course_id) for act in acts if act.event in TAKING]
    taken = frozenset(codes_of(took, held.course_ids))
    return Person(taken, frozenset(met - taken - never), _weighed(steering, held, offer))


def _may_stand(pin: Pin, offer: Offer, closed: Collection[int]) -> bool:
    """Pins are for whoever may be shown the course: it is out, and not one they own or don't want."""
    original = offer.original_of(pin.course_id)
    return original in offer.shown and {pin.course_id, original, offer.shown[original][0]}.isdisjoint(closed)


def _with_twins(held: Held, codes: Collection[int]) -> set[int]:
    """These courses, and those that say nearly the same."""
    traits = held.pipeline.traits
    return set(codes) if traits is None else traits.with_twins(codes)


def _weighed(steering: Steering, held: Held, offer: Offer) -> dict[int, float]:
    """The factors of the academy's rules by code."""
    return {
        code: factor
        for course_id, factor in steering.weighed.items()
        for code in codes_of([offer.original_of(course_id)], held.course_ids)
    }


def _lot(seed: int, held: Held, offer: Offer, moment: datetime) -> Lot:
    """Among the courses that are out since a short while, with what pulls at each on that day."""
    since = moment - timedelta(days=RERANKING.explore_days)
    young = [course_id for course_id, (_, out) in offer.shown.items() if since <= out <= moment]
    pulls = {
        code: pull
        for course_id, pull in standing().pulls_on(clock.business_day(moment)).items()
        for code in codes_of([offer.original_of(int(course_id))], held.course_ids)
    }
    return Lot(np.asarray(codes_of(sorted(young), held.course_ids), dtype=np.int64), seed, pulls)


def _told(
    ranked: serve.Ranked,
    held: Held,
    offer: Offer,
    policy: str,
    because: Mapping[int, Reason],
    now: datetime,
    wishes: Mapping[int, Topic] | None = None,
    people: Mapping[int, int] | None = None,
) -> Slate:
    """The one list of `ranked` with ids for codes and reasons for profile items, for topics of interest, or for how
    many `people` have an item."""
    items: list[Recommended] = []
    new_since = now - timedelta(days=NEW_DAYS)
    is_count_fresh = now - held.counted_at <= LEARNERS_HOLD
    for place, code in enumerate(ranked.items[0].tolist()):
        if code == NOTHING:
            break
        original = int(held.course_ids[code])
        course_id, published_at = offer.shown[original]
        because_of = by_people(because.get(int(ranked.reasons[0, place])), (people or {}).get(code))
        reason = _put_there(ranked, place, held, offer) or because_of
        topic = (wishes or {}).get(original)
        if reason is None and topic is not None:
            reason = Reason("interest", topic=topic.name, topic_en=topic.name_en)
        if reason is None:
            learners = int(held.learners[code]) if is_count_fresh else 0
            is_new = published_at >= new_since
            reason = Reason("new") if is_new else Reason("popular", learners=learners or None)
        score, chance = float(ranked.scores[0, place]), float(ranked.chances[0, place])
        items.append(Recommended(course_id, score, reason, place + 1, chance))
    # A policy that isn't trained made nothing.
    return Slate(tuple(items), COLD_POLICY if held.version == COLD else policy, held.version)


def _put_there(ranked: serve.Ranked, place: int, held: Held, offer: Offer) -> Reason | None:
    """The reason of a course that its own score didn't put there."""
    if ranked.drawn[0, place]:
        return Reason("exploration")
    late = int(ranked.instead_of[0, place])
    if late == NOTHING:
        return None
    return Reason("prerequisite", course_id=offer.shown[int(held.course_ids[late])][0])


def _reasons(acts: Sequence[Act], held: Held, offer: Offer) -> dict[int, Reason]:
    """For each course acted on, by code, the act to name.

    It is the heaviest, where each later act of another kind on the same course halves what came before it:
    the newest wins unless it says much less.
    """
    strongest: dict[int, tuple[float, str]] = {}
    later: dict[int, set[str]] = {}
    for act in acts:
        kinds = later.setdefault(act.course_id, set())
        weight = act.weight * 0.5 ** len(kinds - {act.event})
        if weight > strongest.get(act.course_id, (0.0, ""))[0]:
            strongest[act.course_id] = (weight, act.event)
        kinds.add(act.event)
    return {
        code: Reason("act", event=event, course_id=course_id)
        for course_id, (_, event) in strongest.items()
        for code in codes_of([offer.original_of(course_id)], held.course_ids)
    }


def _closed(held: Held, offer: Offer, closed: set[int]) -> list[int]:
    """Codes of courses that may not be shown: those in `closed`, and those not published (any more)."""
    hidden = {int(course_id) for course_id in held.course_ids} - set(offer.shown)
    return codes_of(sorted(closed | hidden), held.course_ids)
