"""What staff do with endpoints: make, change, pause, give another secret, remove, try, and have messages sent again.

A secret is shown by the act that makes it and lies sealed from then on. The audit log names the host alone: the rest of
an address often opens something, too."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.once import SAME_FORM_WITHIN
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.sealing import Unreadable, seal, unseal
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import storable
from zhiyue.facilities.webhooks.addresses import NameUnknown, judged, read
from zhiyue.facilities.webhooks.delivery import PURPOSE
from zhiyue.facilities.webhooks.errors import (
    AddressRefused,
    EndpointRefused,
    NoSuchDelivery,
    NoSuchEndpoint,
)
from zhiyue.facilities.webhooks.models import Delivery, Endpoint
from zhiyue.facilities.webhooks.services import body_of, message_id_of
from zhiyue.facilities.webhooks.signing import make_secret
from zhiyue.facilities.webhooks.tasks import deliver_soon
from zhiyue.facilities.webhooks.topics import TRIAL, topics

MOST_ENDPOINTS = 20
LONGEST_NAME = 60
# Both secrets sign so long: time to put the new one where messages are received.
FORMER_SIGNS = timedelta(hours=24)


def make_endpoint(
    *, viewer: Viewer, address: str, wanted: Collection[str], name: str = "", form: str = ""
) -> tuple[Endpoint, str]:
    """A new endpoint and its secret, which nobody can show again; the same ones where `form` is sent twice.

    Raises NotAllowed, AddressRefused, EndpointRefused.
    """
    by = require(viewer, Permission.RUN_WEBHOOKS)
    address, kept = _address(address), _topics(wanted)
    called = storable(name.strip())[:LONGEST_NAME]
    with transaction.atomic():
        # One at a time, so that two tabs make neither the same one twice nor one too many.
        User.objects.select_for_update().get(pk=by.pk)
        secret = make_secret(by.pk, address, kept, called, form=form)
        there = _made_of_the_same_form(by, secret) if form else None
        if there is not None:
            return there, secret
        if Endpoint.objects.count() >= MOST_ENDPOINTS:
            raise EndpointRefused(
                pgettext_lazy("webhook", "There are 20 webhooks. Delete one that nothing needs any more.")
            )
        made = Endpoint.objects.create(
            address=address, topics=kept, name=called, secret=seal(secret, purpose=PURPOSE), made_by=by
        )
        _noted(by, "webhook.made", made, after={"topics": kept})
    return made, secret


def change_endpoint(
    *, viewer: Viewer, endpoint_id: int, address: str, wanted: Collection[str], name: str
) -> Endpoint:
    """Raises NotAllowed, NoSuchEndpoint, AddressRefused, EndpointRefused. What waits goes to the new address."""
    by = require(viewer, Permission.RUN_WEBHOOKS)
    address, kept = _address(address), _topics(wanted)
    with transaction.atomic():
        endpoint = _locked(endpoint_id)
        before = {"host": endpoint.host, "topics": endpoint.topics}
        endpoint.topics, endpoint.name = kept, storable(name.strip())[:LONGEST_NAME]
        endpoint.address, endpoint.rests_until = address, None
        endpoint.save(update_fields=["topics", "name", "address", "rests_until"])
        after: dict[str, object] = {"host": endpoint.host, "topics": kept}
        _noted(by, "webhook.changed", endpoint, before=before, after=after)
        deliver_soon(endpoint.pk)
    return endpoint


@transaction.atomic
def renew_secret(*, viewer: Viewer, endpoint_id: int, form: str = "") -> tuple[Endpoint, str]:
    """Another secret, which nobody can show again; the former one signs beside it for a day. The same one where `form`
    is sent twice. Raises NotAllowed, NoSuchEndpoint."""
    by = require(viewer, Permission.RUN_WEBHOOKS)
    endpoint = _locked(endpoint_id)
    secret = make_secret(endpoint.pk, form=form)
    if form and _is_secret_of(endpoint, secret):
        return endpoint, secret
    endpoint.former_secret, endpoint.secret = endpoint.secret, seal(secret, purpose=PURPOSE)
    try:
        unseal(endpoint.former_secret, purpose=PURPOSE)
    except Unreadable:
        # It signs nothing any more, and must not keep the new one from it.
        endpoint.former_secret = ""
    endpoint.former_until = clock.now() + FORMER_SIGNS if endpoint.former_secret else None
    endpoint.save(update_fields=["secret", "former_secret", "former_until"])
    _noted(by, "webhook.secret_renewed", endpoint)
    return endpoint, secret


@transaction.atomic
def pause(*, viewer: Viewer, endpoint_id: int) -> bool:
    """Nothing is sent there until it is resumed, and what happens meanwhile waits. False where it was paused before.
    Raises NotAllowed, NoSuchEndpoint."""
    by = require(viewer, Permission.RUN_WEBHOOKS)
    endpoint = _locked(endpoint_id)
    if endpoint.paused_at is not None:
        return False
    endpoint.paused_at, endpoint.paused_why = clock.now(), Endpoint.Pause.STAFF
    endpoint.save(update_fields=["paused_at", "paused_why"])
    _noted(by, "webhook.paused", endpoint)
    return True


@transaction.atomic
def resume(*, viewer: Viewer, endpoint_id: int) -> bool:
    """What waits is sent now. False where it wasn't paused. Raises NotAllowed, NoSuchEndpoint."""
    by = require(viewer, Permission.RUN_WEBHOOKS)
    endpoint, now = _locked(endpoint_id), clock.now()
    if endpoint.paused_at is None:
        return False
    endpoint.paused_at, endpoint.paused_why, endpoint.rests_until = None, "", None
    endpoint.failing_since, endpoint.failures = None, 0
    endpoint.save(update_fields=["paused_at", "paused_why", "rests_until", "failing_since", "failures"])
    waiting = Delivery.objects.filter(endpoint=endpoint, state__in=Delivery.OPEN)
    waiting.update(waits_since=now, due_at=now, attempts=0)
    _noted(by, "webhook.resumed", endpoint)
    deliver_soon(endpoint.pk)
    return True


