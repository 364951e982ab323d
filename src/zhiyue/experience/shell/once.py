"""Which form a request was sent from, so that one that is sent twice does its work once."""

from django.http import HttpRequest


def form_of(request: HttpRequest) -> str:
    """A name for the very form that was shown: its CSRF token is masked anew each time a page is made. Empty where
    there is none."""
    return request.POST.get("csrfmiddlewaretoken", "")[:64]
