"""What staff do to members: tags, roles, bans. Each act asks for its permission here and is noted with its reason."""

import re
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import LastOwner, NoSuchMember, NotOneself, OwnersOnly, Unfit
from zhiyue.core.accounts.invitations import withdraw_invitations_of
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import MemberTag, PersonalToken, Role, RoleGrant, User
from zhiyue.core.accounts.permissions import STAFF_ROLES, Permission, permissions_of
from zhiyue.core.accounts.selectors import require, roles_of
from zhiyue.core.accounts.sessions import end_sessions
from zhiyue.core.audit.services import note, note_each
from zhiyue.core.kit import clock

TAG_LENGTH = 20
WHY_LENGTH = 200
# Members in one question: a database takes only so many values in one.
AT_ONCE = 500
# These part tags from each other in a table, so none may stand inside one.
_TAG_BREAKS = re.compile(r"[,，;；、|\n\r\t]")


def tidy_tag(text: str) -> str:
    """A tag as it is kept. Raises Unfit."""
    tag = " ".join(text.split())
    if not tag or len(tag) > TAG_LENGTH or _TAG_BREAKS.search(text.strip()):
        raise Unfit(pgettext_lazy("member", "A tag has 1 to 20 characters, without commas or semicolons."))
    return tag


@transaction.atomic
def tag_members(*, viewer: Viewer, member_ids: Iterable[int], tag: str) -> int:
    """Put a tag on members; those who have it keep it. How many got it. Raises NotAllowed, Unfit."""
    by = require(viewer, Permission.CHANGE_MEMBERS)
    tag = tidy_tag(tag)
    wanted = list(member_ids)
    return sum(
        put_tag(by=by, members=_named(wanted[start : start + AT_ONCE]), tag=tag)
        for start in range(0, len(wanted), AT_ONCE)
    )


def end_tagging(*, by: User, members: int, tag: str) -> None:
    """Note that so many weren't tagged in the background, as `by` was no longer allowed to when their turn came."""
    after = {"tag": tag, "members": members, "ended": "not_allowed"}
    note(by=by, act="members.tagging_ended", subject=("tag", tag, tag), after=after)


@transaction.atomic
def put_tag(*, by: User, members: Sequence[User], tag: str) -> int:
    """The part of tagging that an import shares, for a few hundred members; whoever calls asked for the right."""
    had = set(MemberTag.objects.filter(name=tag, user__in=members).values_list("user_id", flat=True))
    fresh = [member for member in members if member.pk not in had]
    MemberTag.objects.bulk_create([MemberTag(user=one, name=tag) for one in fresh], ignore_conflicts=True)
    return note_each(by=by, act="member.tagged", subjects=map(_subject, fresh), after={"tag": tag})


@transaction.atomic
def untag_member(*, viewer: Viewer, member_id: int, tag: str) -> bool:
    """Take a tag off a member. False where they had none of that name."""
    by = require(viewer, Permission.CHANGE_MEMBERS)
    member = _member(member_id)
    removed, _ = MemberTag.objects.filter(user=member, name=tag).delete()
    if removed:
        note(by=by, act="member.untagged", subject=_subject(member), before={"tag": tag})
    return bool(removed)


@transaction.atomic
def grant_role(*, viewer: Viewer, member_id: int, role: str, why: str) -> bool:
    """Make a member staff. False where they held the role. Raises NotAllowed, Unfit, NoSuchMember."""
    by = require(viewer, Permission.CHANGE_STAFF)
    role, why = _staff_role(role), tidy_why(why)
    member = _member(member_id)
    before = roles_of(member)
    if role in before:
        return False
    RoleGrant.objects.create(user=member, role=role)
    _note_roles(by, "member.role_granted", member, before, before | {role}, why)
    return True


@transaction.atomic
def make_first_owner(*, member: User) -> None:
    """From the console, where an academy has nobody yet who could make an owner."""
    before = roles_of(member)
    if Role.OWNER in before:
        return
    RoleGrant.objects.create(user=member, role=Role.OWNER)
    _note_roles(None, "member.role_granted", member, before, before | {Role.OWNER.value}, "zhiyue init")


@transaction.atomic
def revoke_role(*, viewer: Viewer, member_id: int, role: str, why: str) -> bool:
    """Take a role from a member, and with it the links by which they invited staff. False where they didn't hold it.
    Raises NotOneself, LastOwner besides."""
    by = require(viewer, Permission.CHANGE_STAFF)
    role, why = _staff_role(role), tidy_why(why)
    member = _member(member_id)
    before = roles_of(member)
    if role not in before:
        return False
    if role == Role.OWNER:
        if member.pk == by.pk:
            raise NotOneself(
                pgettext_lazy("member", "Nobody takes the role of owner from themselves. Ask another owner.")
            )
        _another_owner_stays(member)
    RoleGrant.objects.filter(user=member, role=role).delete()
    _note_roles(by, "member.role_revoked", member, before, before - {role}, why)
    if Permission.CHANGE_STAFF not in permissions_of(before - {role}):
        withdraw_invitations_of(member=member, by=by, why=why)
    return True


