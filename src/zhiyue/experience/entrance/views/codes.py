"""The page that takes the six digits, whatever they are for, and what follows from them."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zhiyue.core.accounts import by_code, codes, ways
from zhiyue.core.accounts.errors import CodeOver, EmailTaken, PhoneTaken, WrongCode
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.experience.entrance.arriving import let_in
from zhiyue.experience.entrance.forms import CodeForm, NewPasswordForm, phones_are_offered
from zhiyue.experience.entrance.guessing import count_digits
from zhiyue.experience.entrance.sending import (
    Asked,
    asked_by,
    digits_for_demo,
    forget_asked,
    seconds_to_wait,
    send_code,
    send_reset,
)
from zhiyue.experience.entrance.telling import tell_of_change
from zhiyue.experience.entrance.views.sign_in import form_page
from zhiyue.experience.entrance.views.sign_up import make_member
from zhiyue.experience.shell.limits import TooMany
from zhiyue.experience.shell.viewers import PageRequest

_STARTS = {
    OneTimeCode.Purpose.ENTER.value: "entrance:sign_in_by_code",
    OneTimeCode.Purpose.RESET.value: "entrance:forgotten",
    OneTimeCode.Purpose.CHANGE.value: "entrance:safety",
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: PageRequest) -> HttpResponse:
    asked = asked_by(request)
    if asked is None:
        return _start_again(request, "entrance:sign_in_by_code")
    if asked.code.proved_at is not None:
        return _follow(request, asked)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, form, asked)
    return _try_digits(request, form, asked)


def _try_digits(request: PageRequest, form: CodeForm, asked: Asked) -> HttpResponse:
    try:
        count_digits(request)
        proved = codes.prove(key=asked.code.key, digits=form.cleaned_data["digits"])
    except WrongCode as why:
        form.refuse(why, field="digits")
        return _page(request, form, asked)
    except TooMany as why:
        form.refuse(why)
        return _page(request, form, asked, too_many=why)
    except CodeOver as why:
        messages.error(request, str(why.message))
        return HttpResponseRedirect(reverse(_STARTS[asked.code.purpose]))
    return _follow(request, replace(asked, code=proved))


@require_POST
def send_again(request: PageRequest) -> HttpResponse:
    """Another code to the same place; the former one stays good for its time."""
    asked = asked_by(request)
    if asked is None:
        return _start_again(request, "entrance:sign_in_by_code")
    try:
        _send_once_more(request, asked)
    except TooMany as why:
        return _page(request, CodeForm(), asked, too_many=why)
    messages.success(request, pgettext("toast", "A new code is on its way."))
    return HttpResponseRedirect(reverse("entrance:enter_code"))


def _send_once_more(request: PageRequest, asked: Asked) -> None:
    code = asked.code
    if code.purpose == OneTimeCode.Purpose.RESET:
        send_reset(request, typed=asked.typed, onward=asked.onward)
        return
    send_code(request, purpose=code.purpose, to=code.to, user=code.user, onward=asked.onward, kept=code.kept)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: PageRequest) -> HttpResponse:
    """Who proved themselves by a code chooses a new password, and is in; every other browser is out."""
    asked = asked_by(request)
    user = asked.code.user if asked else None
    if asked is None or user is None or asked.code.proved_at is None or asked.code.purpose != "reset":
        return _start_again(request, "entrance:forgotten")
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        form.judge_password(user)
    if not form.is_valid():
        return form_page(request, "entrance/new_password.html", form, asked.onward, member=user)
    by_code.set_password(code=asked.code, user=user, password=form.cleaned_data["password"])
    forget_asked(request)
    tell_of_change(request, user, "password")
    return let_in(request, user, method="code", onward=asked.onward)


def _follow(request: PageRequest, asked: Asked) -> HttpResponse:
    """What a proved code leads to."""
    if asked.code.purpose == OneTimeCode.Purpose.RESET:
        return HttpResponseRedirect(reverse("entrance:new_password"))
    if asked.code.purpose == OneTimeCode.Purpose.CHANGE:
        return _change(request, asked)
    user = ways.member_named(asked.code.to)
    if user is not None:
        return _enter(request, asked, user)
    kept = asked.code.kept
    if not kept:
        return HttpResponseRedirect(reverse("entrance:finish"))
    return make_member(
        request,
        asked,
        display_name=kept["display_name"],
        password_hash=kept["password"],
        agreement_ids=kept["agreements"],
    )


def _enter(request: PageRequest, asked: Asked, user: User) -> HttpResponse:
    password_ended = by_code.enter(code=asked.code, user=user)
    forget_asked(request)
    if password_ended:
        messages.warning(
            request,
            pgettext(
                "toast",
                "Now your address is proved. The former password no longer works; set a new one in Settings.",
            ),
        )
    return let_in(request, user, method="code", onward=asked.onward)


def _change(request: PageRequest, asked: Asked) -> HttpResponse:
    """The new address or phone is theirs; only now it may be said that another account has it."""
    user = request.viewer.user
    if user is None or asked.code.user_id != user.pk:
        forget_asked(request)
        return HttpResponseRedirect(reverse("entrance:safety"))
    former = user.email
    try:
        by_code.change_way(code=asked.code, user=user)
    except (EmailTaken, PhoneTaken) as why:
        messages.error(request, str(why.message))
    else:
        messages.success(request, pgettext("toast", "Saved."))
        if former:
            tell_of_change(request, user, "email" if "@" in asked.code.to else "phone", to=former)
    forget_asked(request)
    return HttpResponseRedirect(reverse("entrance:safety"))


def _page(
    request: PageRequest, form: CodeForm, asked: Asked, *, too_many: TooMany | None = None
) -> HttpResponse:
    return form_page(
        request,
        "entrance/enter_code.html",
        form,
        asked.onward,
        too_many=too_many,
        asked=asked,
        start=reverse(_STARTS[asked.code.purpose]),
        waiting=too_many.message if too_many and not form.is_bound else "",
        demo_digits=digits_for_demo(asked),
        wait_seconds=seconds_to_wait(asked),
        phones_offered=phones_are_offered(),
    )


def _start_again(request: PageRequest, start: str) -> HttpResponse:
    messages.error(request, pgettext("toast", "That took too long. Start once more."))
    return HttpResponseRedirect(reverse(start))
