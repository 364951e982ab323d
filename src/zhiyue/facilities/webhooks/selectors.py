"""Reads of endpoints and of what was sent there, for staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock
from zhiyue.facilities.webhooks.errors import NoSuchDelivery, NoSuchEndpoint
from zhiyue.facilities.webhooks.models import Delivery, Endpoint

# One hiccup needs nobody.
AILING_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Health:
    """An endpoint and how many of its messages are in each state; states without any are absent."""

    endpoint: Endpoint
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return sum(self.counts.get(state, 0) for state in Delivery.OPEN)

    @property
    def given_up(self) -> int:
        return self.counts.get(Delivery.State.GIVEN_UP, 0)


def all_endpoints(viewer: Viewer) -> list[Health]:
    """Every endpoint as it is, in the order in which they were made. Raises NotAllowed."""
    require(viewer, Permission.RUN_WEBHOOKS)
    return _with_health(list(Endpoint.objects.select_related("made_by").order_by("pk")))


def endpoint_of(viewer: Viewer, endpoint_id: int) -> Health:
    """Raises NotAllowed, NoSuchEndpoint."""
    require(viewer, Permission.RUN_WEBHOOKS)
    found = Endpoint.objects.select_related("made_by").filter(pk=endpoint_id).first()
    if found is None:
        raise NoSuchEndpoint(pgettext_lazy("webhook", "There is no such webhook; perhaps it was deleted."))
    return _with_health([found])[0]


def deliveries_of(viewer: Viewer, endpoint_id: int, *, state: str = "") -> QuerySet[Delivery]:
    """An endpoint's messages without what they say, the newest first. Raises NotAllowed."""
    require(viewer, Permission.RUN_WEBHOOKS)
    rows = Delivery.objects.filter(endpoint=endpoint_id).defer("body", "answer").order_by("-made_at", "-pk")
    return rows.filter(state=state) if state in Delivery.State else rows


def delivery_of(viewer: Viewer, endpoint_id: int, delivery_id: int) -> Delivery:
    """One message with what it says and what was answered. Raises NotAllowed, NoSuchDelivery."""
    require(viewer, Permission.RUN_WEBHOOKS)
    rows = Delivery.objects.select_related("endpoint")
    found = rows.filter(endpoint=endpoint_id, pk=delivery_id).first()
    if found is None:
        raise NoSuchDelivery(pgettext_lazy("webhook", "There is no such message; perhaps it was cleaned up."))
    return found


def anybody_listens() -> bool:
    """Is there an address outside to which anything is told?"""
    return Endpoint.objects.exists()


def ailing() -> tuple[int, int]:
    """How many endpoints were paused because they failed, and how many fail now."""
    paused = Endpoint.objects.filter(paused_why=Endpoint.Pause.FAILING)
    failing = Endpoint.objects.filter(paused_at=None, failing_since__lte=clock.now() - AILING_AFTER)
    return paused.count(), failing.count()


def _with_health(endpoints: Sequence[Endpoint]) -> list[Health]:
    # What arrived is most of the table, and nobody asks how much it is.
    states = [*Delivery.OPEN, Delivery.State.GIVEN_UP]
    rows = Delivery.objects.filter(endpoint__in=endpoints, state__in=states)
    counts: dict[int, dict[str, int]] = {}
    for endpoint_id, state, n in rows.order_by().values_list("endpoint", "state").annotate(n=Count("pk")):
        counts.setdefault(endpoint_id, {})[state] = n
    return [Health(one, counts.get(one.pk, {})) for one in endpoints]
