"""Handing messages to their providers: by the job of each, or here and now to find out whether it works."""

from collections.abc import Mapping
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPSenderRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from zhiyue.core.kit import clock
from zhiyue.facilities.notices import sms
from zhiyue.facilities.notices.errors import NotSent
from zhiyue.facilities.notices.kinds import Sms
from zhiyue.facilities.notices.models import OutgoingMessage

TRIES = 4
KEEP_DAYS = 90
CONSOLE_MAIL = "django.core.mail.backends.console.EmailBackend"


def deliver(*, message_id: int) -> None:
    """Hand one message over. Raises NotSent where trying again may help and there is a try left."""
    message = OutgoingMessage.objects.filter(pk=message_id, state=OutgoingMessage.State.QUEUED).first()
    if message is None:
        return
    message.attempts += 1
    try:
        _hand_over(message)
    except NotSent as why:
        message.error = str(why.message)[:300]
        if why.is_passing and message.attempts < TRIES:
            message.save(update_fields=["error", "attempts"])
            raise
        message.state = OutgoingMessage.State.FAILED
    else:
        message.state, message.error, message.sent_at = OutgoingMessage.State.SENT, "", clock.now()
    if message.is_secret and not is_console(message.channel):
        message.content = {}
    message.save(update_fields=["state", "error", "attempts", "sent_at", "content"])


def try_mail(*, to: str, subject: str, text: str) -> None:
    """Send an e-mail here and now, to find out whether it works. Raises NotSent with the server's own words."""
    _mail(to, subject, text, "")


def try_sms(*, phone: str, template: str, values: Mapping[str, str]) -> None:
    """Send a text message here and now, to find out whether it works. Raises NotSent."""
    _sms(Sms(phone=phone, template=template, values=values))


def is_console(channel: str) -> bool:
    """Whether messages of this channel are only written down, because no provider is set."""
    if channel == OutgoingMessage.Channel.MAIL:
        return bool(settings.EMAIL_BACKEND == CONSOLE_MAIL)
    chosen = sms.provider()
    return chosen is not None and chosen.is_console


@transaction.atomic
def forget_old_messages() -> int:
    """Remove what left (or didn't) more than 90 days ago."""
    old = clock.now() - timedelta(days=KEEP_DAYS)
    return OutgoingMessage.objects.filter(made_at__lt=old).delete()[0]


def _hand_over(message: OutgoingMessage) -> None:
    if message.channel == OutgoingMessage.Channel.MAIL:
        _mail(message.to, message.subject, message.content["text"], message.content["html"])
    else:
        _sms(Sms(phone=message.to, template=message.template, values=message.content))


def _sms(message: Sms) -> None:
    chosen = sms.provider()
    if chosen is None:
        raise NotSent("No SMS provider is set: ZHIYUE_SMS_PROVIDER.", is_passing=False)
    chosen.send(message)


def _mail(to: str, subject: str, text: str, html: str) -> None:
    mail = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, [to])
    if html:
        mail.attach_alternative(html, "text/html")
    try:
        mail.send()
    except (SMTPRecipientsRefused, SMTPSenderRefused) as why:
        raise NotSent(f"SMTP: {why}"[:300], is_passing=False) from why
    except OSError as why:  # SMTPException is one: refused, timed out, no such host
        raise NotSent(f"SMTP: {why}"[:300], is_passing=True) from why
