"""Whatever another site sends back gets an answer with words: its mistakes are no faults of ours."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver

_UNUSABLE = (KeyError, ValueError, TypeError, AttributeError)


def answered(patterns: list[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The addresses of django-allauth's providers, with a page for answers that miss what they promise."""
    for one in patterns:
        if isinstance(one, URLResolver):
            answered(one.url_patterns)
        elif (one.name or "").endswith("_callback"):
            one.callback = _with_words(one.callback)
    return patterns


def _with_words(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def told(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        try:
            return view(request, *args, **named)
        except _UNUSABLE:
            page = "socialaccount/authentication_error.html"
            return render(request, page, status=HTTPStatus.UNAUTHORIZED)

    return told
