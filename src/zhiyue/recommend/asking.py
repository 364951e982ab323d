"""What staff ask recommendation for: a comparison in the background, and a look at one person's slates."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import pgettext

from zhiyue.collect.consenting import granting
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.recommend import lab
from zhiyue.recommend.comparing import SPLITS
from zhiyue.recommend.errors import LabBusy, NotLookedAt, UnknownPolicy, UnknownSplit
from zhiyue.recommend.explaining import Explanation, explain_each
from zhiyue.recommend.live import live_policy
from zhiyue.recommend.models import LabRun
from zhiyue.recommend.policies import POLICIES
from zhiyue.recommend.tasks import compare


def ask_for_run(*, viewer: Viewer, policies: Sequence[str], split: str) -> LabRun:
    """Have these policies compared. Raises NotAllowed, UnknownPolicy, UnknownSplit, and LabBusy while another
    comparison is open."""
    by = require(viewer, Permission.CHANGE_RECOMMENDATION)
    if not policies:
        raise UnknownPolicy(pgettext("recommendation lab", "Tick at least one policy to compare."))
    if set(policies) - set(POLICIES):
        raise UnknownPolicy(pgettext("recommendation", "There is no policy of this name."))
    if split not in SPLITS:
        raise UnknownSplit(pgettext("recommendation lab", "Choose from the list what is to be hidden."))
    lab.close_broken()
    wanted = [name for name in POLICIES if name in policies]
    try:
        with transaction.atomic():
            row = LabRun.objects.create(
                policies=wanted, split=split, live=live_policy(), asked_at=clock.now(), asked_by=by
            )
            row.job_id = enqueue(compare, run_id=row.pk).pk
            row.save(update_fields=["job_id"])
            lab.forget_old()
    except IntegrityError:
        busy = pgettext("recommendation lab", "A comparison is running already. Wait until it is through.")
        raise LabBusy(busy) from None
    return row


def look_at_slates(*, viewer: Viewer, actor: Actor, name: str, policies: Sequence[str]) -> list[Explanation]:
    """What somebody's home page would show them under each policy, and why; noted in the audit log unless it is the
    viewer. The log calls them `name`.

    Raises NotAllowed, and NotLookedAt where they don't consent to analysis; ValueError as `slate` does.
    """
    by = require(viewer, Permission.SEE_ACTIVITY)
    if actor not in granting(Purpose.ANALYTICS, [actor]):
        raise NotLookedAt(
            pgettext("recommendation lab", "They don't consent to what they do being looked at.")
        )
    found = explain_each(actor, policies)
    if actor.member_id != by.pk:
        kind, pk = ("visitor", actor.visitor) if actor.member_id is None else ("member", actor.member_id)
        note(by=by, act="member.slates_seen", subject=(kind, pk, name), after={"policies": list(policies)})
    return found
