"""Reads of the event log for people who look at it; analysis reads the `lake`.

What staff look at is what people let the academy analyse; `by` gives an actor everything of theirs.
"""

from datetime import date, datetime

from django.db.models import Count, Exists, OuterRef, Subquery, Sum

from zhiyue.collect import quarantine
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, EventQuerySet, QuarantineCount
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock


def by(actor: Actor) -> EventQuerySet:
    """The events of one actor. A member owns what their visitor key did since they signed in, too."""
    if actor.member_id is not None:
        return Event.objects.filter(member_id=actor.member_id)
    if actor.visitor is not None:
        return Event.objects.filter(visitor=actor.visitor, member__isnull=True)
    return Event.objects.none()


def latest_events(*, actor: Actor | None = None, after_id: int = 0, limit: int = 20) -> list[Event]:
    """The newest events first, those after `after_id` only; of one actor where one is given, else of everybody but
    what files brought."""
    events = Event.objects.filter(source=None) if actor is None else by(actor)
    return list(
        events.serving(Purpose.ANALYTICS)
        .filter(pk__gt=after_id)
        .select_related("member")
        .order_by("-pk")[:limit]
    )


def stored_of(actor: Actor) -> dict[str, int]:
    """How many events of each kind are stored of one actor."""
    return dict(by(actor).order_by().values_list("name").annotate(n=Count("pk")))


def active_days(actor: Actor, *, since: date) -> int:
    """On how many business days from `since` on the actor did anything."""
    return by(actor).filter(day__gte=since).order_by().values("day").distinct().count()


def brought_by_no_file(day: date) -> int:
    """How many events of a day were imported, but by no file: where a demo is, its simulated members did them."""
    return Event.objects.filter(day=day, origin="import", source=None).count()


def came_by_no_file(event: Event) -> bool:
    """The same of one event."""
    return event.origin == "import" and event.source_id is None


def event_by_id(pk: int) -> Event | None:
    return _analysed().select_related("member").filter(pk=pk).first()


def quarantine_counts() -> list[tuple[str, int]]:
    """How many events cleaning kept out in two weeks, today being the last day, by reason, most first."""
    before = clock.days_before(clock.business_day(), quarantine.DAYS)
    rows = QuarantineCount.objects.filter(day__gt=before).values_list("reason")
    return list(rows.annotate(total=Sum("n")).order_by("-total", "reason"))


def last_seen() -> Subquery:
    """When a member last did anything that may be analysed: an annotation on members."""
    newest = _analysed().filter(member=OuterRef("pk")).order_by("-occurred_at")
    return Subquery(newest.values("occurred_at")[:1])


def seen_since(moment: datetime) -> Exists:
    """Did a member do anything since `moment` that may be analysed? A condition on members."""
    return Exists(_analysed().filter(member=OuterRef("pk"), occurred_at__gte=moment))


def _analysed() -> EventQuerySet:
    return Event.objects.serving(Purpose.ANALYTICS)
