"""What production refuses to start with. `zhiyue check` lists it; every server start runs it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from zhiyue.config.settings import DEFAULT_SECRET
from zhiyue.core.accounts.models import User
from zhiyue.demo.selectors import demo_accounts_exist
from zhiyue.product.commerce.invoices import register as issuers
from zhiyue.product.commerce.providers import register as providers


@register("production")
def production_is_safe(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """In production: a secret of one's own, no DEBUG, no demo, no sandbox."""
    if settings.ZHIYUE_ENVIRONMENT != "production":
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == DEFAULT_SECRET or len(settings.SECRET_KEY) < 40:
        found.append(
            Error(
                "Production needs a secret of its own: set ZHIYUE_SECRET_KEY to 40 random characters or more.",
                id="zhiyue.E001",
            )
        )
    if settings.DEBUG:
        found.append(Error("Production must not run with ZHIYUE_DEBUG on.", id="zhiyue.E002"))
    if settings.ZHIYUE_DEMO:
        found.append(
            Error(
                "Production must not run with ZHIYUE_DEMO on: its accounts have known passwords.",
                id="zhiyue.E003",
            )
        )
    if "sandbox" in settings.ZHIYUE_PAYMENT_PROVIDERS:
        found.append(
            Error(
                "Production must not take payments through the sandbox, which moves no money: "
                "take it out of ZHIYUE_PAYMENT_PROVIDERS.",
                id="zhiyue.E006",
            )
        )
    if settings.ZHIYUE_INVOICES == "sandbox":
        found.append(
            Error(
                "Production must not have invoices issued by the sandbox, which no tax office knows: set "
                "ZHIYUE_INVOICES to manual or off.",
                id="zhiyue.E008",
            )
        )
    return found


@register("payments")
def providers_can_take_payments(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Everywhere: each provider of the setting is one, with all it needs; so is who issues invoices."""
    return [Error(fault, id="zhiyue.E007") for fault in [*providers.faults(), *issuers.faults()]]


def refuse_unsafe_production() -> None:
    """For servers, which Django doesn't check by itself. Raises ImproperlyConfigured."""
    found = production_is_safe(None) or no_demo_accounts(None)
    if settings.ZHIYUE_ENVIRONMENT == "production":
        found = found or providers_can_take_payments(None) or pages_are_collected()
    if found:
        raise ImproperlyConfigured(" ".join(str(error.msg) for error in found))


def pages_are_collected() -> list[CheckMessage]:
    """In production: styles and scripts lie where they are served from. Not registered: `collectstatic` comes later."""
    if (
        settings.ZHIYUE_ENVIRONMENT != "production"
        or (Path(settings.STATIC_ROOT or "") / "built" / "manifest.json").exists()
    ):
        return []
    return [
        Error(
            "Styles and scripts aren't collected. First run: zhiyue collectstatic --noinput", id="zhiyue.E005"
        )
    ]


def _has_tables() -> bool:
    """Before the first `zhiyue migrate` there is nobody to look for."""
    return User._meta.db_table in connection.introspection.table_names()


@register("production", "database")
def no_demo_accounts(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """In production: no account that everybody knows the password of."""
    if settings.ZHIYUE_ENVIRONMENT == "production" and _has_tables() and demo_accounts_exist():
        return [
            Error(
                "This database holds the demo's accounts, whose passwords are known. Use another database.",
                id="zhiyue.E004",
            )
        ]
    return []
