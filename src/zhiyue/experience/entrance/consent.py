"""Members whose agreements have a new version read on; the pages about their account wait. What else waits, its
service says."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from zhiyue.core.academy.errors import AgreementsPending
from zhiyue.core.academy.selectors import require_accepted
from zhiyue.experience.shell.errors import agreements_pending
from zhiyue.experience.shell.viewers import PageRequest

_WAITS = "/settings/"
# What one consents to can be changed at any time, and waits for nothing.
_NEVER_WAITS = "/settings/privacy/"


class ConsentMiddleware:
    """Leads to the agreements from the settings, those pages that django-allauth brings included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: PageRequest) -> HttpResponse:
        waits = request.path.startswith(_WAITS) and not request.path.startswith(_NEVER_WAITS)
        user = request.viewer.user if waits else None
        try:
            if user is not None:
                require_accepted(user)
        except AgreementsPending as refusal:
            return agreements_pending(request, refusal)
        return self.get_response(request)
