"""Codes of six digits: ten minutes, five tries, once. Sending them, and how many may be asked for, is above."""

from collections.abc import Mapping
from datetime import timedelta
from hmac import compare_digest
from secrets import randbelow
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import CodeOver, WrongCode
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.core.kit import clock

LASTS = timedelta(minutes=10)
TRIES = 5


@transaction.atomic
def issue(
    *, purpose: str, to: str, user: User | None, kept: Mapping[str, Any] | None = None
) -> tuple[OneTimeCode, str]:
    """A new code and its six digits, which nobody can read from it again. Ended ones are swept away on the way."""
    now = clock.now()
    OneTimeCode.objects.filter(expires_at__lt=now - timedelta(hours=1)).delete()
    digits = f"{randbelow(1_000_000):06d}"
    made = OneTimeCode(purpose=purpose, to=to, user=user, kept=dict(kept or {}), expires_at=now + LASTS)
    made.digits_hash = _hash(made.key, digits)
    made.save(force_insert=True)
    return made, digits


def pending(key: UUID) -> OneTimeCode | None:
    """A code that may still be entered, or whose sign-up still waits for a name."""
    live = OneTimeCode.objects.filter(key=key, spent_at=None, expires_at__gt=clock.now())
    return live.select_related("user").first()


def prove(*, key: UUID, digits: str) -> OneTimeCode:
    """The code, where these are its digits. Raises WrongCode, CodeOver.

    Not atomic: a try counts before the digits are looked at, even if many are sent at once, and whatever follows.
    """
    live = OneTimeCode.objects.filter(
        key=key, proved_at=None, spent_at=None, expires_at__gt=clock.now(), tries__lt=TRIES
    )
    if not live.update(tries=F("tries") + 1):
        raise _over()
    code = OneTimeCode.objects.select_related("user").get(key=key)
    if not compare_digest(code.digits_hash, _hash(key, digits)):
        if code.tries >= TRIES:
            raise _over()
        raise WrongCode(pgettext_lazy("code", "These aren't the digits we sent. Check them and try again."))
    # Of two tabs with the right digits one is the first.
    if not OneTimeCode.objects.filter(pk=code.pk, proved_at=None).update(proved_at=clock.now()):
        raise _over()
    code.refresh_from_db()
    return code


@transaction.atomic
def spend(*, code: OneTimeCode) -> None:
    """What was proved is used up, in the transaction of what it was for. Raises CodeOver where it was used already."""
    live = OneTimeCode.objects.filter(
        pk=code.pk, proved_at__isnull=False, spent_at=None, expires_at__gt=clock.now()
    )
    if not live.update(spent_at=clock.now(), kept={}):
        raise _over()


def _hash(key: UUID, digits: str) -> str:
    """Keyed with the academy's secret: a million digits would be tried in no time."""
    return salted_hmac(f"zhiyue.accounts.codes.{key}", digits, algorithm="sha256").hexdigest()


def _over() -> CodeOver:
    return CodeOver(pgettext_lazy("code", "This code is used up or too old. Ask for a new one."))
