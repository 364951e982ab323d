"""Trial passes: a course or a plan for some days, once, without a price and without an end to press for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.utils import translation
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.academy.selectors import academy, require_accepted
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.errors import AlreadyOwned, NoTrial, TrialOver
from zhiyue.product.commerce.membership.held import membership_of, running_of
from zhiyue.product.commerce.models import CourseTerms, Enrolment, OrderPlan, Plan, TrialPass
from zhiyue.product.commerce.rights import bought, right_to_course

REMINDED_BEFORE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TrialOffer:
    """What somebody may try, for so many days. `ended_at` is when their trial was over: there is no other."""

    days: int
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.days > 0 and self.ended_at is None


def trial_offer(user: User | None, course: Course) -> TrialOffer:
    """What is offered to somebody (None: a visitor) to whom the course isn't open."""
    if course.is_free or not course.is_published:
        return TrialOffer(0)
    had = TrialPass.objects.filter(user=user, course=OuterRef("course")).values("ends_at")
    terms = CourseTerms.objects.filter(course=course).annotate(ended_at=Subquery(had))
    found = terms.values_list("trial_days", "ended_at").first()
    return TrialOffer(*found) if found else TrialOffer(0)


def plan_trials(user: User | None, plans: Iterable[Plan]) -> dict[int, TrialOffer]:
    """The same of plans, by their id, for somebody who has no membership: who tried one, or was a member, is offered
    no other. Two queries of a member at most."""
    had = dict(_plan_passes(user).values_list("plan_id", "ends_at")) if user is not None else {}
    is_over = user is not None and (bool(had) or _was_member(user))
    return {
        plan.pk: TrialOffer(0 if is_over and plan.pk not in had else plan.trial_days, had.get(plan.pk))
        for plan in plans
    }


@transaction.atomic
def start_trial(*, user: User, course: Course, actor: Actor) -> TrialPass:
    """A member tries a course from now on; pressed again, it is the trial that runs.

    Raises AgreementsPending, NoTrial, AlreadyOwned, TrialOver.
    """
    member, running = _at_the_door(user, course=course)
    if running is not None:
        return running
    offer = trial_offer(member, course)
    if not offer.is_open:
        raise NoTrial(pgettext_lazy("trial", "This course can't be tried as a whole now."))
    if right_to_course(member.pk, course) is not None:
        raise AlreadyOwned(pgettext_lazy("trial", "This course is open to you already: just go on."))
    started = _started(member, offer.days, course=course)
    record("trial.started", actor=actor, course_id=course.pk, days=offer.days)
    return started


@transaction.atomic
def start_plan_trial(*, user: User, plan: Plan, actor: Actor) -> TrialPass:
    """The same of a plan, of all plans once for each member, who mustn't have held any before. Raises
    AgreementsPending, NoTrial, AlreadyOwned, TrialOver."""
    member, running = _at_the_door(user, plan=plan)
    if running is not None:
        return running
    if plan.status != Plan.Status.OFFERED or not plan.trial_days:
        raise NoTrial(pgettext_lazy("trial", "This membership can't be tried now."))
    if membership_of(member).running is not None:
        raise AlreadyOwned(pgettext_lazy("trial", "You are a member already: there is nothing to try."))
    if _plan_passes(member).exists() or _was_member(member):
        raise TrialOver(
            pgettext_lazy("trial", "Memberships are tried once, by who neither tried nor held one before.")
        )
    started = _started(member, plan.trial_days, plan=plan)
    record("trial.started", actor=actor, days=plan.trial_days, plan=plan.pk)
    return started


def _plan_passes(user: User) -> QuerySet[TrialPass]:
    return TrialPass.objects.filter(user=user, plan__isnull=False)


def _was_member(user: User) -> bool:
    """Did they ever hold a membership, also one that went back?"""
    return OrderPlan.objects.filter(order__user=user, order__paid_at__isnull=False).exists()


def _at_the_door(user: User, **of: Course | Plan) -> tuple[User, TrialPass | None]:
    """The member, held so that of two taps one starts the trial and the other finds it, and the trial that runs. Raises
    AgreementsPending, TrialOver."""
    require_accepted(user)
    member = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    had = TrialPass.objects.filter(user=member, **of).first()
    if had is not None and had.ends_at <= clock.now():
        raise TrialOver(pgettext_lazy("trial", "You have tried this before: a trial is given once."))
    return member, had


def _started(member: User, days: int, **of: Course | Plan) -> TrialPass:
    now = clock.now()
    return TrialPass.objects.create(user=member, started_at=now, ends_at=now + timedelta(days=days), **of)


def remind_of_ends(*, now: datetime | None = None, at_once: int = 200) -> int:
    """Write to those whose trial ends within a day; how many. Each once; nobody who has the course or a membership by
    now, and nobody whose trial was no longer than that to begin with."""
    moment = now or clock.now()
    ending = (
        TrialPass.objects.filter(reminded_at=None, ends_at__gt=moment, ends_at__lte=moment + REMINDED_BEFORE)
        .exclude(started_at__gte=F("ends_at") - REMINDED_BEFORE)
        .exclude(Exists(Enrolment.objects.filter(user=OuterRef("user"), course=OuterRef("course"))))
        .exclude(Exists(bought().filter(order__user=OuterRef("user"), course=OuterRef("course"))))
        .filter(user__is_active=True, user__email__isnull=False)
    )
    told = 0
    for pk, user_id, plan_id in list(ending.values_list("pk", "user_id", "plan_id")[:at_once]):
        if not (plan_id and running_of(user_id, now=moment)):
            told += _remind(pk, moment)
    return told


@transaction.atomic
def _remind(pk: int, moment: datetime) -> bool:
    rows = TrialPass.objects.select_for_update(of=("self",)).select_related("user", "course", "plan")
    trial = rows.get(pk=pk)
    if trial.reminded_at is not None or not trial.user.email:
        return False
    trial.reminded_at = moment
    trial.save(update_fields=["reminded_at"])
    with translation.override(trial.user.language or settings.LANGUAGE_CODE):
        told = {
            "academy": academy().name,
            "title": trial.course.title if trial.course else str(trial.plan),
            "ends": f"{trial.ends_at.astimezone(clock.business_zone()):%Y-%m-%d %H:%M}",
        }
        subject = pgettext("trial mail", "%(academy)s: your trial of “%(title)s” ends tomorrow") % told
        text = pgettext(
            "trial mail",
            "You are trying the whole of “%(title)s”. The trial ends by itself on %(ends)s: nothing is "
            "charged, and there is nothing for you to do.\n\nHow far you came is kept. Should you want to "
            "go on after that, you find what it costs on its page.",
        )
        send_mail(to=trial.user.email, subject=subject, text=text % told)
    return True
