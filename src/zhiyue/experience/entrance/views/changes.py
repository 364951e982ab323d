"""One's own address, phone and password. Each change is proved: who sits there, and that the new one is theirs."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from zhiyue.core.accounts import ways
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.core.accounts.phones import said_phone
from zhiyue.experience.entrance.door import for_members
from zhiyue.experience.entrance.forms import EmailForm, NewPasswordForm, PhoneForm, phones_are_offered
from zhiyue.experience.entrance.safety.freshness import confirm_first, must_confirm
from zhiyue.experience.entrance.sending import send_code
from zhiyue.experience.entrance.telling import tell_of_change
from zhiyue.experience.entrance.views.sign_in import form_page
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.viewers import PageRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def change_email(request: PageRequest, user: User) -> HttpResponse:
    """Another address, or proving the one they have."""
    return _change(request, user, "entrance/settings/email.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def change_phone(request: PageRequest, user: User) -> HttpResponse:
    return _change(request, user, "entrance/settings/phone.html")


def _change(request: PageRequest, user: User, template: str) -> HttpResponse:
    if must_confirm(request):
        return confirm_first(request, back=request.get_full_path())
    is_mail = template.endswith("email.html")
    kind = EmailForm if is_mail else PhoneForm
    form = kind(
        request.POST if request.method == "POST" else None,
        initial={"address": user.email if is_mail else said_phone(user.phone or "")},
    )
    back = reverse("entrance:safety")
    offered = is_mail or phones_are_offered()
    if not offered or not form.is_valid():
        return form_page(request, template, form, back, offered=offered)
    try:
        send_code(
            request,
            purpose=OneTimeCode.Purpose.CHANGE,
            to=form.cleaned_data["address"],
            user=user,
            onward=back,
        )
    except TooMany as why:
        form.refuse(why)
        return form_page(request, template, form, back, too_many=why, offered=offered)
    return HttpResponseRedirect(reverse("entrance:enter_code"))


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def change_password(request: PageRequest, user: User) -> HttpResponse:
    """A new password; every other browser signs in again."""
    if must_confirm(request):
        return confirm_first(request, back=request.get_full_path())
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    back = reverse("entrance:safety")
    if form.is_valid():
        form.judge_password(user)
    if not form.is_valid():
        return form_page(request, "entrance/settings/password.html", form, back)
    ways.change_password(user=user, password=form.cleaned_data["password"], but=request.session.session_key)
    update_session_auth_hash(request, user)
    tell_of_change(request, user, "password")
    messages.success(request, pgettext("toast", "Saved. Other browsers were signed out."))
    return HttpResponseRedirect(back)
