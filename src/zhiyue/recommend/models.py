"""Which artefacts exist, which policy is live or which are tried by lot, what the lab compared, and the rules of the
academy. What is in an artefact lies in a file under the data folder."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course

# The figure that decides whether a training serves. One: each of several would refuse some healthy ones by chance.
FIGURE = "ndcg@10"


class ArtefactQuerySet(models.QuerySet["Artefact"]):
    def newest_first(self, policy: str) -> "ArtefactQuerySet":
        """What may be served of a policy."""
        return self.filter(policy=policy, refusal="").order_by("-pk")

    def refused(self) -> "ArtefactQuerySet":
        """Trainings that weren't let serve, the newest first. What is accepted later removes those before it."""
        return self.exclude(refusal="").order_by("-pk")


class Artefact(models.Model):
    """A fitted policy. The row is written after its file is in place, so what a row names can be read. What was refused
    has no file."""

    class Refusal(models.TextChoices):
        WORSE = "worse"
        BROKEN = "broken"

    policy = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    interactions = models.PositiveIntegerField()
    items = models.PositiveIntegerField()
    fit_seconds = models.FloatField()
    path = models.CharField(max_length=200)
    # SHA-256 of the file; empty for those of a version that kept none.
    digest = models.CharField(max_length=64, default="")
    # Of plain lists, before variety: it compares policies and isn't the hit rate of the slates that are served.
    metrics = models.JSONField(default=dict)
    # When the acts were read that `metrics` are of: taking a catalogue in measures nothing. Empty: when it was made.
    measured_at = models.DateTimeField(null=True)
    # Names of the policy's parts; empty for an artefact of a version that didn't note them.
    parts = models.CharField(max_length=200, default="")
    refusal = models.CharField(max_length=10, choices=Refusal.choices, default="")
    detail = models.CharField(max_length=300, default="")

    objects = ArtefactQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "version"], name="artefact_policy_version"),
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.version}"

    @property
    def read_at(self) -> datetime:
        """When the acts were read that it is made of: it tells one training from another."""
        return self.measured_at or self.created_at

    @property
    def figure(self) -> float:
        """The NDCG@10 that was measured; 0 where there were few people to ask."""
        return float(self.metrics.get(FIGURE, [0.0])[0])


class Contest(models.Model):
    """Policies among which the academy learns by lot which one to show. Rows are kept: events name them."""

    policies = models.JSONField()
    # From which business day on each policy is drawn with which chance: {day: {policy: chance}}, the newest days. A day
    # is written before it begins, so that nobody's policy changes within it.
    chances = models.JSONField()
    # What the log says of each policy (`recommend.valuing`), once it was asked.
    valued = models.JSONField(null=True)
    began_at = models.DateTimeField(default=clock.now)
    began_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d} {' '.join(self.policies)}"


class ArmDay(models.Model):
    """How one policy of a contest did on one ended business day, in days of people: who was shown something by it, who
    chose from that, and who also took it up on the same day. `chance`: with which it was drawn for them (the harmonic
    mean, where arms that aren't trained any more changed it within the day); of nobody shown it says nothing."""

    contest = models.ForeignKey(Contest, on_delete=models.CASCADE, related_name="days")
    policy = models.CharField(max_length=40)
    day = models.DateField()
    shown = models.PositiveIntegerField()
    chosen = models.PositiveIntegerField()
    taken = models.PositiveIntegerField()
    chance = models.FloatField(default=1.0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contest", "day", "policy"], name="one_count_per_arm_and_day"),
            models.CheckConstraint(
                condition=Q(chance__gt=0) & Q(chance__lte=1), name="arm_drawn_by_a_chance"
            ),
            models.CheckConstraint(
                condition=Q(taken__lte=F("chosen")) & Q(chosen__lte=F("shown")),
                name="taken_was_chosen_was_shown",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.day}"


class NewCourses(models.Model):
    """How new courses did in the place that is drawn among them, and how that pulls at the lots from `day` on: of each
    original by its id on how many days of people it was shown there and chosen, and its pull. Written before the day
    begins."""

    day = models.DateField(unique=True)
    courses = models.JSONField()

    def __str__(self) -> str:
        return f"{self.day}"


class LivePolicy(models.Model):
    """At most one row, written by the first choice; until then the default policy is live. `contest`: who may be
    profiled and takes part in trials gets a policy of it instead."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    policy = models.CharField(max_length=40)
    contest = models.ForeignKey(Contest, null=True, on_delete=models.SET_NULL, related_name="+")
    # Empty where a contest was begun before anybody chose.
    chosen_at = models.DateTimeField(null=True)
    chosen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_live_policy")]

    def __str__(self) -> str:
        return self.policy


class LabRun(models.Model):
    """A comparison of policies that somebody asked for; `found` is written with its end and holds plain numbers.

    A run is open from the asking on. What became of one that never ended its job tells: see `lab`.
    """

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        BROKEN = "broken"

    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    policies = models.JSONField()
    split = models.CharField(max_length=10)
    # The policy that was live when it was asked for.
    live = models.CharField(max_length=40)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    job_id = models.BigIntegerField(null=True)
    finished_at = models.DateTimeField(null=True)
    found = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            # Two that fit every policy at once would be slower than one after the other, and fill the memory.
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="open"), name="one_open_lab_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M} {self.split}"


class RuleQuerySet(models.QuerySet["Rule"]):
    def in_force(self, moment: datetime) -> "RuleQuerySet":
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=moment),
            Q(ended_at=None) | Q(ended_at__gt=moment),
            begins_at__lte=moment,
        )


class Rule(models.Model):
    """What an operator decided about recommending a course: pinned to a place, never, or more or less than its score
    says. It holds from `begins_at` to `ends_at` (None: for good), or until somebody ended it before. Rows are kept, so
    that what was shown can be told later."""

    class Kind(models.TextChoices):
        PIN = "pin", pgettext_lazy("rule kind", "Pin to a place")
        NEVER = "never", pgettext_lazy("rule kind", "Never recommend")
        WEIGH = "weigh", pgettext_lazy("rule kind", "Show more or less")

    class Slot(models.TextChoices):
        EVERYWHERE = "", pgettext_lazy("rule slot", "Everywhere")
        FOR_YOU = "for-you", pgettext_lazy("rule slot", "For you")
        POPULAR = "popular", pgettext_lazy("rule slot", "Popular now")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    slot = models.CharField(max_length=10, choices=Slot.choices, blank=True, default=Slot.EVERYWHERE)
    place = models.PositiveSmallIntegerField(null=True, blank=True)
    factor = models.FloatField(null=True, blank=True)
    begins_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(default=clock.now)

    objects = RuleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="pin", place__isnull=False) | (~Q(kind="pin") & Q(place=None)),
                name="pins_have_places",
            ),
            models.CheckConstraint(
                condition=Q(kind="weigh", factor__isnull=False) | (~Q(kind="weigh") & Q(factor=None)),
                name="weighing_rules_have_factors",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("begins_at")), name="rule_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.course_id}"
