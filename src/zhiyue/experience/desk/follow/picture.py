"""What the page shows at one moment: the latest acts, and the way of one of them."""

from dataclasses import dataclass

from zhiyue.collect import quarantine_acts
from zhiyue.collect.consenting import granting
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, Quarantined
from zhiyue.collect.selectors import event_by_id, latest_events
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.consent.purposes import Purpose
from zhiyue.experience.desk.follow.acting import actor_of, name_of, telling
from zhiyue.experience.desk.follow.consenting import ShownChoice, choice_now
from zhiyue.experience.desk.follow.journeys import Journey, journey
from zhiyue.experience.desk.follow.refused import RefusedJourney, refused_journey
from zhiyue.experience.desk.follow.track import Passing, track
from zhiyue.experience.desk.people import Who

ACTS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Chosen:
    """The act that was asked for: an event, or an entry in quarantine. Both 0: the newest that tells something."""

    event: int = 0
    refused: int = 0

    @property
    def is_live(self) -> bool:
        return not self.event and not self.refused


@dataclass(frozen=True, slots=True)
class Withheld:
    """Somebody of whom nothing is shown. `choice` is the one that holds; None where they haven't chosen."""

    name: str
    choice: ShownChoice | None


@dataclass(frozen=True, slots=True)
class Picture:
    """One of `journey`, `refused` and `withheld`, or none where nobody did anything. `after` and `out` are the newest
    event and the newest entry in quarantine, 0 where there is none."""

    track: list[Passing]
    journey: Journey | None
    refused: RefusedJourney | None
    withheld: Withheld | None
    after: int
    out: int

    @property
    def shown(self) -> int:
        """The event on show."""
        return self.journey.act.pk if self.journey else 0


class NoSuchAct(Exception):
    """Nothing of that number may be looked at."""


def picture(viewer: Viewer, who: Who, chosen: Chosen) -> Picture:
    """Raises NoSuchAct, NotAllowed.

    What somebody did while they consented to analysis isn't looked at once they don't.
    """
    came = latest_events(actor=who.actor, limit=ACTS_SHOWN)
    out = list(quarantine_acts.of_people(viewer, actor=who.actor)[:ACTS_SHOWN])
    event, kept_out = _chosen(viewer, chosen)
    chosen_rows: list[Event | Quarantined] = [row for row in (event, kept_out) if row is not None]
    sought = [(actor_of(row), name_of(row)) for row in chosen_rows]
    if who.actor is not None:
        sought.append((who.actor, who.name))
    asked = [*map(actor_of, came), *map(actor_of, out), *(actor for actor, _ in sought)]
    let = granting(Purpose.ANALYTICS, asked)
    events = [row for row in came if actor_of(row) in let]
    refused = [row for row in out if actor_of(row) in let]
    withheld = next((_withheld(actor, name) for actor, name in sought if actor not in let), None)
    if chosen.is_live:
        event = telling(events)
        kept_out = refused[0] if event is None and refused else None
    return Picture(
        track=track(events, refused, length=ACTS_SHOWN),
        journey=journey(event) if event and not withheld else None,
        refused=refused_journey(kept_out) if kept_out and not withheld else None,
        withheld=withheld,
        after=came[0].pk if came else 0,
        out=out[0].pk if out else 0,
    )


def has_news(viewer: Viewer, who: Who, *, after: int, out: int) -> bool:
    """Did anything come after event `after`, or was anything kept out after entry `out`? Raises NotAllowed."""
    kept_out = quarantine_acts.of_people(viewer, actor=who.actor).filter(pk__gt=out)
    return bool(latest_events(actor=who.actor, after_id=after, limit=1)) or kept_out.exists()


def _chosen(viewer: Viewer, chosen: Chosen) -> tuple[Event | None, Quarantined | None]:
    event = event_by_id(chosen.event) if chosen.event else None
    kept_out = quarantine_acts.of_people(viewer).filter(pk=chosen.refused).first() if chosen.refused else None
    if event is None and kept_out is None and not chosen.is_live:
        raise NoSuchAct
    return event, kept_out


def _withheld(actor: Actor, name: str) -> Withheld:
    return Withheld(name, choice_now(actor))
