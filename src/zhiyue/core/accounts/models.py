"""Members, the roles they hold, and the keys they made. What they do is kept in `collect`, never here."""

from typing import Any, ClassVar, NoReturn
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.management.base import CommandError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Sign-in is by e-mail address, whatever its capitals."""
        return self.get(email__iexact=(username or "").strip())

    def create_superuser(self, **fields: Any) -> NoReturn:
        """What Django's `createsuperuser` calls: who makes an owner here is always noted."""
        raise CommandError("`zhiyue init` makes the first owner; owners make others on the desk.")


class User(AbstractBaseUser):
    """A member of the academy, known by an address, a phone or a user name (at least one of them).

    `phone` is E.164 (`+8613800138000`), `username` has small letters. A banned member is not active.
    `is_simulated` marks the demo's invented people.
    """

    email = models.EmailField(unique=True, null=True, blank=True)
    phone = models.CharField(max_length=16, unique=True, null=True, blank=True)
    phone_verified_at = models.DateTimeField(null=True, blank=True)
    username = models.CharField(max_length=30, unique=True, null=True, blank=True)
    display_name = models.CharField(max_length=40)
    bio = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=10, blank=True)
    is_active = models.BooleanField(default=True)
    banned_at = models.DateTimeField(null=True, blank=True)
    banned_why = models.CharField(max_length=200, blank=True)
    is_simulated = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(email__isnull=False)
                | models.Q(phone__isnull=False)
                | models.Q(username__isnull=False),
                name="member_can_be_named",
            ),
            models.UniqueConstraint(Lower("username"), name="user_name_once_whatever_its_case"),
        ]

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    def __str__(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class Role(models.TextChoices):
    LEARNER = "learner", pgettext_lazy("role", "Learner")
    CREATOR = "creator", pgettext_lazy("role", "Creator")
    OPERATOR = "operator", pgettext_lazy("role", "Operator")
    AGENT = "agent", pgettext_lazy("role", "Support agent")
    OWNER = "owner", pgettext_lazy("role", "Owner")


class RoleGrant(models.Model):
    """One role held by one member. Every member is a learner without a row."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=12, choices=Role.choices)
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "role"], name="one_grant_per_role")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class MemberTag(models.Model):
    """A word staff put on a member, to find them again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=20)
    put_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "name"], name="one_tag_once")]
        indexes: ClassVar = [models.Index(fields=["name"], name="member_tag_name")]

    def __str__(self) -> str:
        return self.name


class InvitationQuerySet(models.QuerySet["StaffInvitation"]):
    def still_open(self) -> "InvitationQuerySet":
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())


class StaffInvitation(models.Model):
    """A link by which somebody becomes staff, once. Only the SHA-256 of its secret is kept."""

    role = models.CharField(max_length=12, choices=Role.choices)
    note = models.CharField(max_length=120, blank=True)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.role} {self.invited_at:%Y-%m-%d}"


class PersonalToken(models.Model):
    """A key a member made for a program. Only the SHA-256 of it is kept; `scopes` bound what it opens."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=40)
    prefix = models.CharField(max_length=12)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"


class OneTimeCode(models.Model):
    """Six digits sent to an address or a phone. Only their keyed hash is kept; `key` is what the asking browser holds.

    `kept` is what follows from the code once it is proved: the name and the hashed password of a sign-up.
    """

    class Purpose(models.TextChoices):
        ENTER = "enter", pgettext_lazy("code", "Sign in or up")
        RESET = "reset", pgettext_lazy("code", "New password")
        CHANGE = "change", pgettext_lazy("code", "New address or phone")

    key = models.UUIDField(unique=True, default=uuid4)
    purpose = models.CharField(max_length=6, choices=Purpose.choices)
    to = models.CharField(max_length=254)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    digits_hash = models.CharField(max_length=64)
    kept = models.JSONField(default=dict)
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    proved_at = models.DateTimeField(null=True, blank=True)
    spent_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.purpose} {self.made_at:%Y-%m-%d %H:%M}"


class UploadedSheet(models.Model):
    """A table that staff uploaded to import: kept until that is done, or a day. `result` counts what became of it;
    its `ended` says why an import that began was not carried through."""

    class Kind(models.TextChoices):
        MEMBERS = "members"
        COURSES = "courses"
        ORDERS = "orders"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    text = models.TextField()
    options = models.JSONField(default=dict)
    uploaded_at = models.DateTimeField(default=timezone.now, db_index=True)
    started_at = models.DateTimeField(null=True)
    job_id = models.BigIntegerField(null=True)
    result = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
