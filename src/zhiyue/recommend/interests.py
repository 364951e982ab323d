"""A person's interests as slates go by them: what they did, folded; what they corrected; and what they chose."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Exists, OuterRef, Q
from scipy.sparse import csr_array

from zhiyue.analyse.kinds import Act
from zhiyue.analyse.selectors import recent_acts
from zhiyue.collect.kinds import Actor
from zhiyue.engine.kinds import Acts, Ints, Profiles
from zhiyue.product.catalogue.editions import families
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.learning.corrections import UNCORRECTED, Corrections, corrections_of
from zhiyue.product.learning.selectors import interests_of
from zhiyue.recommend.folding import asked_with
from zhiyue.recommend.inputs import acts_of, codes_of, still_meant
from zhiyue.recommend.policies import MORE
from zhiyue.recommend.traits import codes_by_value

# Of a beginner's shelf so much is from the topics they chose; the rest stays open to what others learn.
WISHED_SHARE = 2 / 3
# Of a list that goes by no act so much is for what is new, which nobody can have taken yet.
NEW_SHARE = 1 / 6


@dataclass(frozen=True, slots=True)
class OfCourse:
    """What a person did with a course, in any edition. `share` is what it makes of all their interests (0–1); `acts`
    how often they did what, by kind of event, of what still stands."""

    course_id: int
    share: float
    acts: Mapping[str, int]
    last_at: datetime


@dataclass(frozen=True, slots=True)
class OfTopic:
    """A topic's share of a person's interests, and the courses that make it, the strongest first."""

    topic: Topic
    share: float
    courses: tuple[OfCourse, ...]


def folded(
    acts: Sequence[Act],
    course_ids: Ints,
    original: Mapping[int, int],
    corrections: Corrections,
    topics: Ints | None,
) -> tuple[Acts, Profiles]:
    """Acts in the codes of `course_ids`, and the profile they make: what every model is asked with (`asked_with`).
    Courses of topics that the person wants more of weigh MORE times as much. `topics`: the topic of each course, None:
    not known, so that no turn of taste can be seen."""
    known = acts_of(acts, course_ids, original)
    shaped = asked_with(known, topics)
    if not corrections.courses_of_more:
        return known, shaped
    raised = {original.get(pk, pk) for pk in corrections.courses_of_more}
    own = shaped.weights
    factor = np.where(np.isin(own.indices, codes_of(sorted(raised), course_ids)), np.float32(MORE), 1)
    weights = csr_array((own.data * factor.astype(np.float32), own.indices, own.indptr), shape=own.shape)
    return known, Profiles(weights, shaped.newest)


def said(actor: Actor, *, is_varied: bool, until_pk: int | None = None) -> tuple[list[Act], Corrections]:
    """What a slate goes by of a person: acts up to event `until_pk`, and corrections. Nothing that they corrected
    counts in the list that is everybody's; what they did may."""
    corrections = corrections_of(actor) if is_varied else UNCORRECTED
    return recent_acts(actor, until_pk=until_pk, corrections=corrections), corrections


def interest_profile(actor: Actor) -> list[OfTopic]:
    """What a slate of this person goes by, topic by topic, the strongest first; the shares add up to 1. Empty where
    nothing was done, or it isn't to be used."""
    corrections = corrections_of(actor)
    acts = recent_acts(actor, corrections=corrections)
    if not acts:
        return []
    original = families()
    done_with = {original.get(act.course_id, act.course_id) for act in acts}
    course_ids, codes, topic_of = _known_courses(done_with, original)
    _, person = folded(acts, course_ids, original, corrections, codes)
    weights = person.weights
    whole = float(weights.data.sum())
    done: dict[int, list[Act]] = {}
    for act in still_meant(acts):
        done.setdefault(original.get(act.course_id, act.course_id), []).append(act)
    by_topic: dict[int, list[OfCourse]] = {}
    ids = [int(course_ids[code]) for code in weights.indices]
    for course_id, weight in zip(ids, weights.data.tolist(), strict=True):
        if course_id in topic_of:
            own = done[course_id]
            counts = Counter(act.event for act in own)
            one = OfCourse(course_id, weight / whole, counts, max(act.occurred_at for act in own))
            by_topic.setdefault(topic_of[course_id], []).append(one)
    topics = Topic.objects.in_bulk(list(by_topic))
    found = [
        OfTopic(
            topics[pk],
            sum(one.share for one in courses),
            tuple(sorted(courses, key=lambda one: (-one.share, one.course_id))),
        )
        for pk, courses in by_topic.items()
    ]
    return sorted(found, key=lambda one: (-one.share, one.topic.position, one.topic.pk))


def _known_courses(
    done_with: set[int], original: Mapping[int, int]
) -> tuple[Ints, Ints | None, dict[int, int]]:
    """The courses that a model knows, as `inputs.academy` finds them, and the topic code of each: how likely a run of
    acts on one topic is by chance depends on how many topics there are. And the topics of all these, by their ids."""
    is_out = Exists(Course.objects.published().filter(pk=OuterRef("pk")))
    known = Course.objects.annotate(is_out=is_out).filter(Q(is_out=True) | Q(pk__in=done_with))
    rows = list(known.values_list("pk", "topic_id", "is_out"))
    topic_of: dict[int, int] = {}
    # An original speaks for itself; of one that isn't out an edition tells.
    for pk, topic_id, is_there in sorted(rows, key=lambda row: original.get(row[0], row[0]) != row[0]):
        if is_there:
            topic_of.setdefault(original.get(pk, pk), topic_id)
    course_ids = np.asarray(sorted(done_with | topic_of.keys()), dtype=np.int64)
    codes = codes_by_value([str(topic_of.get(pk, "")) for pk in course_ids.tolist()])
    return course_ids, codes, {pk: topic_id for pk, topic_id, _ in rows}


def wished(actor: Actor, corrections: Corrections) -> dict[int, Topic]:
    """Published courses of the topics that a person said they care about or want more of, by id."""
    topics = {topic.pk: topic for topic in interests_of(actor)}
    topics |= Topic.objects.in_bulk(list(corrections.more - set(topics)))
    if not topics:
        return {}
    rows = Course.objects.published().filter(topic_id__in=topics).values_list("pk", "topic_id")
    return {course_id: topics[topic_id] for course_id, topic_id in rows}


def opening(
    wished: Sequence[int], new: Sequence[int], late: set[int], items: int, k: int
) -> list[tuple[set[int], int]]:
    """How a list begins that goes by no act: what the person wished for, else what is popular; then what is new.

    wished, new  codes of courses; `late`: codes that may not stand here
    returns  rounds: the codes that each leaves out, and how many places it fills at most
    """
    if not (wished or new):
        return []

    def all_but(codes: Sequence[int]) -> set[int]:
        return set(range(items)).difference(codes) | late

    first = max(1, round(k * WISHED_SHARE) if wished else k // 3)
    rounds = [(all_but(wished) if wished else late, first)]
    if new:
        rounds.append((all_but(new), max(1, round(k * NEW_SHARE))))
    return rounds
