"""Which artefacts exist. What is in them lies in files under the data folder."""

from typing import ClassVar

from django.db import models


class ArtefactQuerySet(models.QuerySet["Artefact"]):
    def newest_first(self, policy: str) -> "ArtefactQuerySet":
        return self.filter(policy=policy).order_by("-pk")


class Artefact(models.Model):
    """A fitted policy. The row is written after its file is in place, so what a row names can be read."""

    policy = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    interactions = models.PositiveIntegerField()
    items = models.PositiveIntegerField()
    fit_seconds = models.FloatField()
    path = models.CharField(max_length=200)
    # Of plain lists, before variety: it compares policies and isn't the hit rate of the slates that are served.
    metrics = models.JSONField(default=dict)

    objects = ArtefactQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "version"], name="artefact_policy_version"),
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.version}"