@transaction.atomic
def ban_member(*, viewer: Viewer, member_id: int, why: str) -> bool:
    """Close an account: its sessions, its keys and its invitations end now. False where it was. Raises NotOneself,
    OwnersOnly."""
    by = require(viewer, Permission.CHANGE_MEMBERS)
    why = tidy_why(why)
    member = _member(member_id)
    if member.pk == by.pk:
        raise NotOneself(pgettext_lazy("member", "Nobody bans themselves. Ask a colleague."))
    if Role.OWNER in roles_of(member):
        if not viewer.may(Permission.CHANGE_STAFF):
            raise OwnersOnly(pgettext_lazy("member", "Only an owner bans an owner."))
        _another_owner_stays(member)
    if member.banned_at is not None:
        return False
    member.is_active, member.banned_at, member.banned_why = False, clock.now(), why
    member.save(update_fields=["is_active", "banned_at", "banned_why"])
    sessions = end_sessions(user=member)
    keys = PersonalToken.objects.filter(user=member, ended_at=None).update(ended_at=member.banned_at)
    note(
        by=by,
        act="member.banned",
        subject=_subject(member),
        before={"banned": False},
        after={"banned": True, "sessions_ended": sessions, "keys_ended": keys},
        why=why,
    )
    withdraw_invitations_of(member=member, by=by, why=why)
    return True


@transaction.atomic
def unban_member(*, viewer: Viewer, member_id: int, why: str) -> bool:
    """Open a banned account again. False where it wasn't banned. Raises OwnersOnly."""
    by = require(viewer, Permission.CHANGE_MEMBERS)
    why = tidy_why(why)
    member = _member(member_id)
    if Role.OWNER in roles_of(member) and not viewer.may(Permission.CHANGE_STAFF):
        raise OwnersOnly(pgettext_lazy("member", "Only an owner opens an owner's account again."))
    if member.banned_at is None:
        return False
    before = {"banned": True, "banned_why": member.banned_why}
    member.is_active, member.banned_at, member.banned_why = True, None, ""
    member.save(update_fields=["is_active", "banned_at", "banned_why"])
    note(
        by=by,
        act="member.unbanned",
        subject=_subject(member),
        before=before,
        after={"banned": False},
        why=why,
    )
    return True


@transaction.atomic
def export_members(*, viewer: Viewer, members: QuerySet[User], columns: Sequence[str]) -> QuerySet[User]:
    """Note that `members` are taken away with these columns, and give them. Raises NotAllowed, Unfit."""
    by = require(viewer, Permission.EXPORT_MEMBERS)
    if not columns:
        raise Unfit(pgettext_lazy("member", "Tick at least one column."))
    count = members.order_by().count()
    if not count:
        raise Unfit(pgettext_lazy("member", "There is nobody to export: the list is empty."))
    note(
        by=by,
        act="members.exported",
        subject=("members", "", ""),
        after={"members": count, "columns": list(columns)},
    )
    return members


def tidy_why(text: str) -> str:
    """A reason as it is kept. Raises Unfit where there is none, or too much of it."""
    why = " ".join(text.split())
    if not why or len(why) > WHY_LENGTH:
        raise Unfit(pgettext_lazy("member", "Say why, in 1 to 200 characters: colleagues will read it."))
    return why


def _staff_role(role: str) -> str:
    if role not in STAFF_ROLES:
        raise Unfit(pgettext_lazy("member", "Choose one of the roles that are given: see the list."))
    return role


def _named(member_ids: list[int]) -> list[User]:
    return list(User.objects.filter(pk__in=member_ids).only("display_name").order_by("pk"))


def _member(member_id: int) -> User:
    """Locked, so that two acts on one member come one after the other."""
    found = User.objects.select_for_update().filter(pk=member_id).first()
    if found is None:
        raise NoSuchMember
    return found


def _another_owner_stays(member: User) -> None:
    """Every loss of an owner passes this lock, so that two owners can't remove each other at once."""
    list(RoleGrant.objects.select_for_update().filter(role=Role.OWNER).order_by("pk"))
    others = RoleGrant.objects.filter(role=Role.OWNER, user__is_active=True).exclude(user=member)
    if not others.exists():
        raise LastOwner(
            pgettext_lazy("member", "This is the academy's last owner. Make somebody else an owner first.")
        )


def _subject(member: User) -> tuple[str, object, str]:
    return ("member", member.pk, member.display_name)


def _note_roles(
    by: User | None, act: str, member: User, before: frozenset[str], after: frozenset[str], why: str
) -> None:
    note(
        by=by,
        act=act,
        subject=_subject(member),
        before={"roles": sorted(before)},
        after={"roles": sorted(after)},
        why=why,
    )
