"""Nobody loses their last way in, also not by two acts at once."""

from threading import Barrier, Thread

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import connection

from zhiyue.core.accounts.elsewhere import disconnect, losing_a_way_in, ways_in
from zhiyue.core.accounts.errors import LastWayIn
from zhiyue.core.accounts.services import create_member


@pytest.mark.django_db(transaction=True)
def test_of_two_ways_in_that_go_at_once_one_stays():
    user = create_member(display_name="小林", password=None, email="lin@test.example")
    key = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "x"})
    account = SocialAccount.objects.create(user=user, provider="github", uid="1")
    barrier, refused = Barrier(2), []

    def remove_passkey() -> None:
        with losing_a_way_in(user):
            Authenticator.objects.filter(pk=key.pk).delete()

    def at_once(act) -> None:
        barrier.wait(timeout=20)
        try:
            act()
        except LastWayIn:
            refused.append(act)
        finally:
            connection.close()

    acts = (remove_passkey, lambda: disconnect(user=user, account_id=account.pk))
    threads = [Thread(target=at_once, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(refused) == 1
    assert ways_in(user).count == 1
