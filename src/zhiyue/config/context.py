"""What the wiring tells every template about the demo. Pages and demo don't know each other."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from zhiyue.core.accounts.models import Role
from zhiyue.demo.accounts import ACCOUNTS, PASSWORD
from zhiyue.demo.selectors import demo_accounts_exist, seeding


def demo(request: HttpRequest) -> dict[str, object]:
    """How far the demo is filled, and its sign-ins once they exist. Looked up only where a template asks;
    absent where there is no demo."""
    if not settings.ZHIYUE_DEMO:
        return {}
    return {"seeding": SimpleLazyObject(seeding), "demo_accounts": SimpleLazyObject(_accounts)}


def _accounts() -> list[dict[str, str]]:
    if not demo_accounts_exist():
        return []
    return [
        {
            "email": one.email,
            "password": PASSWORD,
            "role": str(Role(one.role).label),
            "name": one.name,
            "sees": str(one.sees or ""),
        }
        for one in ACCOUNTS
    ]
