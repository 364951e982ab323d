"""What is sealed opens with the academy's key, for its own purpose, and else not."""

import pytest

from zhiyue.core.accounts.sealing import Unreadable, seal, unseal


def test_a_secret_lies_sealed_and_comes_back():
    sealed = seal("whsec_钥匙", purpose="webhooks")
    assert "whsec" not in sealed
    assert sealed != seal("whsec_钥匙", purpose="webhooks")
    assert unseal(sealed, purpose="webhooks") == "whsec_钥匙"


def test_another_purpose_another_key_or_another_text_opens_nothing(settings):
    sealed = seal("whsec", purpose="webhooks")
    for text, purpose in ((sealed, "authenticators"), ("", "webhooks"), (sealed[:-1], "webhooks")):
        with pytest.raises(Unreadable):
            unseal(text, purpose=purpose)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert unseal(sealed, purpose="webhooks") == "whsec"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unreadable):
        unseal(sealed, purpose="webhooks")
