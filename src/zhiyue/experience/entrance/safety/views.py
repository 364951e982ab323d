"""Second factors and accounts at other sites: django-allauth's flows on our pages."""

from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from allauth.socialaccount.adapter import get_adapter as get_social_adapter
from allauth.socialaccount.internal.flows.login import record_authentication
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyue.core.academy.selectors import academy, agreements_at_sign_up
from zhiyue.core.accounts import elsewhere
from zhiyue.core.accounts.elsewhere import losing_a_way_in, refuse_last
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.sessions import end_sessions
from zhiyue.experience.entrance.arriving import first_page
from zhiyue.experience.entrance.door import for_members
from zhiyue.experience.entrance.safety import arrival as arrivals
from zhiyue.experience.entrance.safety import providers
from zhiyue.experience.entrance.safety.arrival import Arrival
from zhiyue.experience.entrance.safety.devices import describe
from zhiyue.experience.entrance.safety.freshness import confirm_first, must_confirm
from zhiyue.experience.shell.viewers import PageRequest


def _only_here(request: HttpRequest) -> None:
    """Whoever came in before there was a second step did not take it: other browsers sign in again."""
    user = request.user
    if isinstance(user, User):
        end_sessions(user=user, but=request.session.session_key)


class ActivateTOTP(ActivateTOTPView):  # type: ignore[misc]
    def get_context_data(self, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context_data(**more)
        secret = found["form"].secret
        found["spelled"] = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return found

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        if self.did_generate_recovery_codes:
            _only_here(self.request)
        return response


class AddPasskey(AddWebAuthnView):  # type: ignore[misc]
    """Always a passkey that finds its owner by itself, opened by finger, face or PIN."""

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context_data(**more)
        found["js_data"] = {"creation_options": webauthn.begin_registration(self.request.user, True)}
        return found

    def get_form_kwargs(self) -> dict[str, Any]:
        found: dict[str, Any] = super().get_form_kwargs()
        found["initial"] = {"name": describe(self.request.headers.get("User-Agent", ""))[:40]}
        return found

    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes" if self.did_generate_recovery_codes else "mfa_list_webauthn")

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        if self.did_generate_recovery_codes:
            _only_here(self.request)
        return response


class RemovePasskey(RemoveWebAuthnView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        with losing_a_way_in(self.request.user):
            response: HttpResponse = super().form_valid(form)
        return response


class SignInByPasskey(LoginWebAuthnView):  # type: ignore[misc]
    def form_invalid(self, form: Any) -> HttpResponse:
        """Back to the form it came from, which goes on where this one would have."""
        messages.error(self.request, pgettext("toast", "No account here has this passkey."))
        onward = self.request.POST.get("next", "")
        query = f"?{urlencode({'next': onward})}" if onward else ""
        return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}{query}")


class ConfirmByPasskey(ReauthenticateWebAuthnView):  # type: ignore[misc]
    def form_invalid(self, form: Any) -> HttpResponse:
        messages.error(self.request, pgettext("toast", "This passkey isn't one of yours. Try another one."))
        return HttpResponseRedirect(self.request.get_full_path())


@method_decorator(never_cache, name="dispatch")
class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]
    """Shown once. The file is part of the page, so that nothing has to be asked again for it."""

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context_data(**more)
        if found["can_view_codes"]:
            once = pgettext("recovery codes", "Each code works once.")
            codes = [f"{code[:4]} {code[4:]}" for code in found["unused_codes"]]
            lines = [academy().name, once, "", *codes, ""]
            found["as_file"] = b64encode("\r\n".join(lines).encode()).decode()
            found["shown_codes"], found["as_text"] = codes, "\n".join(codes)
        return found


activate_totp = ActivateTOTP.as_view()
deactivate_totp = DeactivateTOTPView.as_view(template_name="mfa/totp/deactivate_form.html")
add_passkey = AddPasskey.as_view()
rename_passkey = EditWebAuthnView.as_view()
remove_passkey = RemovePasskey.as_view()
sign_in_by_passkey = SignInByPasskey.as_view()
confirm_by_passkey = ConfirmByPasskey.as_view()
recovery_codes = RecoveryCodes.as_view()
new_recovery_codes = GenerateRecoveryCodesView.as_view()


@require_safe
@for_members
def passkeys(request: PageRequest, user: User) -> HttpResponse:
    found = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN).order_by("pk")
    return render(
        request,
        "mfa/webauthn/authenticator_list.html",
        {"tab": "me", "passkeys": [(one, one.wrap().name) for one in found]},
    )


@require_safe
@for_members
def connections(request: PageRequest, user: User) -> HttpResponse:
    """Accounts at other sites: those connected, and those that could be."""
    held = list(SocialAccount.objects.filter(user_id=user.pk).order_by("pk"))
    connected = [
        {"id": one.pk, "provider": providers.name_of(one.provider), "name": _name_there(one)} for one in held
    ]
    others = [one for one in providers.offered() if one.key not in {account.provider for account in held}]
    return render(
        request, "socialaccount/connections.html", {"tab": "me", "connected": connected, "others": others}
    )


