"""What can be found, and which words mean the same. The rows hold the terms; `triggers` keeps the index of each
database in step with them."""

from typing import ClassVar

from django.db import models

from zhiyue.core.kit import clock


class Document(models.Model):
    """One thing as one circle of readers may find it.

    `is_open` is for everybody. What only readers of a scope (a course's id) may read is a second row of the same `kind`
    and `ref` with the whole text; it lies in an index of its own, so nothing of it can be probed from outside.
    From `since` on it can be found. `boost`, 0 to 1, decides between equals.
    """

    kind = models.CharField(max_length=12)
    ref = models.BigIntegerField()
    scope = models.BigIntegerField(default=0, db_index=True)
    is_open = models.BooleanField(default=True)
    since = models.DateTimeField(default=clock.now)
    boost = models.FloatField(default=0.0)
    title = models.CharField(max_length=120)
    secondary = models.CharField(max_length=200, blank=True)
    tags = models.TextField(blank=True)
    body = models.TextField(blank=True)
    title_terms = models.TextField(blank=True)
    secondary_terms = models.TextField(blank=True)
    tags_terms = models.TextField(blank=True)
    body_terms = models.TextField(blank=True)
    pairs = models.TextField(blank=True)
    changed_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "ref", "is_open"], name="search_document_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}: {self.title}"


class Synonyms(models.Model):
    """Words that find each other: Excel, 表格, 电子表格. Kept as people wrote them."""

    words = models.JSONField(default=list)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return " = ".join(self.words)
