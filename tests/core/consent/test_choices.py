"""Choices about consent: the newest holds, none is ever changed, and nothing holds before somebody was asked."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from tests.factories import make_member
from zhiyue.core.consent import purposes, selectors
from zhiyue.core.consent.errors import NobodyChose
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, NOTHING, VISITOR_HOLDS_DAYS, Purpose
from zhiyue.core.consent.services import bring, choose, import_choices
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return make_member("asked@test.example", granted=None)


def chosen(granted, *, member=None, visitor=None):
    member_id = member.pk if member else None
    return choose(member_id=member_id, visitor=visitor, granted=granted, way=Choice.Way.BAR)


def granted(*, member=None, visitor=None):
    return selectors.granted(member_id=member.pk if member else None, visitor=visitor)


def test_nothing_is_granted_before_somebody_was_asked(member):
    assert granted(member=member) == granted(visitor=uuid4()) == granted() == NOTHING
    assert selectors.choice_of(member_id=member.pk, visitor=None) is None


def test_the_newest_choice_holds_and_the_former_ones_stay(member):
    chosen(EVERYTHING, member=member)
    chosen(Purpose.ANALYTICS, member=member)
    assert granted(member=member) == Purpose.ANALYTICS
    assert [one.granted for one in selectors.history_of(member.pk)] == [Purpose.ANALYTICS, EVERYTHING]


def test_the_same_choice_again_is_kept_once(member):
    first = chosen(Purpose.MESSAGES, member=member)
    assert chosen(Purpose.MESSAGES, member=member) == first
    assert Choice.objects.count() == 1


def test_a_choice_to_refuse_everything_counts_as_having_been_asked(member):
    chosen(NOTHING, member=member)
    assert granted(member=member) == NOTHING
    assert selectors.choice_of(member_id=member.pk, visitor=None) is not None


def test_nobody_can_choose():
    with pytest.raises(NobodyChose):
        chosen(EVERYTHING)
    assert not Choice.objects.exists()


def test_a_members_choice_is_theirs_in_every_browser(member):
    browser = uuid4()
    chosen(EVERYTHING, visitor=browser)
    assert granted(member=member, visitor=browser) == NOTHING
    chosen(Purpose.ANALYTICS, member=member, visitor=browser)
    assert granted(member=member, visitor=uuid4()) == Purpose.ANALYTICS
    assert granted(visitor=browser) == EVERYTHING


def test_a_choice_with_older_words_than_hold_is_asked_for_again(member, monkeypatch):
    chosen(EVERYTHING, member=member)
    monkeypatch.setattr(selectors, "HOLDS_SINCE_VERSION", purposes.VERSION + 1)
    assert granted(member=member) == NOTHING
    assert selectors.choice_of(member_id=member.pk, visitor=None) is None


def test_a_visitors_choice_holds_for_a_year():
    recent, old = uuid4(), uuid4()
    now = clock.now()
    import_choices(
        rows=[
            (None, recent, EVERYTHING, now - timedelta(days=VISITOR_HOLDS_DAYS - 1)),
            (None, old, EVERYTHING, now - timedelta(days=VISITOR_HOLDS_DAYS + 1)),
        ]
    )
    assert granted(visitor=recent) == EVERYTHING
    assert granted(visitor=old) == NOTHING


def test_the_database_refuses_to_change_a_choice(member):
    choice = chosen(NOTHING, member=member)
    with pytest.raises(DatabaseError), transaction.atomic():
        Choice.objects.filter(pk=choice.pk).update(granted=int(EVERYTHING))
    assert granted(member=member) == NOTHING


def test_choices_go_with_their_member(member):
    chosen(EVERYTHING, member=member)
    member.delete()
    assert not Choice.objects.exists()


class TestAVisitorWhoTurnsOutToBeAMember:
    def test_brings_their_choice(self, member):
        browser = uuid4()
        chosen(Purpose.PERSONALISATION, visitor=browser)
        bring(visitor=browser, member_id=member.pk)
        assert granted(member=member) == Purpose.PERSONALISATION
        [own] = selectors.history_of(member.pk)
        assert own.way == Choice.Way.SIGN_IN

    def test_keeps_their_own_choice_where_they_made_one(self, member):
        browser = uuid4()
        chosen(NOTHING, member=member)
        chosen(EVERYTHING, visitor=browser)
        bring(visitor=browser, member_id=member.pk)
        assert granted(member=member) == NOTHING

    def test_is_asked_later_where_nobody_asked_the_visitor(self, member):
        assert bring(visitor=uuid4(), member_id=member.pk) is None
        assert not Choice.objects.exists()


def test_many_people_are_asked_about_at_once(member):
    refuses, key, unasked = make_member("no@test.example", granted=None), uuid4(), uuid4()
    chosen(EVERYTHING, member=member)
    chosen(Purpose.ANALYTICS, member=member)
    chosen(EVERYTHING, member=refuses)
    chosen(NOTHING, member=refuses)
    chosen(Purpose.EXPERIMENTS, visitor=key)
    members, visitors = selectors.granted_to_many(member_ids=[member.pk, refuses.pk], visitors=[key, unasked])
    assert members == {member.pk: Purpose.ANALYTICS, refuses.pk: NOTHING}
    assert visitors == {key: Purpose.EXPERIMENTS}
