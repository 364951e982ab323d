"""The desk's page about simulated members. It is put together here, because pages and demo don't know each other."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.demo import selectors, services
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.places import Place
from zhiyue.experience.shell.viewers import PageRequest


@for_the_desk(Permission.RUN_JOBS)
@require_safe
def simulation(request: PageRequest) -> HttpResponse:
    page = {"tab": "simulation", "simulation": selectors.simulation(viewer=request.viewer)}
    return render(request, "config/simulation.html", page)


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def pause(request: PageRequest) -> HttpResponse:
    services.pause(viewer=request.viewer)
    messages.success(request, pgettext("simulation", "The simulated members are paused."))
    return HttpResponseRedirect(reverse("desk:simulation"))


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def go_on(request: PageRequest) -> HttpResponse:
    services.go_on(viewer=request.viewer)
    messages.success(request, pgettext("simulation", "The simulated members live on from now."))
    return HttpResponseRedirect(reverse("desk:simulation"))


PLACE = Place(
    "simulation",
    pgettext_lazy("desk navigation", "Simulated members"),
    "play",
    Permission.RUN_JOBS,
    is_here=lambda: bool(settings.ZHIYUE_DEMO) and settings.ZHIYUE_ENVIRONMENT != "production",
)

urlpatterns = [
    path("simulation/", simulation, name="simulation"),
    path("simulation/pause/", pause, name="simulation_pause"),
    path("simulation/go-on/", go_on, name="simulation_go_on"),
]
