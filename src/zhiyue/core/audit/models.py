"""One row an act of staff. Rows are only ever added; the database itself refuses to change or remove one."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """Who did what to what, what it was before and after, and why.

    Names are kept as they were, so that an entry can be read after its people are gone.
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    by_name = models.CharField(max_length=60)
    act = models.CharField(max_length=40, db_index=True)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=40)
    subject_name = models.CharField(max_length=120)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["subject_kind", "subject_id"], name="audit_subject")]

    def __str__(self) -> str:
        return f"{self.by_name} {self.act} {self.subject_name}"
