"""Sessions of members: read by themselves, ended by themselves, or all at once."""

import pytest
from allauth.usersessions.models import UserSession

from zhiyue.core.accounts.sessions import end_session, end_sessions, sessions_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def session_of(signed_in):
    def start(user, agent="Firefox"):
        client = signed_in(user)
        return client, UserSession.objects.create(
            user=user, session_key=client.session.session_key, ip="127.0.0.1", user_agent=agent
        )

    return start


def is_signed_in(client):
    return "_auth_user_id" in client.session


def test_ending_one_leaves_the_others(session_of, learner):
    (first, row), (second, _) = session_of(learner), session_of(learner)
    assert end_session(user=learner, session_id=row.pk) is True
    assert (is_signed_in(first), is_signed_in(second)) == (False, True)
    assert len(sessions_of(learner)) == 1


def test_a_stranger_ends_nobodys_session(session_of, learner, stranger):
    client, row = session_of(learner)
    assert end_session(user=stranger, session_id=row.pk) is False
    assert end_sessions(user=stranger) == 0
    assert is_signed_in(client)
    assert sessions_of(learner) == [row]


def test_all_but_the_own_one_end(session_of, learner):
    (mine, row), (other, _), (third, _) = (session_of(learner) for _ in range(3))
    assert end_sessions(user=learner, but=row.session_key) == 2
    assert [is_signed_in(client) for client in (mine, other, third)] == [True, False, False]


def test_a_session_that_ran_out_is_not_listed(session_of, learner):
    client, _ = session_of(learner)
    client.session.delete()
    assert sessions_of(learner) == []
