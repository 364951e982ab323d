"""In by password or by code, and out."""

from allauth.account.internal.flows.logout import logout
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zhiyue.core.accounts.errors import WrongPassword
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.core.accounts.ways import member_by_password, member_named
from zhiyue.experience.entrance.arriving import let_in
from zhiyue.experience.entrance.forms import AddressForm, ForgottenForm, RefusableForm, SignInForm
from zhiyue.experience.entrance.guessing import count_sign_in
from zhiyue.experience.entrance.sending import send_code, send_reset
from zhiyue.experience.entrance.wanted import wanted
from zhiyue.experience.shell.limits import TooMany, give_back
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest, forget_visitor

_WRONG = WrongPassword(
    pgettext_lazy("sign in", "This name and this password don't belong together. Check both and try again.")
)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: PageRequest) -> HttpResponse:
    """By address, phone or user name, with the password."""
    onward = safe_next(request, reverse("site:home"))
    if request.method != "POST" and request.viewer.is_member:
        return HttpResponseRedirect(onward)
    form = SignInForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return form_page(request, "entrance/sign_in.html", form, onward)
    try:
        user = _by_password(request, **form.cleaned_data)
    except TooMany as why:
        form.refuse(why)
        return form_page(request, "entrance/sign_in.html", form, onward, too_many=why)
    if user is None:
        form.refuse(_WRONG)
        return form_page(request, "entrance/sign_in.html", form, onward)
    return let_in(request, user, method="password", onward=onward)


def _by_password(request: PageRequest, username: str, password: str) -> User | None:
    """Past what may be tried, the password isn't even looked at."""
    counted = count_sign_in(request, username)
    user = member_by_password(username, password)
    if user is not None:
        give_back(counted)
    return user


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_by_code(request: PageRequest) -> HttpResponse:
    """By a code to one's address or phone; whoever has no account makes one that way."""
    onward = safe_next(request, reverse("site:home"))
    if request.viewer.is_member:
        return HttpResponseRedirect(onward)
    form = AddressForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return form_page(request, "entrance/sign_in_by_code.html", form, onward)
    to = form.cleaned_data["address"]
    try:
        send_code(request, purpose=OneTimeCode.Purpose.ENTER, to=to, user=member_named(to), onward=onward)
    except TooMany as why:
        form.refuse(why)
        return form_page(request, "entrance/sign_in_by_code.html", form, onward, too_many=why)
    return HttpResponseRedirect(reverse("entrance:enter_code"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: PageRequest) -> HttpResponse:
    """A code for a new password. The page doesn't tell whether there is such an account."""
    onward = safe_next(request, reverse("site:home"))
    form = ForgottenForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return form_page(request, "entrance/forgotten.html", form, onward)
    try:
        send_reset(request, typed=form.cleaned_data["username"], onward=onward)
    except TooMany as why:
        form.refuse(why)
        return form_page(request, "entrance/forgotten.html", form, onward, too_many=why)
    return HttpResponseRedirect(reverse("entrance:enter_code"))


@require_POST
def sign_out(request: PageRequest) -> HttpResponse:
    """Out, and a new visitor key: whoever comes next in this browser is somebody else."""
    logout(request)
    response = HttpResponseRedirect(reverse("site:home"))
    forget_visitor(request, response)
    return response


def form_page(
    request: PageRequest,
    template: str,
    form: RefusableForm,
    onward: str,
    *,
    too_many: TooMany | None = None,
    **more: object,
) -> HttpResponse:
    """The form as it was typed, with what is bought once it is through; past what may be tried with status 429."""
    shown = {"tab": "me", "form": form, "onward": onward, "wanted": wanted(onward), **more}
    page = render(request, template, shown)
    if too_many:
        page.status_code = too_many.status
        page["Retry-After"] = str(too_many.retry_after)
    return page
