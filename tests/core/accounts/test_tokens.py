"""Personal tokens: shown once, kept as a digest, and dead as soon as they should be."""

from datetime import timedelta

import pytest

from zhiyue.core.accounts.models import PersonalToken
from zhiyue.core.accounts.tokens import (
    MOST_TOKENS,
    Scope,
    TooManyTokens,
    UnfitToken,
    end_token,
    make_token,
    token_for,
    tokens_of,
)
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def make(user, **more):
    return make_token(**{"user": user, "name": "阅读统计", "scopes": [Scope.ME_READ], **more})


def test_only_a_digest_of_the_key_is_kept(learner):
    token, key = make(learner)
    assert key.startswith("zy_")
    assert token.prefix == key[:11]
    row = PersonalToken.objects.values().get()
    assert key not in str(row)
    assert len(row["secret_sha256"]) == 64


def test_a_key_opens_its_members_account(learner):
    token, key = make(learner)
    found = token_for(key)
    assert (found.pk, found.user, found.scopes) == (token.pk, learner, ["me:read"])


@pytest.mark.parametrize("key", ["", "zy_", "zy_wrong", "x" * 5000, "zy_\x00", "zy_\udcff"])
def test_what_is_no_key_opens_nothing(learner, key):
    make(learner)
    assert token_for(key) is None


def test_an_expired_token_opens_nothing_but_stays_listed(learner):
    token, key = make(learner, expires_at=clock.now() + timedelta(days=1))
    PersonalToken.objects.update(expires_at=clock.now())
    assert token_for(key) is None
    assert [one.pk for one in tokens_of(learner)] == [token.pk]


def test_tokens_of_closed_and_banned_accounts_are_dead(learner, stranger):
    _, closed = make(learner)
    _, banned = make(stranger)
    learner.is_active = False
    learner.save()
    stranger.banned_at = clock.now()
    stranger.save()
    assert (token_for(closed), token_for(banned)) == (None, None)


def test_a_member_ends_their_own_tokens_and_nobody_elses(learner, stranger):
    token, key = make(learner)
    assert not end_token(user=stranger, token_id=token.pk)
    assert token_for(key) is not None
    assert end_token(user=learner, token_id=token.pk)
    assert not end_token(user=learner, token_id=token.pk)
    assert token_for(key) is None
    assert list(tokens_of(learner)) == []


def test_use_is_noted_once_a_minute(learner, django_assert_num_queries):
    _, key = make(learner)
    with django_assert_num_queries(2):
        token_for(key)
    first = PersonalToken.objects.get().used_at
    with django_assert_num_queries(1):
        token_for(key)
    assert PersonalToken.objects.get().used_at == first
    PersonalToken.objects.update(used_at=first - timedelta(minutes=1))
    token_for(key)
    assert PersonalToken.objects.get().used_at > first


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "},
        {"name": "x" * 41},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": ["me:read", "everything"]},
        {"expires_at": clock.now() - timedelta(days=1)},
    ],
)
def test_a_token_that_cannot_be_is_refused(learner, wrong):
    with pytest.raises(UnfitToken):
        make(learner, **wrong)
    assert not PersonalToken.objects.exists()


def test_a_member_has_at_most_twenty_tokens(learner):
    for _ in range(MOST_TOKENS):
        make(learner)
    with pytest.raises(TooManyTokens):
        make(learner)
    assert PersonalToken.objects.count() == 20
