"""Signing up, in and out."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib.auth import login, logout
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zhiyue.core.accounts.errors import EmailTaken
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest, forget_visitor
from zhiyue.experience.site.forms import SignInForm, SignUpForm
from zhiyue.experience.site.guessing import count_sign_up
from zhiyue.product.learning import services


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: PageRequest) -> HttpResponse:
    """A visitor becomes a member and goes on where they were, with all they did so far."""
    onward = safe_next(request, reverse("site:home"))
    if request.viewer.is_member:
        return HttpResponseRedirect(onward)
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            count_sign_up(request)
            user = services.sign_up(**form.cleaned_data, visitor=request.viewer.visitor)
        except TooMany as why:
            form.refuse(why)
            return _form_page(request, "site/sign_up.html", form, onward, too_many=why)
        except (EmailTaken, ValidationError) as why:
            form.refuse(why)
        else:
            login(request, user)
            return HttpResponseRedirect(onward)
    return _form_page(request, "site/sign_up.html", form, onward)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: PageRequest) -> HttpResponse:
    onward = safe_next(request, reverse("site:home"))
    if request.method != "POST" and request.viewer.is_member:
        return HttpResponseRedirect(onward)
    form = SignInForm(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        step = Login(user=user, redirect_url=onward, email_verification="none")
        found: HttpResponse = perform_password_login(request, {"email": user.get_username()}, step)
        return found
    return _form_page(request, "site/sign_in.html", form, onward, too_many=form.too_many)


@require_POST
def sign_out(request: PageRequest) -> HttpResponse:
    """Out, and a new visitor key: whoever comes next in this browser is somebody else."""
    logout(request)
    response = HttpResponseRedirect(reverse("site:home"))
    forget_visitor(request, response)
    return response


def _form_page(
    request: PageRequest,
    template: str,
    form: SignUpForm | SignInForm,
    onward: str,
    *,
    too_many: TooMany | None = None,
) -> HttpResponse:
    page = render(request, template, {"tab": "me", "form": form, "onward": onward})
    if too_many:
        page.status_code = too_many.status
        page["Retry-After"] = str(too_many.retry_after)
    return page
