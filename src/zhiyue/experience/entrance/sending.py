"""Codes on their way: counted, made, sent, and remembered by the browser that asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import pgettext

from zhiyue.core.academy.selectors import academy
from zhiyue.core.accounts import codes
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.core.accounts.phones import said_phone, veiled_phone
from zhiyue.core.accounts.ways import member_named, tidy_mark
from zhiyue.core.kit import clock
from zhiyue.experience.entrance.guessing import SECONDS_BETWEEN_CODES, count_code, count_reset
from zhiyue.facilities.notices.delivery import is_console
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.facilities.notices.services import send_mail, send_sms

_SESSION_KEY = "entrance_code"
_SIX_DIGITS = re.compile(r"\b[0-9]{6}\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """What this browser waits for. `typed` is how the account was named; `shown` what the page may say of where the
    code went."""

    code: OneTimeCode
    onward: str
    typed: str
    shown: str
    message_id: int | None


def send_code(
    request: HttpRequest,
    *,
    purpose: str,
    to: str,
    user: User | None,
    onward: str,
    kept: Mapping[str, Any] | None = None,
) -> None:
    """Send six digits to `to`. Raises TooMany."""
    count_code(request, to, user)
    with transaction.atomic():
        code, digits = codes.issue(purpose=purpose, to=to, user=user, kept=kept)
        message = _send(request, code, digits)
    shown = to if "@" in to else said_phone(veiled_phone(to))
    _wait_for(request, code, message, onward=onward, typed=to, shown=shown)


def send_reset(request: HttpRequest, *, typed: str, onward: str) -> None:
    """Send six digits for a new password to whoever is called that. Raises TooMany, for every name alike.

    Where nobody is called that, the page is the same; a mailbox is told so.
    """
    named = tidy_mark(typed)[:254]
    user, to = _whom(named)
    if not count_reset(request, named, to, user):
        # As for a name that nobody has, for digits on their way to nobody could still be guessed.
        user, to = None, named
    with transaction.atomic():
        code, digits = codes.issue(purpose=OneTimeCode.Purpose.RESET, to=to, user=user)
        message = _send(request, code, digits)
    shown = pgettext("code", "the address or phone of the account “%(name)s”") % {"name": typed.strip()}
    _wait_for(request, code, message, onward=onward, typed=typed, shown=shown)


def _whom(named: str) -> tuple[User | None, str]:
    """Who is told of a new password, and where: there where they typed it, else by mail, else by phone. A name that
    leads to neither is nobody's, and stays what it is."""
    user = member_named(named)
    if user is None or named == user.phone:
        return user, named
    to = user.email or user.phone
    return (user, to) if to else (None, named)


def _wait_for(
    request: HttpRequest,
    code: OneTimeCode,
    message: OutgoingMessage | None,
    *,
    onward: str,
    typed: str,
    shown: str,
) -> None:
    request.session[_SESSION_KEY] = {
        "key": str(code.key),
        "onward": onward,
        "typed": typed,
        "shown": shown,
        "message": message.pk if message else None,
    }


def asked_by(request: HttpRequest) -> Asked | None:
    """The code this browser waits for or has proved; None where there is none, or it has ended."""
    kept = request.session.get(_SESSION_KEY)
    if not isinstance(kept, dict):
        return None
    code = codes.pending(UUID(kept["key"]))
    if code is None:
        return None
    return Asked(
        code=code,
        onward=kept["onward"],
        typed=kept.get("typed", code.to),
        shown=kept["shown"],
        message_id=kept["message"],
    )


def seconds_to_wait(asked: Asked) -> int:
    """Until another code may be sent to the same place."""
    sent_at = asked.code.expires_at - codes.LASTS
    return max(0, ceil(SECONDS_BETWEEN_CODES - (clock.now() - sent_at).total_seconds()))


def forget_asked(request: HttpRequest) -> None:
    request.session.pop(_SESSION_KEY, None)


def digits_for_demo(asked: Asked) -> str:
    """What nobody sent anywhere: in the demo the page itself shows the digits this very browser asked for."""
    if not settings.ZHIYUE_DEMO or asked.message_id is None:
        return ""
    message = OutgoingMessage.objects.filter(pk=asked.message_id).first()
    if message is None or not is_console(message.channel):
        return ""
    found = _SIX_DIGITS.search(str(message.content.get("code") or message.content.get("text", "")))
    return found[0] if found else ""


def _send(request: HttpRequest, code: OneTimeCode, digits: str) -> OutgoingMessage | None:
    nobody = code.purpose == OneTimeCode.Purpose.RESET and code.user is None
    if "@" not in code.to:
        return (
            None
            if nobody
            else send_sms(phone=code.to, template="code", values={"code": digits, "minutes": "10"})
        )
    page = {
        "digits": digits,
        "purpose": code.purpose,
        "academy": academy(),
        "member": code.user,
        "sign_up_url": request.build_absolute_uri(reverse("entrance:sign_up")),
    }
    name = academy().name
    if nobody:
        subject = pgettext("mail", "%(academy)s: no account with this address") % {"academy": name}
        text = render_to_string("entrance/mail/nobody.txt", page).strip()
    else:
        # Without the digits: the desk shows subjects, and keeps them.
        subject = pgettext("mail", "%(academy)s: your code") % {"academy": name}
        text = render_to_string("entrance/mail/code.txt", page).strip()
    return send_mail(to=code.to, subject=subject, text=text, secret=True)
