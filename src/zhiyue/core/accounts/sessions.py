"""The browsers in which a member is signed in. django-allauth keeps a row for each; here they are read and ended."""

from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction

from zhiyue.core.accounts.models import User


def sessions_of(user: User) -> list[UserSession]:
    """Sessions that still open the account, the latest seen first."""
    listed = list(UserSession.objects.filter(user_id=user.pk).order_by("-last_seen_at", "-pk"))
    return [session for session in listed if session.exists()]


@transaction.atomic
def end_session(*, user: User, session_id: int) -> bool:
    """End one session of `user`. False where they have no such session."""
    session = UserSession.objects.filter(user_id=user.pk, pk=session_id).first()
    if session is None:
        return False
    _end([session])
    return True


@transaction.atomic
def end_sessions(*, user: User, but: str | None = None) -> int:
    """End every session of `user`, except the one with the key `but`. How many there were."""
    sessions = list(UserSession.objects.filter(user_id=user.pk).exclude(session_key=but or ""))
    _end(sessions)
    return len(sessions)


def _end(sessions: list[UserSession]) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    for session in sessions:
        store.delete(session.session_key)
        session.delete()
