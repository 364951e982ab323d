"""Background work: how far behind it is, what it last did, what it gave up and what becomes of that."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import npgettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.jobs import selectors, services
from zhiyue.core.jobs.models import Job
from zhiyue.experience.desk import words
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.fact_words import Subjects, fact
from zhiyue.experience.shell.viewers import PageRequest

DEAD_SHOWN = 50
RECENT_SHOWN = 15
# A job may run long while many short ones pass it by.
RECENT_SEARCHED = 200


@for_the_desk(Permission.RUN_JOBS)
@require_safe
def jobs(request: PageRequest) -> HttpResponse:
    recent, dead = selectors.recent(RECENT_SEARCHED), selectors.dead_letters(DEAD_SHOWN)
    subjects = Subjects([*recent[:RECENT_SHOWN], *dead])
    behind = selectors.behind(dead)
    page = {
        "tab": "jobs",
        "counts": selectors.counts(),
        "lag_seconds": selectors.queue_lag_seconds(),
        "running": [_named(job) for job in recent if job.state == Job.State.RUNNING],
        "schedules": [_scheduled(run) for run in selectors.last_runs()],
        "dead": [_letter(job, subjects, behind.get(job.pk, 0)) for job in dead],
        "several": [
            (words.job(name), name, n) for name, n in sorted(selectors.dead_by_name().items()) if n > 1
        ],
        "recent": [_letter(job, subjects) for job in recent[:RECENT_SHOWN]],
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
def retry_all(request: PageRequest) -> HttpResponse:
    name = request.POST.get("name", "")
    n = services.retry_all(viewer=request.viewer, name=name)
    said = npgettext(
        "desk",
        "%(n)s job “%(job)s” is in the queue again.",
        "%(n)s jobs “%(job)s” are in the queue again.",
        n,
    )
    messages.success(request, said % {"n": n, "job": words.job(name)})
    return HttpResponseRedirect(reverse("desk:jobs"))


@for_the_desk(Permission.RUN_JOBS)
@require_POST
def discard(request: PageRequest, job_id: int) -> HttpResponse:
    job = services.discard(viewer=request.viewer, job_id=job_id)
    messages.success(request, pgettext("desk", "“%(job)s” was discarded.") % {"job": words.job(job.name)})
    return HttpResponseRedirect(reverse("desk:jobs"))


def _scheduled(run: selectors.LastRun) -> tuple[words.Words, str, selectors.LastRun]:
    return words.job(run.job.name if run.job else run.name), words.timing(run.timing), run


@dataclass(frozen=True, slots=True)
class _Letter:
    """A job in words. `fact` and `about` are empty where it delivers none; `behind`: how many wait for it."""

    name: words.Words
    job: Job
    fact: words.Words
    about: str
    behind: int


def _letter(job: Job, subjects: Subjects, behind: int = 0) -> _Letter:
    return _Letter(words.job(job.name), job, fact(job), subjects.name(job), behind)


def _named(job: Job) -> tuple[words.Words, Job]:
    return words.job(job.name), job
