"""One's membership and the word before it ends, and trials of what is for sale."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.academy.selectors import require_accepted
from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.conditions import check_unchanged, with_etag
from zhiyue.experience.api.endpoint import needs
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import membership as shapes
from zhiyue.experience.api.views.me import MyEndpoint
from zhiyue.product.commerce.lending.offered import start_offered_trial
from zhiyue.product.commerce.membership.held import Held, Membership, choose_reminder, membership_of
from zhiyue.product.commerce.models import TrialPass
from zhiyue.product.commerce.offers import plan_ref


class MyMembership(MyEndpoint):
    may_answer = frozenset({409})

    @needs(Scope.ME_READ)
    @extend_schema(
        operation_id="getMyMembership",
        tags=["Me"],
        examples=examples.MEMBERSHIP,
        responses=shapes.MembershipShape,
    )
    def get(self, request: Request) -> Response:
        """Get my membership

        What runs, what follows it, and what is tried. Which courses are open by it tells `GET /api/v1/me/courses`.
        """
        return Response(_told(membership_of(self.member)))

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="changeMyMembership",
        tags=["Me"],
        request=shapes.MembershipChangeShape,
        responses=shapes.MembershipShape,
    )
    def patch(self, request: Request) -> Response:
        """Choose whether I am told before it ends

        It ends by itself: there is nothing to cancel. Without a membership the answer is 409.
        """
        require_accepted(self.member)
        wanted = self.read_body(shapes.MembershipChangeShape, request)
        choose_reminder(
            user=self.member,
            wanted=wanted["wants_reminder"],
            check=lambda now: check_unchanged(request, _told(now)),
        )
        return with_etag(request, Response(_told(membership_of(self.member))))


class MyTrials(MyEndpoint):
    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="startTrial",
        tags=["Me"],
        examples=examples.TRY,
        request=shapes.StartTrialShape,
        responses={201: shapes.TrialShape},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Try a course or a membership

        For the days that its offer says in `trial`, once. It ends by itself and nothing is charged. The one that runs
        is told again.
        """
        wanted = self.read_body(shapes.StartTrialShape, request)
        started = start_offered_trial(user=self.member, offer=wanted["offer"], actor=self.actor)
        told = {"offer": wanted["offer"], "started_at": started.started_at, "ends_at": started.ends_at}
        return Response(shapes.TrialShape(told).data, status=201)


def _told(found: Membership) -> Any:
    told = {
        "running": _held(found.running) if found.running else None,
        "following": [_held(one) for one in found.following],
        "until": found.until,
        "is_in_grace": found.is_in_grace,
        "wants_reminder": found.wants_reminder,
        "trial": _trial(found.trial) if found.trial else None,
    }
    return shapes.MembershipShape(told).data


def _held(one: Held) -> dict[str, Any]:
    return {
        "plan": plan_ref(one.plan.pk),
        "title": one.plan.name,
        "order": one.row.order.number,
        "months": one.row.months,
        "off_percent": one.row.off_percent,
        "opens_from": one.period.opens_from,
        "opens_until": one.period.opens_until,
        "grace_until": one.period.grace_until,
    }


def _trial(one: TrialPass) -> dict[str, Any]:
    return {
        "plan": plan_ref(one.plan_id or 0),
        "title": str(one.plan),
        "started_at": one.started_at,
        "ends_at": one.ends_at,
    }
