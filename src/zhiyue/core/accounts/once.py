"""Secrets that are shown once and kept as a digest: a form that is sent twice must show the same one, not make two."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from secrets import token_urlsafe

from django.utils.crypto import salted_hmac

# After this, what comes from an old form is meant anew.
SAME_FORM_WITHIN = timedelta(minutes=10)


def new_secret(purpose: str, *said: object, form: str) -> str:
    """43 random characters; with `form`, which names one form that was shown, those of everything `said` in it. Nobody
    reckons them without the academy's secret key."""
    if not form:
        return token_urlsafe(32)
    value = json.dumps([form, *said])
    digest = salted_hmac(f"zhiyue.{purpose}", value, algorithm="sha256").digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
