"""A lesson that a member shows to friends: opened by as many as it is for, and by nobody when it is over."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.factories import lesson_of, make_lesson_gift, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.consent.purposes import EVERYTHING
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import GiftOver, NoSuchGift, NotYoursToShow, TooManyGifts
from zhiyue.product.commerce.lending.gifts import gift_of, make_gift, open_gift
from zhiyue.product.commerce.lending.trials import start_trial
from zhiyue.product.commerce.models import CourseTerms, GiftOpening, LessonGift
from zhiyue.product.commerce.selectors import Access, may_open, may_open_whole
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.services import bring_history, open_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson(learner, course):
    grant_course(user=learner, course=course)
    return lesson_of(course, "two")


def made(user, lesson):
    return make_gift(user=user, lesson=lesson, actor=Actor(member_id=user.pk, granted=EVERYTHING))


def opened(gift, user=None, visitor=None):
    actor = Actor(member_id=user.pk if user else None, visitor=visitor, granted=EVERYTHING)
    return open_gift(secret=gift.secret, user=user, visitor=visitor, actor=actor)


def test_a_visitor_reads_the_whole_lesson_and_no_other(learner, course, lesson):
    gift, friend = made(learner, lesson), uuid4()
    assert not may_open(None, lesson, visitor=friend).open

    opened(gift, visitor=friend)

    given = Access(open=True, why="gift", until=gift.ends_at, giver="小林")
    assert may_open(None, lesson, visitor=friend) == given
    assert may_open_whole(None, lesson).why == "sign_in"
    assert may_open(None, lesson_of(course, "three"), visitor=friend).why == "sign_in"
    assert may_open(None, lesson, visitor=uuid4()).why == "sign_in"
    assert may_open(None, lesson).why == "sign_in"
    assert open_lesson(user=None, actor=Actor(visitor=friend), lesson=lesson) == given
    assert len(gift.secret) == 24


def test_making_and_opening_are_told(learner, lesson):
    gift = made(learner, lesson)
    opened(gift, visitor=uuid4())

    events = Event.objects.filter(name__startswith="gift.").order_by("pk")
    assert list(events.values_list("name", "lesson_id", "properties")) == [
        ("gift.made", lesson.pk, {"gift": gift.pk}),
        ("gift.opened", lesson.pk, {"gift": gift.pk}),
    ]


def test_no_more_friends_read_it_than_it_is_for(learner, lesson, settings):
    settings.ZHIYUE_GIFT_FRIENDS = 2
    gift = made(learner, lesson)
    first = uuid4()
    for friend in (first, first, uuid4()):
        opened(gift, visitor=friend)

    with pytest.raises(GiftOver, match="名额"):
        opened(gift, visitor=uuid4())
    opened(gift, visitor=first)

    shown = gift_of(gift.secret)
    assert (shown.opened, shown.left, shown.is_open) == (2, 0, False)


def test_neither_the_giver_nor_who_has_the_lesson_uses_up_a_place(learner, stranger, course, lesson):
    gift = made(learner, lesson)
    grant_course(user=stranger, course=course)

    opened(gift, user=learner)
    opened(gift, user=stranger)

    assert not GiftOpening.objects.exists()


def test_a_member_may_be_the_friend(learner, stranger, course, lesson, django_assert_num_queries):
    opened(made(learner, lesson), user=stranger)

    with django_assert_num_queries(2):
        assert may_open(stranger, lesson).why == "gift"
    with django_assert_num_queries(1):
        assert may_open_whole(stranger, lesson).why == "enrol"
    other = lesson_of(course, "three")
    with django_assert_num_queries(1):
        assert may_open(stranger, other).why == "enrol"


def test_a_gift_ends_by_its_time(learner, lesson):
    gift, friend = made(learner, lesson), uuid4()
    opened(gift, visitor=friend)
    LessonGift.objects.update(ends_at=clock.now())

    assert not may_open(None, lesson, visitor=friend).open
    assert gift_of(gift.secret).is_over
    with pytest.raises(GiftOver, match="已经结束"):
        opened(gift, visitor=uuid4())


def test_a_gift_ends_with_the_givers_own_right(learner, lesson):
    gift, friend = made(learner, lesson), uuid4()
    opened(gift, visitor=friend)
    learner.enrolments.all().delete()

    assert not may_open(None, lesson, visitor=friend).open
    assert gift_of(gift.secret).is_over
    with pytest.raises(GiftOver):
        opened(gift, visitor=uuid4())
    assert GiftOpening.objects.count() == 1


def test_the_gift_of_a_banned_member_opens_nothing(learner, lesson):
    gift, friend = made(learner, lesson), uuid4()
    opened(gift, visitor=friend)
    learner.is_active = False
    learner.save()

    assert not may_open(None, lesson, visitor=friend).open
    assert gift_of(gift.secret).is_over


def test_of_two_gifts_the_one_whose_giver_still_may_counts(learner, stranger, course, lesson):
    grant_course(user=stranger, course=course)
    friend = uuid4()
    for giver in (learner, stranger):
        opening = make_lesson_gift(giver, course)
        GiftOpening.objects.create(gift=opening, visitor=friend)
    learner.enrolments.all().delete()

    assert may_open(None, lesson, visitor=friend).giver == "路人"


def test_what_isnt_ones_own_isnt_ones_to_give(stranger, course):
    lesson = lesson_of(course, "two")
    with pytest.raises(NotYoursToShow):
        made(stranger, lesson)
    CourseTerms.objects.create(course=course, trial_days=7)
    start_trial(user=stranger, course=course, actor=Actor(member_id=stranger.pk))
    with pytest.raises(NotYoursToShow):
        made(stranger, lesson)
    assert not LessonGift.objects.exists()


def test_a_free_lesson_needs_no_gift(learner, course, lesson, settings):
    with pytest.raises(NotYoursToShow):
        made(learner, lesson_of(course, "one"))
    settings.ZHIYUE_GIFT_FRIENDS = 0
    with pytest.raises(NotYoursToShow):
        made(learner, lesson)


def test_asked_again_it_is_the_same_link_while_it_opens_for_anybody(learner, lesson, settings):
    settings.ZHIYUE_GIFT_FRIENDS = 1
    gift = made(learner, lesson)
    assert made(learner, lesson) == gift
    opened(gift, visitor=uuid4())
    assert made(learner, lesson) != gift


def test_a_day_allows_so_many_links(learner, course, lesson, settings):
    settings.ZHIYUE_GIFTS_A_DAY = 1
    made(learner, lesson)

    with pytest.raises(TooManyGifts):
        made(learner, lesson_of(course, "three"))
    LessonGift.objects.update(made_at=clock.now() - timedelta(days=1))
    made(learner, lesson_of(course, "three"))
    assert LessonGift.objects.count() == 2


def test_a_robot_opens_nothing_and_a_wrong_link_is_none(learner, lesson):
    gift = made(learner, lesson)
    with pytest.raises(GiftOver):
        opened(gift)
    with pytest.raises(NoSuchGift):
        open_gift(secret="no", user=None, visitor=uuid4(), actor=Actor(visitor=uuid4()))
    assert not GiftOpening.objects.exists()


def test_who_signs_up_keeps_what_they_were_given(learner, stranger, lesson):
    gift, friend = made(learner, lesson), uuid4()
    opened(gift, visitor=friend)
    assert may_open(stranger, lesson, visitor=friend).why == "gift"

    bring_history(user=stranger, visitor=friend)

    assert may_open(stranger, lesson).why == "gift"
    assert not may_open(None, lesson, visitor=friend).open
    assert gift_of(gift.secret).opened == 1


def test_who_was_visitor_and_member_counts_once_and_the_giver_not_at_all(learner, lesson):
    gift = made(learner, lesson)
    friend = make_member("friend@test.example", "小友")
    here, there, own = uuid4(), uuid4(), uuid4()
    for key in (here, there, own):
        opened(gift, visitor=key)

    bring_history(user=friend, visitor=here)
    bring_history(user=friend, visitor=there)
    bring_history(user=learner, visitor=own)

    assert list(GiftOpening.objects.values_list("user_id", "visitor")) == [(friend.pk, None)]


def test_an_unpublished_lesson_is_given_by_nobody(learner, lesson):
    gift, friend = made(learner, lesson), uuid4()
    opened(gift, visitor=friend)
    lesson.withdrawn_at = clock.now()
    lesson.save()

    assert may_open(None, lesson, visitor=friend).why == "unpublished"
    assert gift_of(gift.secret).is_over


def test_a_right_to_the_course_comes_before_a_gift(learner, stranger, course, lesson):
    opened(made(learner, lesson), user=stranger)
    grant_course(user=stranger, course=course)

    assert may_open(stranger, lesson) == Access(open=True, why="enrolled")
