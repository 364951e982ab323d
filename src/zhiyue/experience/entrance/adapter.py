"""How django-allauth signs people in here: our records, our words, our mail."""

from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from zhiyue.core.academy.selectors import agreements_to_accept
from zhiyue.core.accounts.models import User
from zhiyue.experience.entrance.safety.devices import describe, is_signed_in_elsewhere
from zhiyue.experience.entrance.safety.freshness import is_fresh
from zhiyue.experience.shell.known import browser_known_to, remember_browser
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.learning.services import note_sign_in


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {  # noqa: RUF012 - as declared by django-allauth
        **DefaultAccountAdapter.error_messages,
        "incorrect_password": pgettext_lazy("confirm", "That isn't your password. Try again."),
        "too_many_login_attempts": pgettext_lazy(
            "limits", "Too many tries. Wait five minutes and try again."
        ),
        "rate_limited": pgettext_lazy("limits", "Too many tries. Wait five minutes and try again."),
    }

    def post_login(self, request: HttpRequest, user: User, *, signup: bool, **more: Any) -> HttpResponse:
        """What they did here as a visitor becomes theirs; signing up has seen to that already."""
        if not signup:
            note_sign_in(user=user, visitor=cast(PageRequest, request).viewer.visitor)
        response: HttpResponse = super().post_login(request, user, signup=signup, **more)
        if agreements_to_accept(user):
            query = urlencode({"next": response["Location"]})
            response = HttpResponseRedirect(f"{reverse('entrance:agreements')}?{query}")
        if not signup and not browser_known_to(request, user) and is_signed_in_elsewhere(request, user):
            device = describe(request.headers.get("User-Agent", ""))
            self.send_notification_mail("mfa/email/new_device", user, {"device": device})
        remember_browser(request, response, user)
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        subject = " ".join(render_to_string(f"{template_prefix}_subject.txt", context).split())
        text = render_to_string(f"{template_prefix}_message.txt", context, self.request).strip()
        send_mail(to=email, subject=subject, text=text)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """To the address of the account itself, verified or not: better told once too often."""
        if user.email or email:
            super().send_notification_mail(template_prefix, user, context, email=email or user.email)

    def reauthenticate(self, user: User, password: str) -> bool:
        """By the account itself, by whatever name it signs in. Tries are counted by the view."""
        return user.check_password(password)

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Whoever proved themselves a moment ago, by signing in too, isn't asked again."""
        return bool(super().is_reauthentication_required(app=app, **more)) and not is_fresh(self.request)
