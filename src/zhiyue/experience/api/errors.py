"""One shape for every error of the API: `{"code": …, "message": …}`, and `fields` where input was wrong."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import pgettext
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.errors import TOO_LARGE
from zhiyue.experience.shell.limits import TooMany


def answer(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Answers for DRF's own errors and for what services refuse; anything else is a fault and rises."""
    if isinstance(problem, Refused):
        headers = {"Retry-After": str(problem.retry_after)} if isinstance(problem, TooMany) else {}
        told = {"code": problem.code, "message": str(problem.message)}
        return Response(told, status=problem.status, headers=headers)
    if isinstance(problem, RequestDataTooBig):
        return Response({"code": "too_large", "message": str(TOO_LARGE)}, status=413)
    response = exception_handler(problem, context)
    if response is None:
        return None
    if isinstance(problem, ValidationError):
        response.data = {
            "code": "invalid",
            "message": pgettext("api", "The request has values that can't be used."),
            "fields": problem.detail,
        }
    elif isinstance(problem, APIException):
        response.data = {"code": problem.get_codes(), "message": str(problem.detail)}
    else:
        response.data = {"code": "not_found", "message": pgettext("api", "There is nothing at this address.")}
    return response
