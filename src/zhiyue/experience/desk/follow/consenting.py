"""② What an act may be used for: what the person consented to when it was stored, and does now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, Quarantined
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import NOTHING, PURPOSES, Purpose
from zhiyue.core.consent.selectors import choice_of
from zhiyue.experience.desk import words
from zhiyue.experience.desk.follow.acting import is_today
from zhiyue.experience.shell.purposes import LABELS


@dataclass(frozen=True, slots=True)
class Use:
    """One purpose that the act could serve: consented to then and now (`used`), then and no longer (`withdrawn`), now
    and not then (`later`), or neither (`refused`)."""

    label: words.Words
    state: Literal["used", "withdrawn", "later", "refused"]


@dataclass(frozen=True, slots=True)
class ShownChoice:
    """The choice that holds now: when and where it was made, with which version of the words. `is_later`: after the
    act had been stored."""

    at: datetime
    is_today: bool
    way: words.Words
    version: int
    is_later: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """`granted` is what the person consents to now, `choice` None where no choice of theirs holds. `is_necessary`: the
    service needs the act, it is always stored. `is_sample`: it was kept out, and a sample is kept to look at."""

    is_necessary: bool
    uses: tuple[Use, ...]
    choice: ShownChoice | None
    granted: Purpose
    is_sample: bool = False

    @property
    def used(self) -> int:
        return sum(use.state == "used" for use in self.uses)


def consent(event: Event) -> Consent:
    stored = Purpose(event.purposes)
    kind = KINDS.get(event.name)
    choice = choice_of(member_id=event.member_id, visitor=event.visitor)
    granted = Purpose(choice.granted) if choice else NOTHING
    serves = stored | kind.serves if kind else stored
    return Consent(
        is_necessary=kind is not None and kind.is_necessary,
        uses=tuple(Use(LABELS[one], _state(one, stored, granted)) for one in PURPOSES if one in serves),
        choice=_shown(choice, event.recorded_at) if choice else None,
        granted=granted,
    )


def consent_to_look(row: Quarantined) -> Consent:
    """The same for an act that was kept out: a sample of those is kept where the person consents to analysis."""
    choice = choice_of(member_id=row.member_id, visitor=row.visitor)
    granted = Purpose(choice.granted) if choice else NOTHING
    state = _state(Purpose.ANALYTICS, Purpose.ANALYTICS, granted)
    return Consent(
        is_necessary=False,
        uses=(Use(LABELS[Purpose.ANALYTICS], state),),
        choice=_shown(choice, row.received_at) if choice else None,
        granted=granted,
        is_sample=True,
    )


def choice_now(actor: Actor) -> ShownChoice | None:
    """The choice that holds for somebody; None where they haven't chosen."""
    choice = choice_of(member_id=actor.member_id, visitor=actor.visitor)
    return _shown(choice, choice.made_at) if choice else None


def _state(
    purpose: Purpose, stored: Purpose, granted: Purpose
) -> Literal["used", "withdrawn", "later", "refused"]:
    if purpose in stored:
        return "used" if purpose in granted else "withdrawn"
    return "later" if purpose in granted else "refused"


def _shown(choice: Choice, stored_at: datetime) -> ShownChoice:
    return ShownChoice(
        at=choice.made_at,
        is_today=is_today(choice.made_at),
        way=words.way_of_consent(choice.way),
        version=choice.version,
        is_later=choice.made_at > stored_at,
    )
