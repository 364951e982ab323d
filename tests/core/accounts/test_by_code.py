"""A proved code opens one thing once; whatever is refused leaves it good."""

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError

from tests.factories import PASSWORD
from zhiyue.core.accounts import by_code, codes, elsewhere
from zhiyue.core.accounts.errors import CodeOver, ConnectedElsewhere, EmailTaken, LastWayIn
from zhiyue.core.accounts.models import OneTimeCode, User

pytestmark = pytest.mark.django_db


def proved(purpose, to, user):
    made, digits = codes.issue(purpose=purpose, to=to, user=user)
    return codes.prove(key=made.key, digits=digits)


def test_a_code_lets_in_once(learner):
    EmailAddress.objects.filter(user=learner).update(verified=True)
    code = proved("enter", learner.email, learner)
    assert by_code.enter(code=code, user=learner) is False
    with pytest.raises(CodeOver):
        by_code.enter(code=code, user=learner)


def test_a_password_that_somebody_else_may_know_ends(learner):
    code = proved("enter", learner.email, learner)
    assert by_code.enter(code=code, user=learner) is True
    assert not User.objects.get(pk=learner.pk).has_usable_password()


def test_a_weak_password_leaves_the_code_good(learner):
    code = proved("reset", learner.email, learner)
    with pytest.raises(ValidationError):
        by_code.set_password(code=code, user=learner, password="12345678")
    assert OneTimeCode.objects.get().spent_at is None
    assert not EmailAddress.objects.get(user=learner).verified
    by_code.set_password(code=code, user=learner, password=f"{PASSWORD}!")
    assert User.objects.get(pk=learner.pk).check_password(f"{PASSWORD}!")


def test_a_taken_address_leaves_the_code_good(learner, stranger):
    code = proved("change", stranger.email, learner)
    with pytest.raises(EmailTaken):
        by_code.change_way(code=code, user=learner)
    assert OneTimeCode.objects.get().spent_at is None
    assert User.objects.get(pk=learner.pk).email == learner.email


def test_the_last_way_in_stays(learner, stranger):
    account = SocialAccount(provider="sso", uid="u-1")
    elsewhere.connect(account=account, user=learner, site="SSO")
    with pytest.raises(ConnectedElsewhere):
        elsewhere.connect(account=SocialAccount(provider="sso", uid="u-1"), user=stranger, site="SSO")
    learner.set_unusable_password()
    with pytest.raises(LastWayIn):
        elsewhere.disconnect(user=learner, account_id=account.pk)
    assert SocialAccount.objects.get().user == learner
    learner.set_password(PASSWORD)
    elsewhere.disconnect(user=learner, account_id=account.pk)
    assert not SocialAccount.objects.exists()
