"""Slates: the doors of recommendation for pages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from zhiyue.analyse.kinds import Act
from zhiyue.analyse.selectors import recent_acts
from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import by
from zhiyue.core.kit import clock
from zhiyue.engine.matrix import profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.engine.recommenders.popular import Popular
from zhiyue.product.catalogue.editions import language_of_reader, with_editions
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.commerce.selectors import enrolled_course_ids, learners_by_course
from zhiyue.product.learning.corrections import UNCORRECTED, Corrections, corrections_of
from zhiyue.product.learning.selectors import dismissed_course_ids, finished_course_ids, interests_of
from zhiyue.recommend import memory, serve
from zhiyue.recommend.fitting import Pipeline
from zhiyue.recommend.inputs import acts_of, codes_of, still_meant
from zhiyue.recommend.interests import folded, opening, wished
from zhiyue.recommend.kinds import Reason, Recommended, RefusedTraining, Slate
from zhiyue.recommend.live import live_policy, serving_policy
from zhiyue.recommend.memory import Held
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.people import by_people, like_minded
from zhiyue.recommend.policies import POLICIES, PROFILE, SIMILAR_POLICY

__all__ = ["knows", "live_policy", "refused_trainings", "similar", "slate", "slates"]

NEW_DAYS = 7
# An older count of learners says nothing about this week; training is due every ten minutes.
LEARNERS_HOLD = timedelta(days=1)
COLD = "cold"


@dataclass(frozen=True, slots=True)
class _Offer:
    """What may be shown, by the id of the original: the course, and since when it is out. `original` of the editions
    that are out."""

    shown: Mapping[int, tuple[int, datetime]]
    original: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a slate goes by of a person: acts, what they corrected, and courses of topics they wish for."""

    acts: Sequence[Act]
    corrections: Corrections
    wishes: Mapping[int, Topic]


def slate(actor: Actor, *, k: int = 12, policy: str | None = None, until_pk: int | None = None) -> Slate:
    """The k courses to show a person next, by the live policy where none is named; what they own, finished or said
    isn't for them is never among them, in no edition. Of a course that is out in several languages the edition in the
    reader's is shown.

    `until_pk`: as it was after that event, to show what one act changed; what the person joined or finished
    later is open again.
    Raises ValueError for a policy that is not in the table or k below 1.
    """
    (found,) = slates(actor, [serving_policy() if policy is None else policy], k=k, until_pk=until_pk)
    return found


def slates(actor: Actor, policies: Sequence[str], *, k: int = 12, until_pk: int | None = None) -> list[Slate]:
    """What `slate` gives under each of some policies; of the person everything is read once. Raises as `slate`."""
    if k < 1:
        raise ValueError("k must be at least 1")
    for policy in policies:
        if policy not in POLICIES:
            raise ValueError(f"There is no policy “{policy}”; choose from: {', '.join(POLICIES)}.")
    said = {
        varied: _said(actor, until_pk, varied) for varied in {POLICIES[name].is_varied for name in policies}
    }
    closed = with_editions(_owned_or_finished(actor, until_pk) | _dismissed(actor, until_pk))
    offer = _offer()
    return [_slate(policy, said[POLICIES[policy].is_varied], closed, k, offer) for policy in policies]


def _said(actor: Actor, until_pk: int | None, is_varied: bool) -> _Said:
    """Nothing that the person said counts in the list that is everybody's; what they did may."""
    corrections = corrections_of(actor) if is_varied else UNCORRECTED
    acts = recent_acts(actor, until_pk=until_pk, corrections=corrections)
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
    """At most k courses most like one, for whoever looks at it; none that is there for being popular alone."""
    offer = _offer()
    held = memory.newest(SIMILAR_POLICY) or _cold(offer)
    model = held.pipeline
    looked_at = Act(event_pk=0, event="", course_id=course_id, weight=1.0, occurred_at=clock.now())
    acts = acts_of([looked_at], held.course_ids, offer.original)
    exclude = serve.excluding([_closed(held, offer, with_editions({course_id}))], model.model.items)
    ranked = serve.rank(model, profiles(acts, PROFILE), exclude, k, explain=True, vary=False)
    reason = Reason("similar", course_id=course_id)
    told = _told(ranked, held, offer, SIMILAR_POLICY, dict.fromkeys(acts.item.tolist(), reason))
    alike = [item for item in told.items if item.reason.kind == "similar"]
    return replace(told, items=tuple(replace(item, position=n) for n, item in enumerate(alike, start=1)))


def refused_trainings() -> list[RefusedTraining]:
    """The newest training of each policy, where it wasn't let serve."""
    newest: dict[str, Artefact] = {}
    served: dict[str, Artefact] = {}
    for artefact in Artefact.objects.filter(policy__in=POLICIES).order_by("pk"):
        (newest if artefact.refusal else served)[artefact.policy] = artefact
    return [
        RefusedTraining(
            name,
            refused.created_at,
            refused.detail,
            is_worse=refused.refusal == Artefact.Refusal.WORSE,
            was=served[name].figure if name in served else 0.0,
            became=refused.figure,
        )
        for name in POLICIES
        if (refused := newest.get(name))
    ]


def _owned_or_finished(actor: Actor, until_pk: int | None) -> set[int]:
    """Courses a person needn't be shown; with `until_pk` those that were so after that event."""
    finished = finished_course_ids(actor)
    owned = enrolled_course_ids(actor.member_id) if actor.member_id is not None else set()
    if until_pk is not None:
        later = by(actor).filter(pk__gt=until_pk, name__in=["lesson.finished", "course.enrolled"])
        for name, course_id in later.values_list("name", "course_id"):
            (finished if name == "lesson.finished" else owned).discard(course_id)
    return finished | owned


