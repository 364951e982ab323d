"""The academy's activity, for staff."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api.endpoint import Endpoint, needs
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
