"""Judging again what was kept out, entry by entry: under the table, the rights and the consent of now, as of when it
arrived."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection, transaction

from zhiyue.collect import quarantine
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import judge
from zhiyue.core.accounts.models import User
from zhiyue.core.jobs.services import progress
from zhiyue.product.learning.receiving import Gate, take_again

# Nothing is kept of what robots send: whatever is judged again was told by a page.
_PAGE = "A page, earlier"


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What became of entries that were judged again. `unconsented` ones are gone for good."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    unconsented: int = 0

    @property
    def total(self) -> int:
        return self.accepted + self.duplicates + self.refused + self.unconsented


def rejudge(entry_ids: Collection[int]) -> Rejudged:
    """Judge these entries again, each in a transaction of its own, in their order. What was taken in is left alone."""
    found = dict.fromkeys(("accepted", "duplicates", "refused", "unconsented"), 0)
    for done, entry_id in enumerate(sorted(entry_ids), start=1):
        if outcome := _rejudge(entry_id):
            found[outcome] += 1
        progress(done=done, total=len(entry_ids))
    return Rejudged(**found)


@transaction.atomic
def _rejudge(entry_id: int) -> str:
    # Whoever else judges it at this moment settles it.
    skips = connection.features.has_select_for_update_skip_locked
    row = quarantine.replayable().filter(pk=entry_id).select_for_update(skip_locked=skips).first()
    if row is None:
        return ""
    batch = [json.loads(row.payload)]
    user = User.objects.filter(pk=row.member_id, is_active=True).first() if row.member_id else None
    gate = Gate(user, batch, visitor=row.visitor)
    judged = judge(
        batch,
        actor=Actor(member_id=row.member_id, visitor=row.visitor),
        user_agent=_PAGE,
        sent_at=row.sent_at,
        received_at=row.received_at,
        refuse=gate.refuse,
    )
    # What isn't let be looked into any more isn't kept as a sample either.
    if judged.unconsented or not all(one.is_sampled for one in judged.refusals):
        row.delete()
        return "unconsented"
    if judged.refusals:
        quarantine.settle(row, outcome=judged.refusals[0].reason)
        return "refused"
    accepted, _ = take_again(judged, gate)
    quarantine.settle(row, outcome=quarantine.ACCEPTED if accepted else quarantine.DUPLICATE)
    return "accepted" if accepted else "duplicates"
