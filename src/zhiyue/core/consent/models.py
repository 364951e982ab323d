"""Choices about consent, as they were made."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Choice(models.Model):
    """What one person chose at one moment, for every purpose. The newest counts; the database refuses to change any.

    `granted` holds the bits of `Purpose`; `version` is that of the words the person was asked with. A choice goes
    only with its person.
    """

    class Way(models.TextChoices):
        """Where the choice was made."""

        BAR = "bar"
        SETTINGS = "settings"
        SIGN_UP = "sign_up"
        API = "api"
        # A visitor's choice became that of the member they turned out to be.
        SIGN_IN = "sign_in"
        IMPORT = "import"

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    visitor = models.UUIDField(null=True)
    granted = models.PositiveSmallIntegerField()
    version = models.PositiveSmallIntegerField()
    way = models.CharField(max_length=8, choices=Way.choices)
    made_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["member", "-id"], name="choice_of_member"),
            models.Index(fields=["visitor", "-id"], name="choice_of_visitor"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(member__isnull=False, visitor__isnull=True)
                | models.Q(member__isnull=True, visitor__isnull=False),
                name="choice_of_one_person",
            ),
            models.CheckConstraint(condition=models.Q(granted__lt=16), name="choice_of_known_purposes"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id or self.visitor} {self.granted}"
