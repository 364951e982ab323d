"""Members whose agreements have a new version read on; what is about their account, or a new course, waits."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from zhiyue.core.academy.selectors import agreements_to_accept
from zhiyue.experience.shell.viewers import PageRequest

_WAITS = ("/settings/", "/enrol/")


class ConsentMiddleware:
    """Leads to the agreements from what waits for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: PageRequest) -> HttpResponse:
        user = request.viewer.user if request.path.startswith(_WAITS) else None
        if user is None or not agreements_to_accept(user):
            return self.get_response(request)
        back = request.get_full_path() if request.method == "GET" else reverse("site:home")
        return HttpResponseRedirect(f"{reverse('entrance:agreements')}?{urlencode({'next': back})}")
