"""Other sites through which one may come in: those that the operator set up, with their names."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

_NAMES: dict[str, str | Promise] = {
    "weixin": pgettext_lazy("provider", "WeChat"),
    "qq": "QQ",
    "github": "GitHub",
    "google": "Google",
}


@dataclass(frozen=True, slots=True)
class Provider:
    key: str
    name: str
    url: str


def offered() -> list[Provider]:
    """Those set up, in the order people here know them. Asks no database."""
    found = [
        Provider(key, str(name), reverse(f"{key}_login"))
        for key, name in _NAMES.items()
        if key in settings.SOCIALACCOUNT_PROVIDERS
    ]
    for app in settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", ()):
        key = app["provider_id"]
        found.append(Provider(key, app["name"], reverse("openid_connect_login", args=(key,))))
    return found


def name_of(key: str) -> str:
    """What people call a provider, also one that is no longer offered."""
    return next((one.name for one in offered() if one.key == key), str(_NAMES.get(key, key)))
