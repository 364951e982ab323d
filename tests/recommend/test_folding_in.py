"""What somebody did a moment ago counts in their next slate as it would after a training that read it."""

import random
from datetime import timedelta

import numpy as np
import pytest

from tests.factories import make_member, make_visitor
from tests.recommend.teachable import TAUGHT
from zhiyue.analyse.selectors import interactions, recent_acts
from zhiyue.analyse.weights import INTEREST
from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.kit import clock
from zhiyue.engine.matrix import profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.product.learning.corrections import UNCORRECTED
from zhiyue.recommend import inputs, memory, serve
from zhiyue.recommend.folding import asked_with
from zhiyue.recommend.interests import folded
from zhiyue.recommend.policies import POLICIES, PROFILE
from zhiyue.recommend.selectors import slate
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db
# The acts that need no more than a course, most of them often, and taking back what was saved.
DONE = ("course.viewed", "course.saved", "course.unsaved", "course.enrolled")


@pytest.fixture
def people(town):
    """Members and visitors who did something over two months, something a moment ago, or both: much of it twice, some
    of it taken back, the past days sealed in the lake."""
    choice = random.Random(7)
    actors = [Actor(member_id=make_member(f"q{n}@test.example").pk) for n in range(8)]
    actors += [Actor(visitor=make_visitor()) for _ in range(8)]
    for n, actor in enumerate(actors):
        for _ in range(choice.randrange(4, 16)):
            ago = timedelta(microseconds=choice.randrange(86_400_000_000 * (60 if n % 2 else 2)))
            if n % 4 != 3:
                record(
                    choice.choice(DONE), actor=actor, course_id=choice.choice(town).pk, occurred_at=clock.now() - ago
                )  # fmt: skip
    # Two whose taste turned: a fortnight of one topic, then a fortnight of another.
    for actor, first, then in ((actors[0], 0, 8), (actors[8], 12, 4)):
        for day in range(28):
            course, ago = town[(first if day < 14 else then) + day % 3], timedelta(days=29 - day)
            record("course.viewed", actor=actor, course_id=course.pk, occurred_at=clock.now() - ago)
    assert lake.seal_past_days() > 10
    train_all()
    for actor in actors:
        for _ in range(choice.randrange(0, 6)):
            record(choice.choice(DONE), actor=actor, course_id=choice.choice(town).pk)
    return actors


def test_acts_read_per_request_make_the_profile_that_a_training_makes(people):
    rebuilt, topics = inputs.academy(), memory.newest("hybrid").pipeline.groups
    keys = np.unique(interactions().actor_key).tolist()
    whole, plain = asked_with(rebuilt.acts, topics), profiles(rebuilt.acts, PROFILE)
    compared, turned = 0, 0
    for actor in people:
        acts = recent_acts(actor)
        _, mine = folded(acts, rebuilt.course_ids, {}, UNCORRECTED, topics)
        key = f"m{actor.member_id}" if actor.member_id else f"v{actor.visitor}"
        if not acts:
            assert key not in keys
            continue
        row = whole.block(keys.index(key), keys.index(key) + 1)
        assert mine.weights.indices.tolist() == row.weights.indices.tolist()
        assert np.array_equal(mine.weights.data, row.weights.data)
        assert mine.newest.tolist() == row.newest.tolist()
        compared += 1
        row = plain.block(keys.index(key), keys.index(key) + 1)
        turned += abs(mine.weights - row.weights).sum() > 0.05 * row.weights.sum()
    assert compared >= 12
    # Without a turn of taste this would see nothing of how turns are folded.
    assert turned >= 2


def test_slates_are_those_of_the_rebuilt_profiles(people):
    rebuilt = inputs.academy()
    keys = np.unique(interactions().actor_key).tolist()
    whole = asked_with(rebuilt.acts, memory.newest("hybrid").pipeline.groups)
    # Members own what they joined, and are shown less.
    visitors = [actor for actor in people if f"v{actor.visitor}" in keys]
    assert len(visitors) >= 4
    for policy in map(POLICIES.__getitem__, TAUGHT):
        held = memory.newest(policy.name)
        for actor in visitors:
            row = keys.index(f"v{actor.visitor}")
            met = np.unique(rebuilt.acts.item[rebuilt.acts.user == row]).tolist()
            closed = serve.excluding([met], held.pipeline.model.items)
            mine = whole.block(row, row + 1)
            [wanted] = serve.rank(held.pipeline, mine, closed, 4, vary=policy.is_varied, explain=True).items
            listed = held.course_ids[wanted[wanted != NOTHING]].tolist()
            found = [item.course_id for item in slate(actor, k=4, policy=policy.name).items]
            assert found[: len(listed)] == listed


def test_the_acts_of_the_test_weigh_something():
    assert set(DONE) <= set(INTEREST)
