"""The academy's activity, and what is collected of it, for staff."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.collect import flow
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.shapes import events as event_shapes
from zhiyue.experience.api.shapes import people as shapes
from zhiyue.monitor import selectors as monitor


class Activity(Endpoint):
    members_only = True
    is_personal = True

    @needs(Scope.ACTIVITY_READ, shapes.ActivityQuery)
    @extend_schema(operation_id="listActivity", tags=["Activity"], responses=shapes.ActivityShape)
    def get(self, request: Request) -> Response:
        """List the activity index by day

        With DAU, WAU and MAU, oldest first, today last and computed as asked. For operators and owners.
        """
        require(self.viewer, Permission.SEE_ACTIVITY)
        found = monitor.daily(self.asked["days"])
        return Response({"items": shapes.MeasureShape(found, many=True).data})


class Collected(Endpoint):
    members_only = True
    is_personal = True

    @needs(Scope.ACTIVITY_READ, event_shapes.CollectedQuery)
    @extend_schema(operation_id="listCollected", tags=["Activity"], responses=event_shapes.CollectedShape)
    def get(self, request: Request) -> Response:
        """List what was collected by day

        Events stored, not stored for want of consent, and kept out by cleaning; oldest first, today last. For
        operators and owners.
        """
        days = flow.by_day(self.viewer, days=self.asked["days"])
        found = {"newest_at": flow.newest_at(self.viewer), "items": days}
        return Response(event_shapes.CollectedShape(found).data)
