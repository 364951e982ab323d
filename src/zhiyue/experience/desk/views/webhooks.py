"""Webhooks: who is told what, whether it arrives, and what staff do about it."""

from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.webhooking import AgainForm, EndpointForm, chosen_state
from zhiyue.experience.shell.once import form_of
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.facilities.webhooks import endpoints, selectors
from zhiyue.facilities.webhooks.errors import AddressRefused, EndpointRefused
from zhiyue.facilities.webhooks.models import Endpoint
from zhiyue.facilities.webhooks.topics import TRIAL, topics

PAGE_SIZE = 50


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_safe
def webhooks(request: PageRequest) -> HttpResponse:
    return _list(request, EndpointForm())


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_POST
@sensitive_variables("secret")
def make(request: PageRequest) -> HttpResponse:
    """The secret stands in the answer to the form, and nowhere else where it could be read. Refused, the page comes
    back with what was typed."""
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    typed = form.cleaned_data
    try:
        made, secret = endpoints.make_endpoint(
            viewer=request.viewer,
            address=typed["address"],
            wanted=typed["topics"],
            name=typed["name"],
            form=form_of(request),
        )
    except (AddressRefused, EndpointRefused) as why:
        form.refuse(why)
        return _list(request, form, status=why.status)
    return _list(request, EndpointForm(), made=made, secret=secret)


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_safe
def webhook(request: PageRequest, endpoint_id: int) -> HttpResponse:
    return show(request, endpoint_id)


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_POST
def change(request: PageRequest, endpoint_id: int) -> HttpResponseBase:
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return show(request, endpoint_id, form=form, status=422)
    typed = form.cleaned_data
    try:
        endpoints.change_endpoint(
            viewer=request.viewer,
            endpoint_id=endpoint_id,
            address=typed["address"],
            wanted=typed["topics"],
            name=typed["name"],
        )
    except (AddressRefused, EndpointRefused) as why:
        form.refuse(why)
        return show(request, endpoint_id, form=form, status=why.status)
    messages.success(request, pgettext("toast", "Kept. It counts from now on."))
    return redirect("desk:webhook", endpoint_id)


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_POST
@sensitive_variables("secret")
def renew(request: PageRequest, endpoint_id: int) -> HttpResponse:
    """Another secret, shown this once."""
    _, secret = endpoints.renew_secret(viewer=request.viewer, endpoint_id=endpoint_id, form=form_of(request))
    return show(request, endpoint_id, secret=secret)


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_POST
def pause(request: PageRequest, endpoint_id: int) -> HttpResponseBase:
    endpoints.pause(viewer=request.viewer, endpoint_id=endpoint_id)
    messages.success(request, pgettext("toast", "Paused. What happens from now on waits."))
    return redirect("desk:webhook", endpoint_id)


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_POST
def resume(request: PageRequest, endpoint_id: int) -> HttpResponseBase:
    endpoints.resume(viewer=request.viewer, endpoint_id=endpoint_id)
    messages.success(request, pgettext("toast", "It goes on. What waited is being sent."))
    return redirect("desk:webhook", endpoint_id)


@for_the_desk(Permission.RUN_WEBHOOKS)
@require_POST
def delete(request: PageRequest, endpoint_id: int) -> HttpResponseBase:
    endpoints.remove(viewer=request.viewer, endpoint_id=endpoint_id)
    messages.success(request, pgettext("toast", "The webhook is deleted. Nothing is told there any more."))
    return redirect("desk:webhooks")


def _list(
    request: PageRequest,
    form: EndpointForm,
    *,
    made: Endpoint | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    known = topics()
    page = {
        "tab": "webhooks",
        "rows": [
            (one, [known[name] for name in one.endpoint.topics if name in known])
            for one in selectors.all_endpoints(request.viewer)
        ],
        "form": form,
        "made": made,
        "secret": secret,
    }
    return render(request, "desk/webhooks.html", page, status=status)


def show(
    request: PageRequest,
    endpoint_id: int,
    *,
    form: EndpointForm | None = None,
    again: AgainForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page of one webhook: how it is, what may be done, and its messages."""
    health = selectors.endpoint_of(request.viewer, endpoint_id)
    states, state = chosen_state(request.GET)
    rows = selectors.deliveries_of(request.viewer, endpoint_id, state=state)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page", ""))
    known = {**topics(), TRIAL: pgettext("webhook", "A trial")}
    yesterday = clock.now().astimezone(clock.business_zone()) - timedelta(days=1)
    now = clock.now()
    shown = {
        "tab": "webhooks",
        "health": health,
        "endpoint": health.endpoint,
        "topics": [(name, known.get(name, name)) for name in health.endpoint.topics],
        "former_until": until if (until := health.endpoint.former_until) and until > now else None,
        "rests": health.endpoint.rests(now),
        "form": form or EndpointForm.of(health.endpoint),
        "refused": form is not None,
        "again": again or AgainForm(initial={"since": yesterday.replace(tzinfo=None), "undelivered": True}),
        "secret": secret,
        "states": states,
        "state": state,
        "page": page,
        "rows": [(one, known.get(one.topic, one.topic)) for one in page.object_list],
        "asked": f"state={state}" if state else "",
    }
    return render(request, "desk/webhook.html", shown, status=status)
