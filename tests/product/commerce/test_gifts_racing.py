"""Many friends at the same moment: exactly as many get in as the gift is for."""

from uuid import uuid4

import pytest

from tests.factories import lesson_of, make_course
from tests.product.commerce.test_racing import together
from zhiyue.collect.kinds import Actor
from zhiyue.product.commerce.errors import GiftOver
from zhiyue.product.commerce.lending.gifts import make_gift, open_gift
from zhiyue.product.commerce.lending.trials import start_trial
from zhiyue.product.commerce.models import CourseTerms, GiftOpening, LessonGift, TrialPass
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 8


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def test_eight_friends_at_once_share_three_places(learner, course):
    grant_course(user=learner, course=course)
    actor = Actor(member_id=learner.pk)
    gift = make_gift(user=learner, lesson=lesson_of(course, "two"), actor=actor)

    def opens(key):
        return lambda: open_gift(secret=gift.secret, user=None, visitor=key, actor=Actor(visitor=key))

    found = together(*[opens(uuid4()) for _ in range(AT_ONCE)])

    assert sum(isinstance(one, GiftOver) for one in found) == AT_ONCE - 3
    assert sum(one == gift for one in found) == 3
    assert GiftOpening.objects.count() == 3


def test_one_friend_in_many_tabs_takes_one_place(learner, course):
    grant_course(user=learner, course=course)
    gift = make_gift(user=learner, lesson=lesson_of(course, "two"), actor=Actor(member_id=learner.pk))
    key = uuid4()

    found = together(
        *[lambda: open_gift(secret=gift.secret, user=None, visitor=key, actor=Actor(visitor=key))] * AT_ONCE
    )

    assert found == [gift] * AT_ONCE
    assert GiftOpening.objects.count() == 1


def test_many_taps_make_one_link_and_begin_one_trial(learner, stranger, course):
    grant_course(user=learner, course=course)
    CourseTerms.objects.create(course=course, trial_days=7)
    lesson = lesson_of(course, "two")

    gifts = together(
        *[lambda: make_gift(user=learner, lesson=lesson, actor=Actor(member_id=learner.pk))] * AT_ONCE
    )
    trials = together(
        *[lambda: start_trial(user=stranger, course=course, actor=Actor(member_id=stranger.pk))] * AT_ONCE
    )

    assert set(gifts) == {LessonGift.objects.get()}
    assert set(trials) == {TrialPass.objects.get()}
