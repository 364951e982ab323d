"""How django-allauth asks us about second factors and about accounts at other sites."""

from typing import Any, NoReturn

from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from zhiyue.core.academy.selectors import academy
from zhiyue.core.accounts.models import User
from zhiyue.experience.entrance.safety.arrival import keep_arrival
from zhiyue.experience.entrance.safety.host import host_name
from zhiyue.experience.entrance.safety.sealing import seal, unseal


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Names, words, and how secrets lie in the database."""

    error_messages = {  # noqa: RUF012 - as declared by django-allauth
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": pgettext_lazy(
            "second factor", "That didn't match. Wait for the next code and try again."
        ),
        "cannot_generate_recovery_codes": pgettext_lazy(
            "second factor", "First set up a passkey or an authenticator app; the codes stand in for it."
        ),
    }

    def get_totp_issuer(self) -> str:
        return academy().name

    def get_totp_label(self, user: User) -> str:
        return user.email or user.phone or user.username or user.display_name

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """A passkey belongs to the host name it was made at, without the port."""
        return {"id": host_name(context.request), "name": academy().name}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        found: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return {**found, "display_name": user.display_name, "name": self.get_totp_label(user)}

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)


class ArrivalAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Whoever comes from another site for the first time is asked before anything is written."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        # Who they are there has been asked; what would open their account there doesn't lie in a session here.
        sociallogin.token = None
        if sociallogin.is_existing or sociallogin.state.get("process") == "connect":
            return
        keep_arrival(request, sociallogin)
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("entrance:arrival")))

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Never: an address alone, even a verified one, takes over no account."""
        return False

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SocialApp:
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist as missing:
            _not_offered(missing)

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("socialaccount_connections")


def _not_offered(why: Exception) -> NoReturn:
    raise Http404 from why
