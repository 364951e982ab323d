"""Messages leave once, are tried again where that helps, and secrets don't stay."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction

from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.facilities.notices import delivery
from zhiyue.facilities.notices.errors import NotSent
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.facilities.notices.services import send_mail, send_sms

pytestmark = pytest.mark.django_db


def queue(**more):
    return send_mail(to="a@test.example", subject="你好\n再见", text="正文", **more)


def test_a_message_waits_for_its_job_and_leaves_once():
    message = queue(html="<p>正文</p>")
    assert mail.outbox == []
    assert list(Job.objects.values_list("name", "kwargs")) == [
        ("notices.deliver", {"message_id": message.pk})
    ]
    delivery.deliver(message_id=message.pk)
    delivery.deliver(message_id=message.pk)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["a@test.example"], "你好 再见", "正文")
    assert sent.alternatives[0].content == "<p>正文</p>"
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("sent", 1)


def test_a_message_goes_with_the_act_that_failed():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue()
        raise ZeroDivisionError
    assert not OutgoingMessage.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize(("secret", "left"), [(True, {}), (False, {"text": "正文", "html": ""})])
def test_what_a_secret_message_said_is_forgotten_once_it_has_left(secret, left):
    message = queue(secret=secret)
    delivery.deliver(message_id=message.pk)
    message.refresh_from_db()
    assert message.content == left


def test_the_console_keeps_codes_for_whoever_runs_it(settings):
    settings.ZHIYUE_SMS_PROVIDER = "console"
    message = send_sms(phone="+8613800138000", template="code", values={"code": "042137"})
    delivery.deliver(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, message.content) == ("sent", {"code": "042137"})


def test_a_mail_server_that_is_away_is_tried_four_times_and_then_told(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    message = queue(secret=True)
    for _ in range(3):
        with pytest.raises(NotSent):
            delivery.deliver(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.content["text"]) == ("queued", 3, "正文")
    delivery.deliver(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.content) == ("failed", 4, {})
    assert "SMTP" in message.error


def test_an_sms_without_a_provider_is_not_tried_again(settings):
    settings.ZHIYUE_SMS_PROVIDER = "none"
    message = send_sms(phone="+8613800138000", template="code", values={"code": "042137"})
    delivery.deliver(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, message.content) == ("failed", {})
    assert "ZHIYUE_SMS_PROVIDER" in message.error


def test_old_messages_are_forgotten():
    old, young = queue(), queue()
    OutgoingMessage.objects.filter(pk=old.pk).update(made_at=clock.now() - timedelta(days=91))
    assert delivery.forget_old_messages() == 1
    assert OutgoingMessage.objects.get() == young
