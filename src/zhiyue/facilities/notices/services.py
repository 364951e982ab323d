"""Writes of messages: put into the outbox with the act that causes them. Handing them over is `delivery`."""

from collections.abc import Mapping

from django.db import transaction

from zhiyue.core.jobs.services import enqueue
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.facilities.notices.tasks import deliver_message


@transaction.atomic
def send_mail(*, to: str, subject: str, text: str, html: str = "", secret: bool = False) -> OutgoingMessage:
    """Send an e-mail soon: it leaves if, and only if, the caller's transaction commits."""
    return _put(
        OutgoingMessage(
            channel=OutgoingMessage.Channel.MAIL,
            to=to,
            subject=" ".join(subject.split())[:200],
            content={"text": text, "html": html},
            is_secret=secret,
        )
    )


@transaction.atomic
def send_sms(*, phone: str, template: str, values: Mapping[str, str], secret: bool = True) -> OutgoingMessage:
    """Send a text message soon, like `send_mail`. `template` is a name that ZHIYUE_SMS_TEMPLATES gives a number."""
    return _put(
        OutgoingMessage(
            channel=OutgoingMessage.Channel.SMS,
            to=phone,
            template=template,
            content=dict(values),
            is_secret=secret,
        )
    )


def _put(message: OutgoingMessage) -> OutgoingMessage:
    message.save(force_insert=True)
    enqueue(deliver_message, message_id=message.pk)
    return message
