"""From settings to the providers that django-allauth offers: one without an id and a secret isn't there."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# Where each sends people to be asked. A form may lead there, so the content security policy names them.
_ORIGINS = {
    "GITHUB": "https://github.com",
    "GOOGLE": "https://accounts.google.com",
    "WEIXIN": "https://open.weixin.qq.com",
    "QQ": "https://graph.qq.com",
}
_MORE: dict[str, dict[str, Any]] = {
    "GITHUB": {"SCOPE": ["read:user", "user:email"]},
    "GOOGLE": {"SCOPE": ["profile", "email"], "OAUTH_PKCE_ENABLED": True},
}


def providers(keys: dict[str, tuple[str, str]], *, oidc: tuple[str, str, str, str]) -> dict[str, Any]:
    """`keys`: id and secret by provider; `oidc`: name, address, id and secret. Raises ImproperlyConfigured."""
    found: dict[str, Any] = {}
    for name, (client_id, secret) in keys.items():
        if bool(client_id) != bool(secret):
            raise ImproperlyConfigured(
                f"Set both ZHIYUE_SOCIAL_{name}_ID and ZHIYUE_SOCIAL_{name}_SECRET, or neither."
            )
        if client_id:
            found[name.lower()] = {
                **_MORE.get(name, {}),
                "APPS": [{"client_id": client_id, "secret": secret}],
            }
    if any(oidc):
        found["openid_connect"] = {"OAUTH_PKCE_ENABLED": True, "APPS": [_oidc(*oidc)]}
    return found


def form_origins(found: dict[str, Any]) -> list[str]:
    """The origins of those providers, for `form-action`."""
    origins = [_ORIGINS[name.upper()] for name in found if name.upper() in _ORIGINS]
    for app in found.get("openid_connect", {}).get("APPS", ()):
        address = urlsplit(app["settings"]["server_url"])
        origins.append(f"{address.scheme}://{address.netloc}")
    return origins


def _oidc(name: str, url: str, client_id: str, secret: str) -> dict[str, Any]:
    if not (name and url and client_id and secret):
        raise ImproperlyConfigured("Set all of ZHIYUE_SOCIAL_OIDC_NAME, _URL, _ID and _SECRET, or none.")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        raise ImproperlyConfigured(
            f"ZHIYUE_SOCIAL_OIDC_URL must be an address such as https://id.example, not “{url}”."
        )
    settings = {"server_url": url.rstrip("/")}
    return {
        "provider_id": "sso",
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": settings,
    }
