"""The beginning of the API, its schema and pages, and what answers where nothing is."""

from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils import translation
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api.endpoint import Endpoint
from zhiyue.experience.api.shapes.ground import RootShape
from zhiyue.experience.shell.problems import KINDS, refusals
from zhiyue.experience.shell.viewers import PageRequest


class Root(Endpoint):
    @extend_schema(operation_id="getRoot", tags=["Ground"], responses=RootShape)
    def get(self, request: Request) -> Response:
        """Get the addresses to begin with"""
        addresses = {
            "version": "1",
            "schema": "/api/schema/",
            "docs": "/api/docs/",
            "problems": "/api/docs/problems/",
            "courses": "/api/v1/courses",
            "me": "/api/v1/me",
        }
        told = {name: self._absolute(value) for name, value in addresses.items()}
        return Response({**told, "scopes": [scope.value for scope in Scope]})

    def _absolute(self, value: str) -> str:
        return self.request.build_absolute_uri(value) if value.startswith("/") else value


@extend_schema(exclude=True)
class NothingHere(Endpoint):
    """Unknown addresses below /api/ answer in the API's own shape, whatever the method."""

    def _nothing(self, request: Request, rest: str = "") -> Response:
        if rest.endswith("/"):
            raise NotFound(pgettext("api", "Addresses of the API end without a slash. Leave it out."))
        raise NotFound

    get = post = put = patch = delete = _nothing

    def _read_query(self, request: Request) -> dict[str, Any]:
        return {}


@require_safe
def schema(request: PageRequest) -> HttpResponse:
    """The API as OpenAPI 3: YAML, or JSON for `?format=json` and whoever accepts JSON only."""
    wants_json = request.GET.get("format") == "json" or (
        request.GET.get("format") != "yaml"
        and request.headers.get("Accept", "").startswith("application/json")
    )
    kind = OpenApiJsonRenderer if wants_json else OpenApiYamlRenderer
    answer = HttpResponse(written(kind), content_type=kind.media_type)
    answer["Vary"] = "Accept"
    return answer


@require_safe
def problems(request: PageRequest) -> HttpResponse:
    """Every kind of problem a program may meet, with what to do about it."""
    refused = [{"code": one.code, "status": one.status} for one in refusals()]
    return render(request, "api/problems.html", {"kinds": KINDS.values(), "refusals": refused})


@cache
def written(kind: type[OpenApiJsonRenderer] | type[OpenApiYamlRenderer]) -> bytes:
    """Made once: it changes with the code only."""
    own = [path("api/", include("zhiyue.experience.api.urls"))]
    with translation.override("en"):
        drawn = SchemaGenerator(patterns=own).get_schema(public=True)  # type: ignore[no-untyped-call]
        found: bytes = kind().render(drawn, renderer_context={})
    return found
