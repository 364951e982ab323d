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
