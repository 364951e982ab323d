"""The one door of the studio. Who may change which course is decided by the catalogue; every view wears this."""

from functools import wraps

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render

from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.shell.doors import P, View, for_holders
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.authoring import may_change_all, require_author


def for_the_studio(view: View[P]) -> View[P]:
    """A view of the studio, for whoever holds a role that opens it; creators accept their agreement first; what isn't
    there is a 404."""

    @for_holders({Permission.USE_STUDIO}, home="studio:courses")
    @wraps(view)
    def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method in ("GET", "HEAD") and not request.htmx:
            # Not when something is sent: what was typed would be lost to a version that came into force meanwhile.
            require_author(request.viewer)
        try:
            return view(request, *args, **kwargs)
        except ObjectDoesNotExist as missing:
            raise Http404 from missing

    return guarded


def page(
    request: PageRequest, template: str, values: dict[str, object], *, status: int = 200
) -> HttpResponse:
    """A page of the studio; its navigation knows who orders topics and teachers."""
    values = {"orders_all": may_change_all(request.viewer), **values}
    return render(request, f"studio/{template}", values, status=status)
