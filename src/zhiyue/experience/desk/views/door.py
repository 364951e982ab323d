"""The desk's own address: it leads to the first page that opens."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.places import open_groups
from zhiyue.experience.shell.viewers import PageRequest


@for_the_desk()
@require_safe
def desk(request: PageRequest) -> HttpResponse:
    groups = open_groups(request.viewer)
    if not groups:
        raise PermissionDenied
    return HttpResponseRedirect(groups[0].url)