def _name_there(account: SocialAccount) -> str:
    """As the site calls the person; nothing where the site is no longer set up."""
    try:
        return str(account.get_provider_account().to_str())
    except Http404:
        return ""


@require_POST
@for_members
def disconnect(request: PageRequest, user: User, account_id: int) -> HttpResponse:
    """Take one way in away. Somebody else's is as if it weren't there."""
    account = SocialAccount.objects.filter(user_id=user.pk, pk=account_id).first()
    if account is None:
        raise Http404
    refuse_last(user)
    if must_confirm(request):
        return confirm_first(request, back=reverse("socialaccount_connections"))
    elsewhere.disconnect(user=user, account_id=account_id)
    name = providers.name_of(account.provider)
    _tell(user, "socialaccount/email/account_disconnected", name)
    messages.success(request, pgettext("toast", "%(provider)s is disconnected.") % {"provider": name})
    return HttpResponseRedirect(reverse("socialaccount_connections"))


@require_http_methods(["GET", "HEAD", "POST"])
def arrival(request: PageRequest) -> HttpResponseBase:
    """Somebody came from another site for the first time: a new account, or one that they have already?"""
    arrived = arrivals.arrival_of(request)
    if arrived is None:
        messages.error(request, pgettext("toast", "That took too long. Start once more."))
        return HttpResponseRedirect(resolve_url(settings.LOGIN_URL))
    user = request.viewer.user
    if request.method == "POST":
        return _join(request, arrived, user) if user else _sign_up(request, arrived)
    return _arrival_page(request, arrived)


def _arrival_page(request: PageRequest, arrived: Arrival, **errors: str) -> HttpResponse:
    sign_in = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': reverse('entrance:arrival')})}"
    page = {
        "tab": "me",
        "arrived": arrived,
        "agreements": [] if request.viewer.is_member else agreements_at_sign_up(),
        "sign_in_url": sign_in,
        "display_name": request.POST.get("display_name", arrived.name),
        **errors,
    }
    status = 200 if not errors else 422
    return render(request, "socialaccount/arrival.html", page, status=status)


def _join(request: PageRequest, arrived: Arrival, user: User) -> HttpResponse:
    if must_confirm(request):
        return confirm_first(request, back=reverse("entrance:arrival"))
    elsewhere.connect(account=arrived.login.account, user=user, site=arrived.provider)
    arrivals.forget_arrival(request)
    _tell(user, "socialaccount/email/account_connected", arrived.provider)
    messages.success(
        request, pgettext("toast", "%(provider)s is connected.") % {"provider": arrived.provider}
    )
    return HttpResponseRedirect(_onward(request, arrived, reverse("socialaccount_connections")))


def _sign_up(request: PageRequest, arrived: Arrival) -> HttpResponse:
    if arrived.known == "verified":
        # The page offers no such form: the account is theirs, they sign in to it.
        return _arrival_page(request, arrived)
    form = arrivals.WelcomeForm(request.POST)
    asked = agreements_at_sign_up()
    # Each box names the version it stands for: one that came into force since is not among them.
    accepted = set(request.POST.getlist("agreement"))
    errors = {}
    if not form.is_valid():
        errors["name_error"] = " ".join(str(one) for one in form.errors["display_name"])
    if not {str(one.pk) for one in asked} <= accepted:
        errors["agreement_error"] = pgettext("sign up", "Please read and accept them first.")
    if errors:
        return _arrival_page(request, arrived, **errors)
    user = arrivals.sign_up(
        arrival=arrived,
        display_name=form.cleaned_data["display_name"],
        agreement_ids=[one.pk for one in asked],
        visitor=request.viewer.visitor,
    )
    arrivals.forget_arrival(request)
    arrived.login.user = user
    record_authentication(request, arrived.login)
    onward = first_page(user, _onward(request, arrived, reverse("site:home")))
    step = Login(user=user, redirect_url=onward, signup=True, email_verification="none")
    response: HttpResponse = perform_login(request, step)
    return response


def _onward(request: HttpRequest, arrived: Arrival, fallback: str) -> str:
    own = url_has_allowed_host_and_scheme(
        arrived.next_url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return arrived.next_url if own else fallback


def _tell(user: User, template: str, provider: str) -> None:
    get_social_adapter().send_notification_mail(template, user, context={"provider_name": provider})


@require_safe
def closed(request: PageRequest) -> HttpResponse:
    """Who signed in to a closed account: what that means, and whom to write to."""
    return render(request, "entrance/closed.html", {"tab": "me"}, status=403)


@require_safe
def cancelled(request: PageRequest) -> HttpResponse:
    """They thought better of it at the other site."""
    messages.info(request, pgettext("toast", "Not signed in: you turned back."))
    return HttpResponseRedirect(resolve_url(settings.LOGIN_URL))
