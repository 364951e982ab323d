"""Contests: operators let the academy learn by lot which policy to show. Who gets which policy on which day is decided
here; what came of it is counted in `arms`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.collect.consenting import granted_by
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.engine import bandits
from zhiyue.recommend import live
from zhiyue.recommend.errors import ContestRefused, UnknownPolicy
from zhiyue.recommend.models import Artefact, Contest
from zhiyue.recommend.policies import CONTEST, MOST_ARMS, POLICIES

# Whose slates are made by lot: policies go by what people do, and trying them on people is a trial.
TAKING_PART = Purpose.PERSONALISATION | Purpose.EXPERIMENTS


@dataclass(frozen=True, slots=True)
class Assigned:
    """The policy of one person's slates. Drawn in a `contest`: with `chance`; else it is the live one for certain."""

    policy: str
    contest: int | None = None
    chance: float = 1.0


def assigned(actor: Actor, moment: datetime | None = None) -> Assigned:
    """Which policy makes the slates of a person on the day of `moment` (default: today): the same all day, so that a
    page doesn't change under them. Where arms aren't trained (any more), the chance is that of all which the same
    policy stands in for."""
    decided, day = live.standing(), clock.business_day(moment)
    chances = decided.chances_on(day)
    if decided.contest is None or chances is None or actor.is_nobody or TAKING_PART not in granted_by(actor):
        return Assigned(live.stand_in(decided.policy))
    serves = {arm: live.stand_in(arm) for arm in sorted(chances)}
    policy = serves[_drawn(chances, _lot(actor, day, decided.contest))]
    chance = sum(chances[arm] for arm, serving in serves.items() if serving == policy)
    return Assigned(policy, decided.contest, min(chance, 1.0))


def is_learning() -> bool:
    """Is a contest on?"""
    return live.standing().contest is not None


def _lot(actor: Actor, day: date, contest: int) -> float:
    """A number in [0, 1) that goes with a person's day, and with no other lot that is drawn for them."""
    told = sha256(f"{actor.key} {day} contest {contest}".encode()).digest()
    return (int.from_bytes(told[:8]) >> 11) / 2**53


def _drawn(chances: Mapping[str, float], lot: float) -> str:
    upto = 0.0
    for arm in sorted(chances):
        upto += chances[arm]
        if lot < upto:
            return arm
    # What rounding leaves over at the upper end.
    return max(chances)


@transaction.atomic
def begin_contest(
    *, viewer: Viewer, policies: Sequence[str], why: str, at: datetime | None = None
) -> Contest:
    """Let the academy learn which of these policies to show, from now on and with equal chances at first. Every process
    follows within a second. `at`: the moment from which on it has been so, in a past that is being lived, which the
    audit log then tells. Raises NotAllowed, UnknownPolicy, ContestRefused, Unfit."""
    by, why = require(viewer, Permission.CHANGE_RECOMMENDATION), tidy_why(why)
    if set(policies) - set(POLICIES):
        raise UnknownPolicy(pgettext("recommendation", "There is no policy of this name."))
    arms = [name for name in POLICIES if name in policies]
    if not 2 <= len(arms) <= MOST_ARMS:
        told = pgettext("recommendation", "Choose two to %(most)s policies, between which the lot decides.")
        raise ContestRefused(told % {"most": MOST_ARMS})
    trained = set(Artefact.objects.filter(refusal="", policy__in=arms).values_list("policy", flat=True))
    if len(trained) < len(arms):
        raise ContestRefused(
            pgettext(
                "recommendation", "Choose policies that are trained; the others can't show anything yet."
            )
        )
    row = live.locked_choice()
    if row.contest is not None:
        raise ContestRefused(
            pgettext("recommendation", "The academy is learning already. End that first, then choose anew.")
        )
    equal = bandits.chances(CONTEST, bandits.nothing_seen(len(arms))).tolist()
    began_at = at or clock.now()
    first_day = clock.business_day(began_at).isoformat()
    contest = Contest.objects.create(
        policies=arms,
        chances={first_day: dict(zip(arms, equal, strict=True))},
        began_at=began_at,
        began_by=by,
    )
    row.contest = contest
    row.save(update_fields=["contest"])
    after: dict[str, object] = {"policies": arms}
    if at is not None:
        after["begins_at"] = began_at.isoformat()
    note(by=by, act="contest.begun", subject=("contest", contest.pk, ""), after=after, why=why)
    transaction.on_commit(live.forget)
    return contest


@transaction.atomic
def end_contest(*, viewer: Viewer) -> bool:
    """Go back to the live policy for everybody; False where no contest is on. Raises NotAllowed."""
    by = require(viewer, Permission.CHANGE_RECOMMENDATION)
    row = live.locked_choice()
    if row.contest is None:
        return False
    contest = row.contest
    live.end(contest)
    row.contest = None
    row.save(update_fields=["contest"])
    before, after = {"policies": contest.policies}, {"policy": row.policy}
    note(by=by, act="contest.ended", subject=("contest", contest.pk, ""), before=before, after=after)
    transaction.on_commit(live.forget)
    return True
