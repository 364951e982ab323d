"""Trials by what is for sale: which of an offer somebody may start, and starting it."""

from django.utils.translation import pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.errors import NoTrial
from zhiyue.product.commerce.lending.trials import (
    TrialOffer,
    plan_trials,
    start_plan_trial,
    start_trial,
    trial_offer,
)
from zhiyue.product.commerce.membership.held import running_of
from zhiyue.product.commerce.models import TrialPass
from zhiyue.product.commerce.offers import Offer, offer_of
from zhiyue.product.commerce.rights import right_to_course


def offered_trial(user: User | None, offer: Offer) -> TrialOffer:
    """What somebody may try of an offer; nothing where it is open to them."""
    if offer.plan is not None:
        is_member = user is not None and running_of(user.pk) is not None
        return TrialOffer(0) if is_member else plan_trials(user, [offer.plan])[offer.plan.pk]
    course = _course(offer)
    if course is None or (user is not None and right_to_course(user.pk, course) is not None):
        return TrialOffer(0)
    return trial_offer(user, course)


def start_offered_trial(*, user: User, offer: str, actor: Actor) -> TrialPass:
    """A member tries what an offer opens; pressed again, it is the trial that runs.

    Raises AgreementsPending, NotForSale, NoTrial, AlreadyOwned, TrialOver.
    """
    found = offer_of(offer, user)
    if found.plan is not None:
        return start_plan_trial(user=user, plan=found.plan, actor=actor)
    course = _course(found)
    if course is None:
        raise NoTrial(pgettext_lazy("trial", "A bundle can't be tried: try its courses one by one."))
    return start_trial(user=user, course=course, actor=actor)


def _course(offer: Offer) -> Course | None:
    """The one that it is of."""
    return Course.objects.get(pk=next(iter(offer.courses))) if offer.kind == "course" else None
