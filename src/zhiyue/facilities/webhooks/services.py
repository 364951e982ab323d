"""Telling: what other systems hear of is written with the act that it tells of. Sending it is `delivery`; the endpoints
themselves are in `endpoints`."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from zhiyue.core.kit import clock
from zhiyue.facilities.webhooks.models import Delivery, Endpoint
from zhiyue.facilities.webhooks.tasks import deliver_soon
from zhiyue.facilities.webhooks.topics import UnknownTopicError, topics

# Ids of messages are made under it; another one would tell old facts anew.
_IDS = UUID("0d5f4d0c-7a0c-4c8e-9a53-0c1f7d0e52b1")


@transaction.atomic
def tell(topic: str, data: Mapping[str, Any], *, at: datetime, once: str) -> str:
    """Tell every endpoint that asked for `topic`, soon, if and only if the caller's transaction commits. Returns the
    message's id.

    `once` names the occasion: told again, it is the same message, and goes to nobody twice. Raises UnknownTopicError.
    """
    if topic not in topics():
        raise UnknownTopicError(topic)
    message_id = message_id_of(topic, once)
    told = [one for one in Endpoint.objects.order_by("pk") if topic in one.topics]
    body = body_of(topic, data, at)
    now = clock.now()
    Delivery.objects.bulk_create(
        [
            Delivery(
                endpoint=one,
                topic=topic,
                message_id=message_id,
                body=body,
                made_at=now,
                waits_since=now,
                due_at=now,
            )
            for one in told
        ],
        ignore_conflicts=True,
    )
    for one in told:
        if one.paused_at is None:
            deliver_soon(one.pk)
    return message_id


def message_id_of(topic: str, once: str) -> str:
    return f"msg_{uuid5(_IDS, f'{topic} {once}').hex}"


def body_of(topic: str, data: Mapping[str, Any], at: datetime) -> str:
    """A message as it is signed and sent, to the byte."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole = {"type": topic, "timestamp": moment, "data": dict(data)}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
