"""The seven stations of one act, together."""

from dataclasses import dataclass, replace

from django.utils.safestring import SafeString

from zhiyue.collect.models import Event
from zhiyue.experience.desk.follow.acting import ShownAct, actor_of, cover_for, shown_acts
from zhiyue.experience.desk.follow.cleaning import Cleaning, cleaning
from zhiyue.experience.desk.follow.consenting import Consent, consent
from zhiyue.experience.desk.follow.keeping import Keeping, keeping
from zhiyue.experience.desk.follow.measuring import Measuring, measuring
from zhiyue.experience.desk.follow.slates import SlateChange, slate_change
from zhiyue.experience.desk.follow.weighing import Weighing, weighing


@dataclass(frozen=True, slots=True)
class Journey:
    """An act with its seven stations, and the cover of the course it is about.

    `weighing` is None where the act says nothing of interests, `measuring` for a visitor's.
    """

    act: ShownAct
    cover: SafeString | None
    consent: Consent
    cleaning: Cleaning
    kept: Keeping
    weighing: Weighing | None
    slate: SlateChange
    measuring: Measuring | None


def journey(event: Event) -> Journey:
    """Everything the page tells of one event."""
    consented = consent(event)
    # Asked once for all that follows.
    actor = replace(actor_of(event), granted=consented.granted)
    return Journey(
        act=shown_acts([event])[0],
        cover=cover_for(event),
        consent=consented,
        cleaning=cleaning(event),
        kept=keeping(event),
        weighing=weighing(event, actor),
        slate=slate_change(event, actor),
        measuring=measuring(event),
    )
