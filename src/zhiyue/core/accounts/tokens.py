"""Personal tokens: keys that members make for their own programs. A key is shown once; only its SHA-256 is kept."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from typing import ClassVar

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.models import PersonalToken, User
from zhiyue.core.accounts.once import SAME_FORM_WITHIN, new_secret
from zhiyue.core.kit import clock
from zhiyue.core.kit.errors import Refused

MOST_TOKENS = 20
_BEGINNING = "zy_"
_SHOWN = 8
_LONGEST_NAME = 40
_LONGEST_KEY = 100
# Noting each use would make a write of every read.
_NOTE_USE_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    """What a token opens. It never opens more than its member may do."""

    CATALOGUE_READ = "catalogue:read"
    LESSONS_READ = "lessons:read"
    RECOMMENDATIONS_READ = "recommendations:read"
    ME_READ = "me:read"
    ME_WRITE = "me:write"
    EVENTS_WRITE = "events:write"
    ACTIVITY_READ = "activity:read"
    SALES_READ = "sales:read"
    SALES_WRITE = "sales:write"


class UnfitToken(Refused):
    """A token can't be made like that; the message says how it can."""

    code = "unfit_token"
    status: ClassVar[int] = 400


class TooManyTokens(Refused):
    code = "too_many_tokens"


@transaction.atomic
def make_token(
    *, user: User, name: str, scopes: Collection[str], expires_at: datetime | None = None, form: str = ""
) -> tuple[PersonalToken, str]:
    """A new token and its key, which nobody can show again; the same ones where `form` is sent twice.
    Raises UnfitToken, TooManyTokens."""
    called = name.strip()
    if not called or len(called) > _LONGEST_NAME:
        raise UnfitToken(pgettext_lazy("token", "Give the token a name of at most 40 characters."))
    wanted = [scope.value for scope in Scope if scope.value in scopes]
    if not wanted or len(wanted) != len(set(scopes)):
        raise UnfitToken(pgettext_lazy("token", "Choose at least one thing that the token opens."))
    if expires_at is not None and expires_at <= clock.now():
        raise UnfitToken(pgettext_lazy("token", "Choose a last day that is still to come."))
    # Locked, so that two tabs can't make one too many.
    owner = User.objects.select_for_update().get(pk=user.pk)
    last_day = expires_at.date().isoformat() if expires_at else ""
    key = _BEGINNING + new_secret("token", owner.pk, called, wanted, last_day, form=form)
    there = PersonalToken.objects.filter(secret_sha256=_digest(key)).first()
    if there is not None and there.ended_at is None and there.made_at > clock.now() - SAME_FORM_WITHIN:
        return there, key
    if there is not None:
        key = _BEGINNING + token_urlsafe(32)
    if tokens_of(owner).count() >= MOST_TOKENS:
        raise TooManyTokens(pgettext_lazy("token", "You have 20 tokens. End one that no program uses."))
    token = PersonalToken.objects.create(
        user=owner,
        name=called,
        prefix=key[: len(_BEGINNING) + _SHOWN],
        secret_sha256=_digest(key),
        scopes=wanted,
        expires_at=expires_at,
    )
    return token, key


@transaction.atomic
def end_token(*, user: User, token_id: int) -> bool:
    """End one of a member's own tokens. False where they have no such token, or it had ended."""
    return bool(tokens_of(user).filter(pk=token_id).update(ended_at=clock.now()))


def tokens_of(user: User) -> QuerySet[PersonalToken]:
    """Tokens that were not ended, newest first; expired ones stay listed, so that a silent program is explained."""
    return PersonalToken.objects.filter(user=user, ended_at=None).order_by("-made_at", "-pk")


def token_for(key: str) -> PersonalToken | None:
    """The token that `key` opens, with its member, and its use noted. None where it opens nothing (any more)."""
    if not key.startswith(_BEGINNING) or len(key) > _LONGEST_KEY:
        return None
    digest = _digest(key)
    now = clock.now()
    token = (
        PersonalToken.objects.select_related("user")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now), ended_at=None, secret_sha256=digest)
        .filter(user__is_active=True, user__banned_at=None)
        .first()
    )
    if token is None or not compare_digest(token.secret_sha256, digest):
        return None
    if token.used_at is None or now - token.used_at >= _NOTE_USE_EVERY:
        PersonalToken.objects.filter(pk=token.pk).update(used_at=now)
    return token


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
