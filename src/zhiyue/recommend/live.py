"""Which policy serves, and whether a contest is on: asked for every slate, decided by operators."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock

from django.conf import settings
from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.recommend import memory
from zhiyue.recommend.errors import UnknownPolicy
from zhiyue.recommend.models import Artefact, Contest, LivePolicy, NewCourses
from zhiyue.recommend.policies import DEFAULT_POLICY, POLICIES

CHECK_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was decided: the live policy, and the contest that is on (None: none) with its chances from each business
    day on; and how new courses pull at the lots that are drawn among them, from each day on."""

    policy: str
    contest: int | None = None
    chances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    pulls: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def chances_on(self, day: date) -> Mapping[str, float] | None:
        """With which chance each policy is drawn on a day; None where none is."""
        return _newest(self.chances, day)

    def pulls_on(self, day: date) -> Mapping[str, float]:
        """By the ids of courses; who isn't named has one of 1."""
        return _newest(self.pulls, day) or {}


def _newest(by_day: Mapping[str, Mapping[str, float]], day: date) -> Mapping[str, float] | None:
    begun = [one for one in by_day if one <= day.isoformat()]
    return by_day[max(begun)] if begun else None


@dataclass(frozen=True, slots=True)
class _Seen:
    standing: Standing
    at: float


_seen: dict[str, _Seen] = {}
_lock = Lock()


def live_policy() -> str:
    """The policy that was chosen, the default before the first choice, and for a name that is no policy (any more)."""
    return standing().policy


def standing() -> Standing:
    """What holds now; the table is asked once a second."""
    key = str(settings.ZHIYUE_DATA_DIR)
    with _lock:
        seen = _seen.get(key)
        if seen is not None and time.monotonic() - seen.at < CHECK_SECONDS:
            return seen.standing
    columns = ("policy", "contest_id", "contest__chances")
    policy, contest, chances = LivePolicy.objects.values_list(*columns).first() or (
        DEFAULT_POLICY,
        None,
        None,
    )
    if policy not in POLICIES:
        log.warning("There is no policy “%s”, which was chosen; “%s” serves.", policy, DEFAULT_POLICY)
        policy = DEFAULT_POLICY
    pulls = {
        day.isoformat(): {course_id: pull for course_id, (_, _, pull) in courses.items()}
        for day, courses in NewCourses.objects.values_list("day", "courses")
    }
    found = Standing(policy, contest, chances or {}, pulls)
    with _lock:
        # Another entry by now: somebody asked later or chose, and what they left is to stand.
        if _seen.get(key) is seen:
            _seen[key] = _Seen(found, time.monotonic())
    return found


def serving_policy() -> str:
    """The live policy, or what stands in for it."""
    return stand_in(live_policy())


def stand_in(policy: str) -> str:
    """The policy itself; while nothing was trained for it the default one, if that was, and always for a name that is
    no policy (any more)."""
    if policy not in POLICIES:
        return DEFAULT_POLICY
    if policy == DEFAULT_POLICY or memory.newest(policy) is not None or memory.newest(DEFAULT_POLICY) is None:
        return policy
    return DEFAULT_POLICY


@dataclass(frozen=True, slots=True)
class Choice:
    """The policy that is live, the one that serves until it is trained, since when and by whom (None and empty before
    the first choice), and which policies are trained."""

    policy: str
    serving: str
    chosen_at: datetime | None
    by: str
    trained: frozenset[str]


def live_choice(viewer: Viewer) -> Choice:
    """What was chosen, as it stands now. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    row = LivePolicy.objects.select_related("chosen_by").first()
    trained = frozenset(Artefact.objects.filter(refusal="").values_list("policy", flat=True).distinct())
    forget()
    live = live_policy()
    # Of a name that is no policy any more nobody needs to know who chose it.
    chosen = row if row is not None and row.policy == live else None
    return Choice(
        policy=live,
        serving=serving_policy(),
        chosen_at=chosen.chosen_at if chosen else None,
        by=chosen.chosen_by.display_name if chosen and chosen.chosen_by else "",
        trained=trained,
    )


def forget() -> None:
    """Ask the table again at the next call."""
    with _lock:
        _seen.clear()


@transaction.atomic
def choose_live_policy(*, viewer: Viewer, policy: str, why: str) -> bool:
    """Have slates that name no policy made by `policy` from now on, whoever looks: a contest that is on ends. False
    where it was so already. Every process follows within a second. Raises NotAllowed, UnknownPolicy, Unfit."""
    by, why = require(viewer, Permission.CHANGE_RECOMMENDATION), tidy_why(why)
    if policy not in POLICIES:
        raise UnknownPolicy(pgettext("recommendation", "There is no policy of this name."))
    row = locked_choice()
    before = {"policy": row.policy}
    if row.policy == policy and row.contest is None:
        return False
    if row.contest is not None:
        before |= {"policies": row.contest.policies}
        end(row.contest)
        row.contest = None
    row.policy, row.chosen_at, row.chosen_by = policy, clock.now(), by
    row.save()
    note(
        by=by,
        act="recommendation.chosen",
        subject=("policy", policy, policy),
        before=before,
        after={"policy": policy},
        why=why,
    )
    transaction.on_commit(forget)
    return True


def locked_choice() -> LivePolicy:
    """The row of what was decided, locked until the transaction ends; made where nobody has decided anything."""
    LivePolicy.objects.get_or_create(pk=1, defaults={"policy": DEFAULT_POLICY})
    return LivePolicy.objects.select_for_update(of=("self",)).select_related("contest").get(pk=1)


def end(contest: Contest) -> None:
    """The contest is over; whoever calls takes it out of the choice that they have locked."""
    Contest.objects.filter(pk=contest.pk).update(ended_at=clock.now())
