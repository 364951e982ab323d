"""A visitor becomes a member: by the form and a code, or by a code and then a name."""

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from zhiyue.core.academy.selectors import agreements_at_sign_up
from zhiyue.core.accounts.errors import CodeOver, EmailTaken, PhoneTaken
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.core.accounts.ways import member_named
from zhiyue.experience.entrance.arriving import let_in
from zhiyue.experience.entrance.forms import FinishForm, SignUpForm
from zhiyue.experience.entrance.guessing import count_sign_up
from zhiyue.experience.entrance.sending import Asked, asked_by, forget_asked, send_code
from zhiyue.experience.entrance.views.sign_in import form_page
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.learning import services


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: PageRequest) -> HttpResponse:
    """Name, address or phone, password. The account comes with the code, so that the page tells nobody who has one:
    whoever has an account already is signed in to it by the same code."""
    onward = safe_next(request, reverse("site:home"))
    if request.viewer.is_member:
        return HttpResponseRedirect(onward)
    form = SignUpForm(request.POST or None, agreements=agreements_at_sign_up())
    if not form.is_valid():
        return form_page(request, "entrance/sign_up.html", form, onward)
    try:
        count_sign_up(request)
        if not settings.ZHIYUE_CODE_AT_SIGN_UP and "@" in form.cleaned_data["address"]:
            return _at_once(request, form, onward)
        _send(request, form, onward)
    except TooMany as why:
        form.refuse(why)
        return form_page(request, "entrance/sign_up.html", form, onward, too_many=why)
    return HttpResponseRedirect(reverse("entrance:enter_code"))


def _send(request: PageRequest, form: SignUpForm, onward: str) -> None:
    to = form.cleaned_data["address"]
    send_code(
        request,
        purpose=OneTimeCode.Purpose.ENTER,
        to=to,
        user=member_named(to),
        onward=onward,
        kept={
            "display_name": form.cleaned_data["display_name"],
            "password": make_password(form.cleaned_data["password"]),
            "agreements": form.agreement_ids,
        },
    )


def _at_once(request: PageRequest, form: SignUpForm, onward: str) -> HttpResponse:
    """Where the operator lets people in before their address is proved, a taken one has to be told."""
    try:
        user = services.sign_up(
            email=form.cleaned_data["address"],
            password=form.cleaned_data["password"],
            display_name=form.cleaned_data["display_name"],
            visitor=request.viewer.visitor,
            agreement_ids=form.agreement_ids,
        )
    except EmailTaken as why:
        form.refuse(why, field="address")
    except ValidationError as why:
        form.add_error("password", why)
    else:
        return let_in(request, user, method="password", onward=onward, is_new=True)
    return form_page(request, "entrance/sign_up.html", form, onward)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: PageRequest) -> HttpResponse:
    """The address is proved and has no account yet: only a name is missing."""
    asked = asked_by(request)
    if asked is None or asked.code.proved_at is None or asked.code.purpose != OneTimeCode.Purpose.ENTER:
        return HttpResponseRedirect(reverse("entrance:sign_in_by_code"))
    form = FinishForm(request.POST if request.method == "POST" else None, agreements=agreements_at_sign_up())
    if not form.is_valid():
        return form_page(request, "entrance/finish.html", form, asked.onward, asked=asked)
    return make_member(
        request,
        asked,
        display_name=form.cleaned_data["display_name"],
        password_hash="",
        agreement_ids=form.agreement_ids,
    )


def make_member(
    request: PageRequest, asked: Asked, *, display_name: str, password_hash: str, agreement_ids: list[int]
) -> HttpResponse:
    """The proved code becomes an account; where another tab was first, both are the same one. Raises CodeOver."""
    try:
        user = services.sign_up_by_code(
            code=asked.code,
            display_name=display_name,
            password_hash=password_hash,
            visitor=request.viewer.visitor,
            agreement_ids=agreement_ids,
        )
    except (EmailTaken, PhoneTaken) as why:
        found = member_named(asked.code.to)
        if not isinstance(found, User):
            raise CodeOver(why.message) from why
        return let_in(request, found, method="code", onward=asked.onward)
    forget_asked(request)
    return let_in(request, user, method="code", onward=asked.onward, is_new=True)
