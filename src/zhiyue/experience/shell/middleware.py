"""What every request passes: who is looking, what becomes of a refusal, and how a page travels."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from zhiyue.core.academy.errors import AgreementsPending
from zhiyue.core.accounts.errors import SecondFactorRequired
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell import errors, viewers
from zhiyue.experience.shell.bodies import is_too_large
from zhiyue.experience.shell.viewers import PageRequest

Handler = Callable[[HttpRequest], HttpResponse]


class CompressionMiddleware(GZipMiddleware):
    """Compresses pages, and nothing else: files lie compressed, the API's strong ETags stay strong, a stream flows.

    That a length tells of a secret (BREACH) needs somebody elsewhere who makes this browser ask again and again as its
    member: the session's cookie doesn't go along then (SameSite). Besides, Django makes each length differ by chance,
    and hands out each token against forged forms in another disguise.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        packed: HttpResponseBase = super().process_response(request, response)
        return packed


class ViewerMiddleware:
    """Gives `request.viewer`, and the visitor cookie to those who have none; keeps members' pages out of caches."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        page_request = cast(PageRequest, request)
        viewers.attach_viewer(page_request)
        response = self.get_response(page_request)
        viewers.remember_visitor(page_request, response)
        viewers.keep_private(page_request, response)
        return response


class BodyMiddleware:
    """Answers a request whose body was too large to be taken, before anybody reads what isn't there."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return errors.too_large(request) if is_too_large(request) else self.get_response(request)


class RefusalMiddleware:
    """Turns a refusal that no view caught into a page, or a note where only a part was asked for; and the blank answer
    to a method that an address doesn't take."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            return errors.method_not_allowed(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, SecondFactorRequired):
            return errors.second_factor_required(cast(PageRequest, request), exception)
        if isinstance(exception, AgreementsPending):
            return errors.agreements_pending(cast(PageRequest, request), exception)
        if not isinstance(exception, Refused):
            return None
        return errors.refused(cast(PageRequest, request), exception)
