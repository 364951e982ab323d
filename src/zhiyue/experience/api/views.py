"""The addresses of the API. Each reads input, asks one selector or service, and answers."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.collect.errors import BatchTooLarge
from zhiyue.collect.services import BATCH_LIMIT
from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.api import shapes
from zhiyue.experience.api.limits import spend_events
from zhiyue.experience.shell.reasons import in_words
from zhiyue.experience.shell.viewers import PageRequest, actor_of
from zhiyue.monitor import selectors as monitor
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.learning.services import receive_from_browser
from zhiyue.recommend import selectors as recommend
from zhiyue.recommend.policies import DEFAULT_POLICY, POLICIES

FOREIGN = {"cross-site", "same-site"}


@extend_schema(request=shapes.BatchShape, responses={202: shapes.ReceiptShape})
@api_view(["POST"])
@authentication_classes([])
def events(request: Request) -> Response:
    """Take a browser's batch of at most 100 events. Whose they are comes from the session."""
    page = _page(request)
    # No CSRF token: a page being left can't send one. Browsers say where a request comes from, and the session
    # cookie doesn't travel with other sites' posts.
    if request.headers.get("Sec-Fetch-Site") in FOREIGN:
        raise PermissionDenied
    shape = shapes.BatchShape(data=request.data)
    shape.is_valid(raise_exception=True)
    batch = cast(dict[str, list[object]], shape.validated_data)["events"]
    if len(batch) > BATCH_LIMIT:
        # Before it is counted: else it would use up what smaller batches are allowed.
        raise BatchTooLarge(f"A batch holds at most {BATCH_LIMIT} events.")
    actor = actor_of(page)
    spend_events(page, actor, events=len(batch))
    receipt = receive_from_browser(
        batch=batch, user=page.viewer.user, actor=actor, user_agent=request.headers.get("User-Agent", "")
    )
    refused = [{"position": position, "reason": reason} for position, reason in receipt.refused]
    answer = {"accepted": receipt.accepted, "duplicates": receipt.duplicates, "refused": refused}
    return Response(answer, status=202)


@extend_schema(parameters=[shapes.SlateQuery], responses=shapes.SlateShape)
@api_view(["GET"])
def slate(request: Request) -> Response:
    """Courses recommended to whoever asks, each with its reason."""
    query = shapes.SlateQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    wanted = cast(dict[str, Any], query.validated_data)
    policy = wanted.get("policy", DEFAULT_POLICY)
    if policy not in POLICIES:
        raise ValidationError({"policy": [f"Choose one of: {', '.join(POLICIES)}."]})
    found = recommend.slate(actor_of(_page(request)), k=wanted["k"], policy=policy)
    cards = catalogue.courses_by_id(item.course_id for item in found.items)
    titles = catalogue.titles(item.reason.course_id for item in found.items if item.reason.course_id)
    items = [
        {
            "position": item.position,
            "score": item.score,
            "reason": {
                "kind": item.reason.kind,
                "event": item.reason.event,
                "course_id": item.reason.course_id,
                "words": in_words(item.reason, titles),
            },
            "course": cards[item.course_id],
        }
        for item in found.items
        if item.course_id in cards
    ]
    answer = {"policy": found.policy, "version": found.version, "items": items}
    return Response(shapes.SlateShape(answer).data)


@extend_schema(
    parameters=[OpenApiParameter("topic", str, description="Slug of a topic; all where absent.")],
    responses=shapes.CourseShape(many=True),
)
@api_view(["GET"])
def courses(request: Request) -> Response:
    """Every published course, newest first within its topic."""
    topic = request.query_params.get("topic")
    if topic and topic not in {known.slug for known in catalogue.topics()}:
        raise NotFound
    cards = [card for _, shelf in catalogue.by_topic(topic) for card in shelf]
    return Response(shapes.CourseShape(cards, many=True).data)


@extend_schema(
    parameters=[OpenApiParameter("days", int, description="How many days back, 1 to 365; 90 where absent.")],
    responses=shapes.MeasureShape(many=True),
)
@api_view(["GET"])
def activity(request: Request) -> Response:
    """The activity index and its fellows by day. For operators and owners."""
    if not _page(request).viewer.may(Permission.SEE_ACTIVITY):
        raise PermissionDenied
    text = request.query_params.get("days", "90")
    if not text.isdecimal() or not 1 <= int(text) <= 365:
        raise ValidationError({"days": ["A whole number from 1 to 365."]})
    return Response(shapes.MeasureShape(monitor.daily(int(text)), many=True).data)


@extend_schema(exclude=True)
@api_view(["GET", "POST", "PUT", "PATCH", "DELETE"])
@authentication_classes([])
def nothing_here(request: Request, rest: str = "") -> Response:
    """Unknown addresses below /api/ answer in the API's own shape."""
    raise NotFound


def _page(request: Request) -> PageRequest:
    return cast(PageRequest, request._request)
