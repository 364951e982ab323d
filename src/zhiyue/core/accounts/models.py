"""Members and the roles they hold. What they do is kept in `collect`, never here."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import pgettext_lazy


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Sign-in is by e-mail address, whatever its capitals."""
        return self.get(email__iexact=(username or "").strip())

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """For Django's `createsuperuser`: the first owner of an academy."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        user.grants.create(role=Role.OWNER)
        return user


class User(AbstractBaseUser):
    """A member of the academy. `is_simulated` marks the demo's invented people."""

    email = models.EmailField(unique=True)
    display_name = models.CharField(max_length=40)
    is_active = models.BooleanField(default=True)
    is_simulated = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects: ClassVar[UserManager] = UserManager()

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
