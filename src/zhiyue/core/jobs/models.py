"""The queue, the ledger of reactions and the schedules, each one table. Which jobs exist and what they do is code: see
`registry`."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.utils.translation import pgettext_lazy


class JobQuerySet(models.QuerySet["Job"]):
    def claimable(self, moment: datetime) -> Self:
        """Waiting and due, or running under a lease that ran out."""
        return self.filter(claimable_at__lte=moment)


class Job(models.Model):
    """One piece of work, to be done at least once.

    `claimable_at` is one clock for both open states: a waiting job may be claimed from then on; a running one
    holds its lease until then, and the lease is pushed forward while its worker lives. Ended jobs have none,
    so one plain index finds the next job on either database.

    The delivery of a fact to a reaction besides bears the fact's id, its subject and, until it has ended, its lane
    (`lanes`). One that was due before its turn is held: it isn't looked at again until the one before it has ended.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("job state", "Waiting")
        HELD = "held", pgettext_lazy("job state", "Behind another")
        RUNNING = "running", pgettext_lazy("job state", "Running")
        DONE = "done", pgettext_lazy("job state", "Done")
        DEAD = "dead", pgettext_lazy("job state", "Given up")
        DISCARDED = "discarded", pgettext_lazy("job state", "Discarded")

    name = models.CharField(max_length=80)
    kwargs = models.JSONField(default=dict)
    key = models.CharField(max_length=120, null=True)
    fact_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=80, blank=True)
    lane = models.CharField(max_length=161, null=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    claimable_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=80, blank=True)
    error = models.TextField(blank=True)
    progress_done = models.BigIntegerField(null=True)
    progress_total = models.BigIntegerField(null=True)
    progress_note = models.CharField(max_length=200, blank=True)
    enqueued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar = JobQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["claimable_at", "id"], name="job_claimable"),
            models.Index(fields=["state", "finished_at"], name="job_by_state"),
            models.Index(fields=["name", "-id"], name="job_by_name"),
            models.Index(fields=["lane", "id"], name="job_by_lane"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "key"], name="one_waiting_job_per_key"),
            models.UniqueConstraint(fields=["fact_id", "name"], name="one_delivery_per_reaction"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "running"], claimable_at__isnull=False)
                | models.Q(state__in=["held", "done", "dead", "discarded"], claimable_at__isnull=True),
                name="open_jobs_are_claimable",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["done", "discarded"]) | models.Q(lane__isnull=True),
                name="ended_jobs_left_their_lane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


OPEN_STATES = (Job.State.WAITING, Job.State.HELD, Job.State.RUNNING)


class Reacted(models.Model):
    """That a reaction to a fact was committed: written with what it did, and kept as long as the delivery is."""

    fact_id = models.UUIDField()
    reaction = models.CharField(max_length=80)
    reacted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["fact_id", "reaction"], name="one_reaction_to_a_fact"),
        ]

    def __str__(self) -> str:
        return f"{self.reaction} to {self.fact_id}"


class Schedule(models.Model):
    """When a schedule is due next, and the job it enqueued last. `timing` tells of a change in the code."""

    name = models.CharField(max_length=120, unique=True)
    timing = models.CharField(max_length=40)
    next_at = models.DateTimeField(db_index=True)
    enqueued_at = models.DateTimeField(null=True)
    last_job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.name} ({self.timing})"
