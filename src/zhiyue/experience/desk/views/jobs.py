"""Background work: how far behind it is, what it last did, what it gave up and what becomes of that."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.jobs import selectors, services
from zhiyue.core.jobs.models import Job
from zhiyue.experience.desk import words
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.shell.viewers import PageRequest

DEAD_SHOWN = 50
RECENT_SHOWN = 15
# A job may run long while many short ones pass it by.
RECENT_SEARCHED = 200


@for_the_desk(Permission.RUN_JOBS)
@require_safe
def jobs(request: PageRequest) -> HttpResponse:
    recent = selectors.recent(RECENT_SEARCHED)
    page = {
        "tab": "jobs",
        "counts": selectors.counts(),
        "lag_seconds": selectors.queue_lag_seconds(),
        "running": [_named(job) for job in recent if job.state == Job.State.RUNNING],
        "schedules": [_scheduled(run) for run in selectors.last_runs()],
        "dead": [_named(job) for job in selectors.dead_letters(DEAD_SHOWN)],
        "recent": [_named(job) for job in recent[:RECENT_SHOWN]],
    }
    return render(request, "desk/jobs.html", page)


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def retry(request: PageRequest, job_id: int) -> HttpResponse:
    job = services.retry(viewer=request.viewer, job_id=job_id)
    messages.success(
        request, pgettext("desk", "“%(job)s” is in the queue again.") % {"job": words.job(job.name)}
    )
    return HttpResponseRedirect(reverse("desk:jobs"))


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def discard(request: PageRequest, job_id: int) -> HttpResponse:
    job = services.discard(viewer=request.viewer, job_id=job_id)
    messages.success(request, pgettext("desk", "“%(job)s” was discarded.") % {"job": words.job(job.name)})
    return HttpResponseRedirect(reverse("desk:jobs"))


def _scheduled(run: selectors.LastRun) -> tuple[words.Words, str, selectors.LastRun]:
    return words.job(run.job.name if run.job else run.name), words.timing(run.timing), run


def _named(job: Job) -> tuple[words.Words, Job]:
    return words.job(job.name), job