@transaction.atomic
def remove(*, viewer: Viewer, endpoint_id: int) -> None:
    """With its messages, for good. Raises NotAllowed, NoSuchEndpoint."""
    by = require(viewer, Permission.RUN_WEBHOOKS)
    endpoint = _locked(endpoint_id)
    _noted(by, "webhook.removed", endpoint, before={"topics": endpoint.topics})
    endpoint.delete()


@transaction.atomic
def send_trial(*, viewer: Viewer, endpoint_id: int) -> Delivery:
    """A message that tells of nothing, tried once, also where the endpoint is paused. Raises NotAllowed,
    NoSuchEndpoint."""
    require(viewer, Permission.RUN_WEBHOOKS)
    endpoint, now = _locked(endpoint_id), clock.now()
    number = Delivery.objects.filter(endpoint=endpoint, topic=TRIAL).count()
    made = Delivery.objects.create(
        endpoint=endpoint,
        topic=TRIAL,
        message_id=message_id_of(TRIAL, f"{endpoint.pk} {number} {now.isoformat()}"),
        body=body_of(TRIAL, {"webhook": endpoint.pk}, now),
    )
    deliver_soon(endpoint.pk)
    return made


@transaction.atomic
def send_again(*, viewer: Viewer, endpoint_id: int, delivery_id: int) -> Delivery:
    """The same message once more, under the same id, with all its tries. Raises NotAllowed, NoSuchEndpoint,
    NoSuchDelivery."""
    by = require(viewer, Permission.RUN_WEBHOOKS)
    endpoint = _locked(endpoint_id)
    delivery = Delivery.objects.filter(endpoint=endpoint, pk=delivery_id).first()
    if delivery is None:
        raise NoSuchDelivery(pgettext_lazy("webhook", "There is no such message; perhaps it was cleaned up."))
    _again(endpoint, Delivery.objects.filter(pk=delivery.pk), clock.now())
    _noted(by, "webhook.sent_again", endpoint, after={"messages": 1})
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def send_again_since(*, viewer: Viewer, endpoint_id: int, since: datetime, undelivered: bool) -> int:
    """Once more all messages since a moment, or (`undelivered`) those of them that didn't arrive; how many. Trials are
    left out. Raises NotAllowed, NoSuchEndpoint."""
    by = require(viewer, Permission.RUN_WEBHOOKS)
    endpoint = _locked(endpoint_id)
    chosen = Delivery.objects.filter(endpoint=endpoint, made_at__gte=since).exclude(topic=TRIAL)
    if undelivered:
        chosen = chosen.exclude(state=Delivery.State.DELIVERED)
    n = _again(endpoint, chosen, clock.now())
    if n:
        after = {"messages": n, "begins_at": since.isoformat()}
        _noted(by, "webhook.sent_again", endpoint, after=after)
    return n


def _again(endpoint: Endpoint, chosen: QuerySet[Delivery], now: datetime) -> int:
    n = chosen.update(state=Delivery.State.WAITING, attempts=0, waits_since=now, due_at=now)
    Endpoint.objects.filter(pk=endpoint.pk).update(rests_until=None)
    if endpoint.paused_at is None:
        deliver_soon(endpoint.pk)
    return n


def _address(given: str) -> str:
    """Looked up now as well as before each message, so that whoever types it is told at once."""
    target = read(given)
    try:
        judged(target)
    except NameUnknown:
        raise AddressRefused(
            pgettext_lazy("webhook", "Nothing is called %(host)s on the net. Check the address.")
            % {"host": target.host},
            "name",
        ) from None
    return given.strip()


def _topics(wanted: Collection[str]) -> list[str]:
    kept = [one for one in topics() if one in wanted]
    if not kept or len(kept) != len(set(wanted)):
        raise EndpointRefused(pgettext_lazy("webhook", "Choose at least one thing that is told there."))
    return kept


def _made_of_the_same_form(by: User, secret: str) -> Endpoint | None:
    lately = Endpoint.objects.filter(made_by=by, made_at__gt=clock.now() - SAME_FORM_WITHIN)
    return next((one for one in lately if _is_secret_of(one, secret)), None)


def _is_secret_of(endpoint: Endpoint, secret: str) -> bool:
    try:
        return unseal(endpoint.secret, purpose=PURPOSE) == secret
    except Unreadable:
        return False


def _locked(endpoint_id: int) -> Endpoint:
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NoSuchEndpoint(pgettext_lazy("webhook", "There is no such webhook; perhaps it was deleted."))
    return endpoint


def _noted(
    by: User,
    act: str,
    endpoint: Endpoint,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    note(by=by, act=act, subject=("webhook", endpoint.pk, endpoint.host), before=before, after=after)
