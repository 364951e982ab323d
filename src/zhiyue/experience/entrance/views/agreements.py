"""A new version of an agreement asks members again, calmly: reading goes on, their account waits. Creators are asked
for theirs before they write."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from zhiyue.core.academy.models import FOR_CREATORS, FOR_EVERYBODY
from zhiyue.core.academy.selectors import agreements_to_accept
from zhiyue.core.academy.services import accept_agreements
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.entrance.door import for_members
from zhiyue.experience.entrance.forms import AcceptingForm
from zhiyue.experience.entrance.views.sign_in import form_page
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def agreements(request: PageRequest, user: User) -> HttpResponse:
    onward = safe_next(request, reverse("site:home"))
    as_creator = request.GET.get("for") == "creator" and request.viewer.may(Permission.USE_STUDIO)
    asked = agreements_to_accept(user, FOR_CREATORS if as_creator else FOR_EVERYBODY)
    if not asked:
        return HttpResponseRedirect(onward)
    form = AcceptingForm(request.POST if request.method == "POST" else None, agreements=asked)
    if not form.is_valid():
        return form_page(request, "entrance/agreements.html", form, onward, as_creator=as_creator)
    accept_agreements(user=user, agreement_ids=form.agreement_ids)
    return HttpResponseRedirect(onward)
