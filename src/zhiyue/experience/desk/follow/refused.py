"""Acts that cleaning kept out: their way ends there."""

from dataclasses import dataclass
from datetime import datetime

from zhiyue.collect.models import Quarantined
from zhiyue.collect.quarantine import TAKEN_IN, kept_until
from zhiyue.experience.desk import people, words
from zhiyue.experience.desk.follow.acting import actor_of, is_today, may_tell, name_of
from zhiyue.experience.desk.follow.consenting import Consent, consent_to_look
from zhiyue.experience.desk.kept_out import drawn


@dataclass(frozen=True, slots=True)
class RefusedAct:
    """The act as it was told: `payload` is text and nothing else, as far as it was kept (`is_whole`)."""

    pk: int
    name: str
    says: words.Words
    who: str
    who_key: str
    at: datetime
    is_today: bool
    may_tell: tuple[words.Words, ...]
    payload: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it was kept out, until when it can be looked at, and what became of it when it was judged again."""

    reason: words.Words
    detail: str
    until: datetime
    outcome: words.Words
    replayed_at: datetime | None
    can_replay: bool


@dataclass(frozen=True, slots=True)
class RefusedJourney:
    act: RefusedAct
    consent: Consent
    refusal: Refusal


def refused_journey(row: Quarantined) -> RefusedJourney:
    """Everything the page tells of one act that was kept out."""
    return RefusedJourney(
        act=RefusedAct(
            pk=row.pk,
            name=row.name,
            says=words.act(row.name),
            who=name_of(row),
            who_key=people.key_of(actor_of(row)),
            at=row.received_at,
            is_today=is_today(row.received_at),
            may_tell=may_tell(row.name),
            payload=drawn(row.payload),
            is_whole=row.is_whole,
        ),
        consent=consent_to_look(row),
        refusal=Refusal(
            reason=words.quarantine_reason(row.reason),
            detail=row.detail,
            until=kept_until(row),
            outcome=words.outcome(row.outcome) if row.outcome else "",
            replayed_at=row.replayed_at,
            can_replay=row.is_whole and row.outcome not in TAKEN_IN,
        ),
    )
