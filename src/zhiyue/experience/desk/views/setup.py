"""Setting up: the list of what is left, trials, looks, agreements, and how the installation is. For owners."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.academy import selectors, services
from zhiyue.core.academy.errors import UnusableDay
from zhiyue.core.academy.models import Accent, AgreementKind
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.core.kit.errors import Refused
from zhiyue.experience.desk import trials
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.setting_up import steps
from zhiyue.experience.desk.setup_forms import AgreementForm, LooksForm, PhoneForm
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.monitor.examination import examine
from zhiyue.product.catalogue import prose


@for_the_desk(Permission.SET_UP_ACADEMY)
@require_safe
def setup(request: PageRequest) -> HttpResponse:
    return _list_page(request, PhoneForm())


@for_the_desk(Permission.SET_UP_ACADEMY)
@require_POST
def ready(request: PageRequest) -> HttpResponse:
    """The owner closes the list; the desk reminds of it no more."""
    services.close_setting_up(viewer=request.viewer)
    messages.success(request, pgettext("toast", "Good. This page stays here, whenever you want to look."))
    return HttpResponseRedirect(reverse("desk:setup"))


@for_the_desk(Permission.SET_UP_ACADEMY)
@require_POST
def attempt(request: PageRequest, what: str) -> HttpResponse:
    """Try mail, SMS or storage here and now; how it went stands in the list."""
    form = PhoneForm(request.POST if what == "sms" else None)
    if what == "sms":
        if not form.is_valid():
            return _list_page(request, form, status=400)
        proof = trials.sms(viewer=request.viewer, phone=form.cleaned_data["phone"])
    elif what == "mail":
        proof = trials.mail(viewer=request.viewer)
    elif what == "storage":
        proof = trials.storage(viewer=request.viewer)
    else:
        raise Http404
    if proof.worked:
        messages.success(request, pgettext("toast", "It worked."))
    return HttpResponseRedirect(f"{reverse('desk:setup')}#step-{what}")


@for_the_desk(Permission.SET_UP_ACADEMY)
@require_http_methods(["GET", "HEAD", "POST"])
def looks(request: PageRequest) -> HttpResponse:
    shown = selectors.academy()
    initial = {
        field: getattr(shown, field) for field in services.Looks.__dataclass_fields__ if field != "logo"
    }
    form = LooksForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            upload = form.cleaned_data["logo"]
            new = services.keep_logo(viewer=request.viewer, upload=upload.read()) if upload else ""
            services.set_looks(viewer=request.viewer, looks=form.looks(shown, new))
        except Refused as why:
            form.add_error("logo" if why.code == "unusable_logo" else "name", str(why.message))
        else:
            messages.success(request, pgettext("toast", "Saved. Every page shows it now."))
            return HttpResponseRedirect(reverse("desk:setup_looks"))
    page = {"tab": "setup", "form": form, "accents": Accent.choices, "chosen": form["accent"].value()}
    return render(request, "desk/setup_looks.html", page, status=400 if form.errors else 200)


@for_the_desk(Permission.SET_UP_ACADEMY)
@require_http_methods(["GET", "HEAD", "POST"])
def agreement(request: PageRequest, kind: str) -> HttpResponse:
    """One kind: the next version to write, look at and publish; below it every version there was."""
    if kind not in AgreementKind.values:
        raise Http404
    versions = selectors.agreement_history(kind)
    withdrawn = selectors.withdrawn_text(kind) if request.method != "POST" else None
    form = AgreementForm.following(versions[0] if versions else None, withdrawn)
    preview = None
    if request.method == "POST":
        form = AgreementForm(request.POST)
        if form.is_valid():
            preview = prose.render(form.cleaned_data["body"])
            if "publish" in request.POST and _publish(request, kind, form):
                return HttpResponseRedirect(reverse("desk:setup_agreement", args=[kind]))
    counts, now = selectors.acceptance_counts(kind), clock.now()
    page = {
        "tab": "setup",
        "kind": kind,
        "label": AgreementKind(kind).label,
        "kinds": AgreementKind.choices,
        "form": form,
        "withdrawn": withdrawn,
        "preview": preview,
        "next_version": versions[0].version + 1 if versions else 1,
        "versions": [(one, counts.get(one.version, 0), one.in_force_from > now) for one in versions],
        "is_template": bool(versions) and versions[0].is_template,
    }
    return render(request, "desk/setup_agreement.html", page, status=400 if form.errors else 200)


@for_the_desk(Permission.SET_UP_ACADEMY)
@require_POST
def withdraw_agreement(request: PageRequest, kind: str, version: int) -> HttpResponse:
    services.withdraw_agreement(viewer=request.viewer, kind=kind, version=version)
    words = pgettext(
        "toast", "Version %(version)s is withdrawn. It never comes into force; its text stands in the form."
    )
    messages.success(request, words % {"version": version})
    return HttpResponseRedirect(reverse("desk:setup_agreement", args=[kind]))


def _publish(request: PageRequest, kind: str, form: AgreementForm) -> bool:
    """True where it was done; a refusal stands in the form."""
    typed = form.cleaned_data
    try:
        made = services.publish_agreement(
            viewer=request.viewer,
            kind=kind,
            title=typed["title"],
            body=typed["body"],
            what_changed=typed["what_changed"],
            in_force_from=form.in_force_from(),
        )
    except Refused as why:
        form.add_error("in_force_on" if isinstance(why, UnusableDay) else None, str(why.message))
        return False
    words = pgettext("toast", "Version %(version)s is published.") % {"version": made.version}
    messages.success(request, words)
    return True


@for_the_desk(Permission.SET_UP_ACADEMY)
@require_safe
def health(request: PageRequest) -> HttpResponse:
    """What `zhiyue doctor` says, without reading the whole database."""
    found = examine(thorough=False)
    page = {
        "tab": "setup",
        "found": found,
        "bad": sum(one.state == "bad" for one in found),
        "warn": sum(one.state == "warn" for one in found),
    }
    return render(request, "desk/setup_health.html", page)


def _list_page(request: PageRequest, phone: PhoneForm, status: int = 200) -> HttpResponse:
    listed = steps(request.viewer)
    needed = [step for step in listed if step.is_needed]
    needed_done = sum(step.is_done for step in needed)
    done = [step for step in listed if step.is_done]
    page = {
        "tab": "setup",
        "left": [step for step in listed if not step.is_done],
        "done": done,
        "needed": len(needed),
        "needed_done": needed_done,
        "needed_left": len(needed) - needed_done,
        "optional_done": len(done) - needed_done,
        "optional_left": len(listed) - len(needed) - (len(done) - needed_done),
        "percent": 100 * needed_done // len(needed),
        "phone": phone,
    }
    return render(request, "desk/setup.html", page, status=status)
