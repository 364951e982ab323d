"""The messages of a webhook: one with what was sent and answered, a trial, and sending again."""

import json

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import npgettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.views.webhooks import show
from zhiyue.experience.desk.webhooking import AgainForm
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.facilities.webhooks import endpoints, selectors
from zhiyue.facilities.webhooks.models import Delivery
from zhiyue.facilities.webhooks.topics import TRIAL, topics


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_safe
def message(request: PageRequest, endpoint_id: int, delivery_id: int) -> HttpResponse:
    found = selectors.delivery_of(request.viewer, endpoint_id, delivery_id)
    known = {**topics(), TRIAL: pgettext("webhook", "A trial")}
    page = {
        "tab": "webhooks",
        "one": found,
        "endpoint": found.endpoint,
        "topic": known.get(found.topic, found.topic),
        "body": json.dumps(json.loads(found.body), ensure_ascii=False, indent=2),
        # Whoever sent it looks on while it is under way.
        "is_under_way": found.state == Delivery.State.WAITING and not _is_held(found),
    }
    return render(request, "desk/webhook_message.html", page)


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_POST
def attempt(request: PageRequest, endpoint_id: int) -> HttpResponseBase:
    sent = endpoints.send_trial(viewer=request.viewer, endpoint_id=endpoint_id)
    return redirect("desk:webhook_message", endpoint_id, sent.pk)


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_POST
def again(request: PageRequest, endpoint_id: int, delivery_id: int) -> HttpResponseBase:
    endpoints.send_again(viewer=request.viewer, endpoint_id=endpoint_id, delivery_id=delivery_id)
    return redirect("desk:webhook_message", endpoint_id, delivery_id)


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_POST
def again_since(request: PageRequest, endpoint_id: int) -> HttpResponseBase:
    form = AgainForm(request.POST)
    if not form.is_valid():
        return show(request, endpoint_id, again=form, status=422)
    n = endpoints.send_again_since(
        viewer=request.viewer,
        endpoint_id=endpoint_id,
        since=form.cleaned_data["since"],
        undelivered=form.cleaned_data["undelivered"],
    )
    said = npgettext("toast", "%(n)s message is sent again.", "%(n)s messages are sent again.", n)
    messages.success(
        request, said % {"n": n} if n else pgettext("toast", "Since then there is no such message.")
    )
    return redirect("desk:webhook", endpoint_id)


def _is_held(one: Delivery) -> bool:
    return one.endpoint.paused_at is not None and one.topic != TRIAL
