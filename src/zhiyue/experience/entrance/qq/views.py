"""The round trip to QQ: its answers are JSON where `fmt=json` is asked for, and errors come with status 200."""

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView, OAuth2LoginView
from django.conf import settings
from django.http import HttpRequest

_HOME = "https://graph.qq.com"


def _home() -> str:
    """QQ's own address, or a stand-in for it."""
    return str(settings.SOCIALACCOUNT_PROVIDERS.get("qq", {}).get("HOME", _HOME))


class QQClient(OAuth2Client):  # type: ignore[misc]
    def get_access_token(self, code: str, pkce_code_verifier: str | None = None) -> dict[str, Any]:
        wanted = {"fmt": "json"}
        found: dict[str, Any] = super().get_access_token(code, pkce_code_verifier, extra_data=wanted)
        return found


class QQAdapter(OAuth2Adapter):  # type: ignore[misc]
    provider_id = "qq"
    client_class = QQClient
    access_token_method = "GET"  # noqa: S105 - a method of HTTP

    @property
    def authorize_url(self) -> str:
        return f"{_home()}/oauth2.0/authorize"

    @property
    def access_token_url(self) -> str:
        return f"{_home()}/oauth2.0/token"

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **more: Any
    ) -> SocialLogin:
        """First whose token it is, then what QQ says of them. Raises OAuth2Error for an answer that isn't one."""
        whose = self._ask("/oauth2.0/me", {"access_token": token.token, "unionid": "1", "fmt": "json"})
        if "openid" not in whose or whose.get("client_id") != app.client_id:
            raise OAuth2Error("QQ named nobody, or somebody who signed in to another site.")
        about = self._ask(
            "/user/get_user_info",
            {
                "access_token": token.token,
                "oauth_consumer_key": app.client_id,
                "openid": whose["openid"],
                "format": "json",
            },
        )
        if about.get("ret") != 0:
            raise OAuth2Error(f"QQ told nothing about the person: {about.get('msg', '')}")
        kept = {key: value for key, value in about.items() if key in _KEPT}
        ids = {key: whose[key] for key in ("openid", "unionid") if key in whose}
        return self.get_provider().sociallogin_from_response(request, kept | ids)

    def _ask(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:
            answer = session.get(f"{_home()}{path}", params=query)
            answer.raise_for_status()
            try:
                found = answer.json()
            except ValueError as unreadable:
                raise OAuth2Error("QQ's answer can't be read.") from unreadable
        if not isinstance(found, dict) or "error" in found:
            raise OAuth2Error(f"QQ refused: {found}")
        return found


# Of what QQ tells, what is shown to the person themselves; year of birth, sex and city are none of our business.
_KEPT = ("nickname", "figureurl_qq_1", "figureurl_qq_2")

oauth2_login = OAuth2LoginView.adapter_view(QQAdapter)
oauth2_callback = OAuth2CallbackView.adapter_view(QQAdapter)
