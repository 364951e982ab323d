"""Whose acts are followed: everyone's, the viewer's own, one member's or one visitor's; and its form in an address."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404
from django.utils.translation import pgettext

from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.selectors import members

EVERYONE = "all"
MYSELF = "me"
_WORDS_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Who:
    """`key` is what addresses carry; `actor` is None for everyone."""

    key: str
    name: str
    actor: Actor | None


def sought(typed: str) -> str:
    """The words by which a member is looked up; no name and no address is longer than what is kept of them."""
    return typed.replace("\0", "").strip()[:_WORDS_LENGTH]


def who(key: str, viewer: Viewer) -> Who:
    """`all`, `me`, `12` (a member's id) or `v…` (a visitor's key). Raises Http404 for anybody else."""
    if key in ("", EVERYONE):
        return Who(EVERYONE, pgettext("whose acts", "Everyone"), None)
    if key == MYSELF and viewer.user is not None:
        return Who(MYSELF, viewer.user.display_name, Actor(member_id=viewer.member_id))
    if key.isascii() and key.isdigit() and len(key) < 19:
        member = members().filter(pk=int(key)).first()
        if member is not None:
            return Who(key, member.display_name, Actor(member_id=member.pk))
    if key.startswith("v"):
        visitor = _uuid(key[1:])
        if visitor is not None:
            return Who(key, visitor_name(visitor), Actor(visitor=visitor))
    raise Http404(f"There is nobody called “{key[:40]}”.")


def key_of(actor: Actor) -> str:
    return str(actor.member_id) if actor.member_id is not None else f"v{actor.visitor}"


def visitor_name(visitor: UUID) -> str:
    """Visitors have no name; the head of their pseudonymous key tells them apart."""
    return pgettext("whose acts", "Visitor %(key)s") % {"key": visitor.hex[:4]}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
