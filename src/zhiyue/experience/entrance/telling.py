"""Mails that tell a member what was changed about their ways in, in case it wasn't them."""

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from zhiyue.core.accounts.models import User


def tell_of_change(request: HttpRequest, user: User, what: str, *, to: str = "") -> None:
    """`what`: email, phone or password. `to` is the former address, where it was that which changed."""
    if user.email or to:
        get_adapter(request).send_notification_mail(
            f"account/email/{what}_changed", user, {"member": user}, email=to or user.email
        )
