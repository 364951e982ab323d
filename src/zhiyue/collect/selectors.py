"""Reads of the event log for people who look at it; analysis reads the `lake`."""

from django.db.models import QuerySet, Sum

from zhiyue.collect import quarantine
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, QuarantineCount
from zhiyue.core.kit import clock


def by(actor: Actor) -> QuerySet[Event]:
    """The events of one actor. A member owns what their visitor key did since they signed in, too."""
    if actor.member_id is not None:
        return Event.objects.filter(member_id=actor.member_id)
    if actor.visitor is not None:
        return Event.objects.filter(visitor=actor.visitor, member__isnull=True)
    return Event.objects.none()


def latest_events(*, actor: Actor | None = None, after_id: int = 0, limit: int = 20) -> list[Event]:
    """The newest events first, those after `after_id` only; of one actor where one is given."""
    events = Event.objects.all() if actor is None else by(actor)
    return list(events.filter(pk__gt=after_id).select_related("member").order_by("-pk")[:limit])


def event_by_id(pk: int) -> Event | None:
    return Event.objects.select_related("member").filter(pk=pk).first()


def quarantine_counts() -> list[tuple[str, int]]:
    """How many events cleaning kept out in two weeks, today being the last day, by reason, most first."""
    before = clock.days_before(clock.business_day(), quarantine.DAYS)
    rows = QuarantineCount.objects.filter(day__gt=before).values_list("reason")
    return list(rows.annotate(total=Sum("n")).order_by("-total", "reason"))