def _dismissed(actor: Actor, until_pk: int | None) -> set[int]:
    """Courses that aren't for a person; with `until_pk` those that weren't after that event."""
    dismissed = set(dismissed_course_ids(actor))
    if until_pk is not None and dismissed:
        later = by(actor).filter(pk__gt=until_pk, name="course.dismissed")
        dismissed -= set(later.values_list("course_id", flat=True))
    return dismissed


def _slate(policy: str, said: _Said, closed: set[int], k: int, offer: _Offer) -> Slate:
    held = memory.newest(policy) or _cold(offer)
    acts, corrections = said.acts, said.corrections
    known, shaped = folded(acts, held.course_ids, offer.original, corrections, held.pipeline.groups)
    never = _closed(held, offer, closed)
    wishes = {offer.original.get(course_id, course_id): topic for course_id, topic in said.wishes.items()}
    vary = POLICIES[policy].is_varied
    # What the person met already, and what they want less of, comes only where nothing else is left.
    silent = {offer.original.get(course_id, course_id) for course_id in corrections.silent}
    late = {*known.item.tolist(), *codes_of(sorted(silent), held.course_ids)}
    # Each round leaves some out, and fills so many places at most.
    rounds: list[tuple[set[int], int]] = [(late, k), (set(), k)]
    if vary and not acts:
        since = clock.now() - timedelta(days=NEW_DAYS)
        new = [original for original, (_, at) in offer.shown.items() if at >= since]
        codes = codes_of(sorted(wishes), held.course_ids), codes_of(sorted(new), held.course_ids)
        rounds = [*opening(*codes, late, len(held.course_ids), k), *rounds]
    found = serve.NO_PLACES
    listed: list[int] = []
    for left_out, most in rounds:
        if len(listed) < k:
            shut = serve.excluding([sorted({*never, *listed, *left_out})], held.pipeline.model.items)
            places = min(most, k - len(listed))
            more = serve.rank(held.pipeline, shaped, shut, places, vary=vary, explain=True)
            found = found.followed_by(more, len(listed))
            listed = [code for code in found.items[0].tolist() if code != NOTHING]
    people = like_minded(held.pipeline.model, shaped, listed)
    return _told(found, held, offer, policy, _reasons(still_meant(acts), held, offer), wishes, people)


def _told(
    ranked: serve.Ranked,
    held: Held,
    offer: _Offer,
    policy: str,
    because: Mapping[int, Reason],
    wishes: Mapping[int, Topic] | None = None,
    people: Mapping[int, int] | None = None,
) -> Slate:
    """The one list of `ranked` with ids for codes and reasons for profile items, for topics of interest, or for how
    many `people` have an item."""
    items: list[Recommended] = []
    now = clock.now()
    new_since = now - timedelta(days=NEW_DAYS)
    is_count_fresh = now - held.counted_at <= LEARNERS_HOLD
    for code, score, speaker in zip(ranked.items[0], ranked.scores[0], ranked.reasons[0], strict=True):
        if code == NOTHING:
            break
        original = int(held.course_ids[code])
        course_id, published_at = offer.shown[original]
        reason = by_people(because.get(int(speaker)), (people or {}).get(int(code)))
        topic = (wishes or {}).get(original)
        if reason is None and topic is not None:
            reason = Reason("interest", topic=topic.name, topic_en=topic.name_en)
        if reason is None:
            learners = int(held.learners[code]) if is_count_fresh else 0
            is_new = published_at >= new_since
            reason = Reason("new") if is_new else Reason("popular", learners=learners or None)
        items.append(Recommended(course_id, float(score), reason, len(items) + 1))
    return Slate(tuple(items), policy, held.version)


def _reasons(acts: Sequence[Act], held: Held, offer: _Offer) -> dict[int, Reason]:
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
        for code in codes_of([offer.original.get(course_id, course_id)], held.course_ids)
    }


def _closed(held: Held, offer: _Offer, closed: set[int]) -> list[int]:
    """Codes of courses that may not be shown: those in `closed`, and those not published (any more)."""
    hidden = {int(course_id) for course_id in held.course_ids} - set(offer.shown)
    return codes_of(sorted(closed | hidden), held.course_ids)


def _offer() -> _Offer:
    """What may be shown to whoever looks: of several editions of a course the one in their language, else the
    original."""
    language = language_of_reader()
    rows = Course.objects.published().values_list("pk", "edition_of_id", "language", "published_at")
    found: dict[int, list[tuple[bool, bool, int, datetime]]] = {}
    original: dict[int, int] = {}
    for course_id, edition_of, told_in, published_at in rows:
        if published_at is None:
            continue
        if edition_of is not None:
            original[course_id] = edition_of
        edition = (told_in != language, edition_of is not None, course_id, published_at)
        found.setdefault(edition_of or course_id, []).append(edition)
    first = {course_id: min(editions) for course_id, editions in found.items()}
    return _Offer({course_id: (shown, at) for course_id, (_, _, shown, at) in first.items()}, original)


def _cold(offer: _Offer) -> Held:
    """What can be served before anything was trained: courses with most members first, then the newest."""
    course_ids = np.asarray(sorted(offer.shown), dtype=np.int64)
    members: Counter[int] = Counter()
    for course_id, n in learners_by_course().items():
        members[offer.original.get(course_id, course_id)] += n
    order = sorted(
        offer.shown, key=lambda course_id: (members[course_id], offer.shown[course_id][1], course_id)
    )
    score = {course_id: (place + 1) / len(order) for place, course_id in enumerate(order)}
    popular = Popular(np.asarray([score[course_id] for course_id in course_ids.tolist()], dtype=np.float32))
    nobody = np.zeros(len(course_ids), dtype=np.int64)
    return Held(0, COLD, Pipeline(popular, popular), course_ids, nobody, clock.now())
