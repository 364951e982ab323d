"""Which policy serves: asked for every slate, chosen by operators."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
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
from zhiyue.recommend.models import Artefact, LivePolicy
from zhiyue.recommend.policies import DEFAULT_POLICY, POLICIES

CHECK_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    policy: str
    at: float


_seen: dict[str, _Seen] = {}
_lock = Lock()


def live_policy() -> str:
    """The policy that was chosen, the default before the first choice; the table is asked once a second. A name that
    is no policy (any more) counts as the default."""
    key = str(settings.ZHIYUE_DATA_DIR)
    with _lock:
        seen = _seen.get(key)
        if seen is not None and time.monotonic() - seen.at < CHECK_SECONDS:
            return seen.policy
    policy = LivePolicy.objects.values_list("policy", flat=True).first() or DEFAULT_POLICY
    if policy not in POLICIES:
        log.warning("There is no policy “%s”, which was chosen; “%s” serves.", policy, DEFAULT_POLICY)
        policy = DEFAULT_POLICY
    with _lock:
        # Another entry by now: somebody asked later or chose, and what they left is to stand.
        if _seen.get(key) is seen:
            _seen[key] = _Seen(policy, time.monotonic())
    return policy


def serving_policy() -> str:
    """The live policy; while nothing was trained for it the default one, if that was."""
    live = live_policy()
    if live == DEFAULT_POLICY or memory.newest(live) is not None or memory.newest(DEFAULT_POLICY) is None:
        return live
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
    """Have slates that name no policy made by `policy` from now on; False where it was so already. Every process
    follows within a second. Raises NotAllowed, UnknownPolicy, Unfit."""
    by, why = require(viewer, Permission.CHANGE_RECOMMENDATION), tidy_why(why)
    if policy not in POLICIES:
        raise UnknownPolicy(pgettext("recommendation", "There is no policy of this name."))
    defaults = {"policy": DEFAULT_POLICY, "chosen_at": clock.now()}
    row, _ = LivePolicy.objects.select_for_update().get_or_create(pk=1, defaults=defaults)
    before = row.policy
    if before == policy:
        return False
    row.policy, row.chosen_at, row.chosen_by = policy, clock.now(), by
    row.save()
    note(
        by=by,
        act="recommendation.chosen",
        subject=("policy", policy, policy),
        before={"policy": before},
        after={"policy": policy},
        why=why,
    )
    transaction.on_commit(forget)
    return True
