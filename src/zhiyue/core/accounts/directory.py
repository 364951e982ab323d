"""Members as staff see them: found, listed, one by one. What a role may not read (a whole phone number) isn't in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import NoSuchMember
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import MemberTag, Role, RoleGrant, User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock

STATES = {
    "active": pgettext_lazy("member state", "Active"),
    "banned": pgettext_lazy("member state", "Banned"),
}
# Fewer digits find too many people, and would let a number be guessed piece by piece.
_LEAST_PHONE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a list is to show; what is empty narrows nothing. Days are those of the academy, both included."""

    words: str = ""
    role: str = ""
    tag: str = ""
    state: str = ""
    joined_from: date | None = None
    joined_to: date | None = None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member in a list. `phone` is masked for who may not change members."""

    id: int
    name: str
    email: str
    phone: str
    username: str
    roles: tuple[str, ...]
    tags: tuple[str, ...]
    joined_at: datetime
    banned_at: datetime | None
    banned_why: str
    is_simulated: bool


def found(viewer: Viewer, wanted: Wanted) -> QuerySet[User]:
    """The members that `wanted` describes, in no order. Raises NotAllowed."""
    require(viewer, Permission.SEE_MEMBERS)
    members = User.objects.filter(_named(viewer, wanted.words))
    if wanted.role == Role.LEARNER:
        members = members.filter(~Exists(RoleGrant.objects.filter(user=OuterRef("pk"))))
    elif wanted.role:
        members = members.filter(Exists(RoleGrant.objects.filter(user=OuterRef("pk"), role=wanted.role)))
    if wanted.tag:
        members = members.filter(Exists(MemberTag.objects.filter(user=OuterRef("pk"), name=wanted.tag)))
    if wanted.state:
        members = members.filter(banned_at__isnull=wanted.state != "banned")
    if wanted.joined_from:
        members = members.filter(joined_at__gte=clock.day_start(wanted.joined_from))
    if wanted.joined_to:
        members = members.filter(joined_at__lt=clock.day_start(wanted.joined_to + timedelta(days=1)))
    return members


def rows(viewer: Viewer, members: Iterable[User]) -> list[MemberRow]:
    """These members with roles and tags, in their order: two queries however many. Raises NotAllowed."""
    require(viewer, Permission.SEE_MEMBERS)
    members = list(members)
    ids = [member.pk for member in members]
    roles = _by_member(RoleGrant.objects.filter(user__in=ids).order_by("role").values_list("user_id", "role"))
    tags = _by_member(MemberTag.objects.filter(user__in=ids).order_by("name").values_list("user_id", "name"))
    whole = viewer.may(Permission.CHANGE_MEMBERS)
    return [
        MemberRow(
            id=member.pk,
            name=member.display_name,
            email=member.email or "",
            phone=(member.phone or "") if whole else masked(member.phone or ""),
            username=member.username or "",
            roles=tuple(roles.get(member.pk, ())),
            tags=tuple(tags.get(member.pk, ())),
            joined_at=member.joined_at,
            banned_at=member.banned_at,
            banned_why=member.banned_why,
            is_simulated=member.is_simulated,
        )
        for member in members
    ]


def one(viewer: Viewer, member_id: int) -> tuple[User, MemberRow]:
    """One member and how the viewer sees them. Raises NotAllowed, NoSuchMember."""
    require(viewer, Permission.SEE_MEMBERS)
    member = User.objects.filter(pk=member_id).first()
    if member is None:
        raise NoSuchMember
    return member, rows(viewer, [member])[0]


def tags_in_use(viewer: Viewer) -> list[tuple[str, int]]:
    """Every tag and on how many members it is, the commonest first."""
    require(viewer, Permission.SEE_MEMBERS)
    counted = MemberTag.objects.order_by().values_list("name").annotate(n=Count("pk"))
    return list(counted.order_by("-n", "name"))


def staff(viewer: Viewer) -> list[MemberRow]:
    """Everyone who holds a role, in order of name. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_STAFF)
    holders = User.objects.filter(Exists(RoleGrant.objects.filter(user=OuterRef("pk"))))
    return rows(viewer, holders.order_by("display_name", "pk"))


def masked(phone: str) -> str:
    """`+8613800138000` → `+86138****8000`: enough to compare with what a caller says."""
    return phone if len(phone) < 9 else f"{phone[:-8]}****{phone[-4:]}"


def _named(viewer: Viewer, text: str) -> Q:
    words = text.strip()
    if not words:
        return Q()
    named = Q(display_name__icontains=words) | Q(email__icontains=words) | Q(username__icontains=words)
    digits = "".join(sign for sign in words if sign.isdigit())
    if len(digits) < _LEAST_PHONE_DIGITS or any(sign not in "+-() " for sign in words if not sign.isdigit()):
        return named
    if viewer.may(Permission.CHANGE_MEMBERS):
        return named | Q(phone__contains=digits)
    # Who sees numbers masked finds them only whole: with the country's code, or as they are said in China.
    return named | Q(phone__in=[f"+{digits}", f"+86{digits}"])


def _by_member(pairs: Iterable[tuple[int, str]]) -> dict[int, Sequence[str]]:
    by: dict[int, list[str]] = {}
    for member_id, text in pairs:
        by.setdefault(member_id, []).append(text)
    return dict(by)


@dataclass(frozen=True, slots=True)
class WaysIn:
    """By what a member signs in; none of it opens anything."""

    has_password: bool
    email_is_verified: bool
    phone_is_verified: bool
    passkeys: int
    has_authenticator_app: bool
    elsewhere: tuple[str, ...]


def ways_in(viewer: Viewer, member: User) -> WaysIn:
    """How a member signs in, for whoever helps them. Raises NotAllowed."""
    require(viewer, Permission.SEE_MEMBERS)
    factors = list(Authenticator.objects.filter(user=member).values_list("type", flat=True))
    return WaysIn(
        has_password=member.has_usable_password(),
        email_is_verified=EmailAddress.objects.filter(
            user=member, email__iexact=member.email or "", verified=True
        ).exists(),
        phone_is_verified=member.phone_verified_at is not None,
        passkeys=factors.count(Authenticator.Type.WEBAUTHN),
        has_authenticator_app=Authenticator.Type.TOTP in factors,
        elsewhere=tuple(
            SocialAccount.objects.filter(user=member).order_by("provider").values_list("provider", flat=True)
        ),
    )
