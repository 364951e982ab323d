"""What whoever asks consents to, and what was recorded of them: members, and visitors by their browser's key."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import NOTHING, Purpose
from zhiyue.experience.api import examples
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.shapes import privacy as shapes
from zhiyue.experience.shell.viewers import actor_of, keep_visitor
from zhiyue.product.learning.privacy import choose_consent, delete_history, delete_visitors_history


class MyConsent(Endpoint):
    is_personal = True

    @needs(Scope.ME_READ)
    @extend_schema(
        operation_id="getMyConsent", tags=["Me"], examples=examples.CONSENT, responses=shapes.ConsentShape
    )
    def get(self, request: Request) -> Response:
        """Get what I consent to

        `chosen_at` is null where the person has to be asked; until then they consent to nothing.
        """
        return Response(_told(self.page.consent.choice))

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="chooseMyConsent",
        tags=["Me"],
        examples=examples.CONSENT_CHOSEN,
        request=shapes.ChoiceShape,
        responses=shapes.ConsentShape,
    )
    def put(self, request: Request) -> Response:
        """Choose what I consent to

        All purposes at once. Only send what the person themselves decided; each change is kept with its time. A browser
        without a visitor's key gets one to be known again by.
        """
        shape = shapes.ChoiceShape(data=request.data)
        shape.is_valid(raise_exception=True)
        granted = NOTHING
        for key in shape.validated_data["granted"]:
            granted |= shapes.PURPOSE_KEYS[key]
        choice = choose_consent(actor=actor_of(self.page), granted=granted, way=Choice.Way.API)
        keep_visitor(self.page)
        return Response(_told(choice))


class MyHistory(Endpoint):
    is_personal = True

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="deleteMyHistory", tags=["Me"], request=None, responses={200: shapes.DeletedShape}
    )
    def delete(self, request: Request) -> Response:
        """Delete what was recorded of me

        All events, for good. What I own, how far I read, my list and my topics stay.
        """
        user = self.viewer.user
        gone = delete_history(user=user) if user else delete_visitors_history(actor=actor_of(self.page))
        return Response(shapes.DeletedShape({"deleted": gone}).data)


def _told(choice: Choice | None) -> Any:
    granted = Purpose(choice.granted) if choice else NOTHING
    keys = [key for key, purpose in shapes.PURPOSE_KEYS.items() if purpose in granted]
    told = {
        "granted": keys,
        "version": choice.version if choice else None,
        "chosen_at": choice.made_at if choice else None,
    }
    return shapes.ConsentShape(told).data
