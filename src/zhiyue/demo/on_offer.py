"""What the academy sells and lends besides single courses, in the shape of the model."""

from collections.abc import Collection

from zhiyue.engine.simulate.kinds import Bundle, Plan
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce import models
from zhiyue.product.commerce.rights import covered_by


def trial_days() -> dict[int, int]:
    """By course; those that can't be tried are absent."""
    return dict(models.CourseTerms.objects.filter(trial_days__gt=0).values_list("course_id", "trial_days"))


def plans() -> list[Plan]:
    """Those for sale, and those that were: they go on for whoever has them."""
    return [
        Plan(
            id=plan.pk,
            price_fen=plan.price_fen,
            months=plan.months,
            opens=frozenset(covered_by([plan.pk]).values_list("pk", flat=True)),
            grace_days=plan.grace_days,
            trial_days=plan.trial_days,
            is_offered=plan.status == models.Plan.Status.OFFERED,
        )
        for plan in models.Plan.objects.exclude(status=models.Plan.Status.DRAFT).order_by("pk")
    ]


def bundles(course_ids: Collection[int]) -> list[Bundle]:
    """Those for sale whose courses are all among these, and there in one edition alone: who reads in English would look
    for theirs in vain."""
    editions = set(Course.objects.exclude(edition_of=None).values_list("edition_of_id", flat=True))
    offered = models.Bundle.objects.filter(status=models.Bundle.Status.OFFERED).prefetch_related("parts")
    found = [
        Bundle(bundle.pk, frozenset(part.course_id for part in bundle.parts.all()))
        for bundle in offered.order_by("pk")
    ]
    return [one for one in found if one.courses <= set(course_ids) - editions]
