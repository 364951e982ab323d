"""What browsers and programs tell the event log."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.collect.errors import BatchTooLarge
from zhiyue.collect.services import BATCH_LIMIT
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.authentication import TokenAuthentication
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.limits import spend_events
from zhiyue.experience.api.parsers import EventsParser
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import events as shapes
from zhiyue.experience.shell.viewers import actor_of
from zhiyue.product.learning.receiving import receive_from_browser

# A member's own program is no robot, whatever it calls itself.
_OWN_PROGRAM = "A member's program"


class Events(Endpoint):
    """No CSRF token for sessions: a page being left can't send one. `Endpoint` refuses what other sites' pages send,
    and the session cookie doesn't travel with it."""

    authentication_classes = (TokenAuthentication,)
    parser_classes = (EventsParser,)
    # Events have limits of their own.
    is_limited = False

    @needs(Scope.EVENTS_WRITE)
    @extend_schema(
        operation_id="tellEvents",
        tags=["Events"],
        examples=examples.BATCH,
        request=shapes.BatchShape,
        responses={202: shapes.ReceiptShape},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Tell what happened

        A batch of at most 100 events and 256 kB. Whose they are comes from the token or the session, never from the
        batch; only what a browser may say of itself is taken (see `/api/v1/events/kinds`). Each event has an id and is
        counted once, however often it arrives.
        """
        shape = shapes.BatchShape(data=request.data)
        shape.is_valid(raise_exception=True)
        told = cast(dict[str, Any], shape.validated_data)
        batch: list[object] = told["events"]
        if len(batch) > BATCH_LIMIT:
            # Before it is counted: else it would use up what smaller batches are allowed.
            raise BatchTooLarge(f"A batch holds at most {BATCH_LIMIT} events.")
        actor = actor_of(self.page)
        spend_events(self.page, actor, events=len(batch))
        receipt = receive_from_browser(
            batch=batch,
            user=self.viewer.user,
            actor=actor,
            user_agent=_OWN_PROGRAM if request.auth is not None else request.headers.get("User-Agent", ""),
            sent_at=told.get("sent_at"),
        )
        refused = [{"position": position, "reason": reason} for position, reason in receipt.refused]
        answer = {
            "accepted": receipt.accepted,
            "duplicates": receipt.duplicates,
            "unconsented": receipt.unconsented,
            "refused": refused,
        }
        return Response(answer, status=202)


class Kinds(Endpoint):
    @extend_schema(operation_id="listEventKinds", tags=["Events"], responses=shapes.KindsShape)
    def get(self, request: Request) -> Response:
        """List the kinds of events

        The whole table: what is recorded, who may tell it, for which purposes and for how many days it is kept.
        """
        return Response({"items": shapes.kinds()})
