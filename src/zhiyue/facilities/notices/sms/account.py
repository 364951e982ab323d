"""What an installation knows of its SMS provider, from settings, and what is said where something is missing."""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from django.conf import settings

from zhiyue.facilities.notices.errors import NotSent

TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Account:
    """Key, secret, signature and templates. `host` and `scheme` are the provider's own unless a setting says else."""

    key_id: str
    secret: str
    sign_name: str
    app_id: str
    host: str
    scheme: str

    @classmethod
    def of_settings(cls, *, host: str) -> "Account":
        scheme, _, other = settings.ZHIYUE_SMS_ENDPOINT.rpartition("://")
        return cls(
            key_id=settings.ZHIYUE_SMS_KEY_ID,
            secret=settings.ZHIYUE_SMS_SECRET,
            sign_name=settings.ZHIYUE_SMS_SIGN_NAME,
            app_id=settings.ZHIYUE_SMS_APP_ID,
            host=other or host,
            scheme=scheme or "https",
        )


def template_id(template: str) -> str:
    """The provider's own number of a template. Raises NotSent where the settings name none."""
    try:
        return str(settings.ZHIYUE_SMS_TEMPLATES[template])
    except KeyError:
        raise NotSent(f"ZHIYUE_SMS_TEMPLATES names no template for “{template}”.", is_passing=False) from None


def sdk(module: str, *, extra: str) -> ModuleType:
    """A part of a provider's library, which is installed only where it is used. Raises NotSent."""
    try:
        return import_module(module)
    except ImportError as missing:
        raise NotSent(
            f"The library of this SMS provider isn't installed: pip install 'zhiyue[{extra}]'",
            is_passing=False,
        ) from missing
