"""Idempotency keys: a POST sent again with the same key gets the first answer again, and is not done twice."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.utils.translation import pgettext_lazy
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.kit import clock
from zhiyue.experience.api.models import KeptAnswer
from zhiyue.experience.shell.problems import KINDS
from zhiyue.experience.shell.viewers import PageRequest

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
KEEP = timedelta(hours=24)
# A request that runs longer was broken off with its process.
_LONGEST_RUN = timedelta(seconds=60)

Handler = Callable[..., Response]


class StillRunning(APIException):
    status_code = 409
    default_code = "in_progress"
    default_detail = cast(Any, KINDS["in_progress"].advice)
    wait = 1


class KeyReused(APIException):
    status_code = 422
    default_code = "key_reused"
    default_detail = cast(Any, KINDS["key_reused"].advice)


def repeatable(handler: Handler) -> Handler:
    """A POST that may carry an idempotency key. Only what succeeded is kept: what was refused did nothing."""
    # With the act in one transaction: either both are kept or neither.
    return _repeatable(handler, transaction.atomic)


def repeatable_outside(handler: Handler) -> Handler:
    """The same for an act that asks somebody outside, which must wait in no transaction of ours, and that is done once
    by itself."""
    return _repeatable(handler, nullcontext)


def _repeatable(handler: Handler, together: Callable[[], AbstractContextManager[object]]) -> Handler:

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _key_of(request)
        whom = _whom(request._request)  # type: ignore[arg-type]
        if key is None or whom is None:
            return handler(view, request, *args, **kwargs)
        claim = KeptAnswer(
            whom=whom,
            route=request.path[:200],
            key=key,
            fingerprint=_fingerprint(request),
            made_at=clock.now(),
        )
        kept = _claimed(claim)
        if kept is not None:
            return Response(kept.body, status=kept.status, headers={"Idempotency-Replayed": "true"})
        try:
            with together():
                answer = handler(view, request, *args, **kwargs)
                held = KeptAnswer.objects.filter(pk=claim.pk)
                if not held.update(status=answer.status_code, body=answer.data):
                    # It took so long that another request has taken the key: that one does it.
                    raise StillRunning
        except BaseException:
            KeptAnswer.objects.filter(pk=claim.pk, status=None).delete()
            raise
        return answer

    once.is_repeatable = True  # type: ignore[attr-defined]
    return once


@transaction.atomic
def forget_answers() -> None:
    """Drop what is older than a day."""
    KeptAnswer.objects.filter(made_at__lt=clock.now() - KEEP).delete()


def _claimed(claim: KeptAnswer) -> KeptAnswer | None:
    """Take the key, or find the answer kept under it. Raises StillRunning, KeyReused."""
    rows = KeptAnswer.objects.filter(whom=claim.whom, route=claim.route, key=claim.key)
    with transaction.atomic():
        rows.filter(made_at__lt=claim.made_at - KEEP).delete()
        rows.filter(status=None, made_at__lt=claim.made_at - _LONGEST_RUN).delete()
        try:
            # A savepoint: on PostgreSQL the unique violation would otherwise end the transaction.
            with transaction.atomic():
                claim.save(force_insert=True)
            return None
        except IntegrityError:
            kept = rows.first()
    if kept is not None and kept.fingerprint != claim.fingerprint:
        raise KeyReused
    if kept is None or kept.status is None:
        raise StillRunning
    return kept


def _key_of(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        words = pgettext_lazy("api", "Use 1 to 255 printable ASCII signs, for example a UUID.")
        raise ValidationError({f"header {HEADER}": [words]})
    return key


def _whom(page: PageRequest) -> str | None:
    """Keys belong to somebody; where nobody is known, there is nobody to keep an answer for."""
    if page.viewer.member_id is not None:
        return f"m{page.viewer.member_id}"
    return f"v{page.visitor_key}" if page.visitor_key and not page.visitor_is_new else None


def _fingerprint(request: Request) -> str:
    return sha256(request._request.body).hexdigest()
