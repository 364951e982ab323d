"""Measures of past days, so that a page needn't compute a quarter of a year."""

from typing import ClassVar

from django.db import models


class DailyMeasure(models.Model):
    """One business day as it was measured. A and its parts in points of 100; the rest are members."""

    day = models.DateField(primary_key=True)
    definition = models.CharField(max_length=12)
    members = models.PositiveIntegerField()
    a = models.FloatField()
    parts = models.JSONField(default=dict)
    dau = models.PositiveIntegerField()
    wau = models.PositiveIntegerField()
    mau = models.PositiveIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["day"]

    def __str__(self) -> str:
        return f"{self.day}: A {self.a:.1f}"


class TasteMeasure(models.Model):
    """What learners chose in the half year that ended with a day, as `monitor.taste` found it; the newest is kept.

    weeks: [first day, choices of each topic in the order of `topics`]. changes: as `services._told` writes them.
    """

    day = models.DateField(primary_key=True)
    first_day = models.DateField()
    people = models.PositiveIntegerField()
    topics = models.JSONField(default=list)
    weeks = models.JSONField(default=list)
    changes = models.JSONField(default=list)
    why_not = models.CharField(max_length=12, blank=True)
    half_life_days = models.FloatField(null=True)
    computed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["day"]

    def __str__(self) -> str:
        return f"{self.day}: {len(self.changes)} changes of taste"
