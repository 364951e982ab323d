"""One word about an order that waits for its money: while it can be paid, once, and only to who wants reminders."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import pgettext

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.academy.selectors import academy
from zhiyue.core.consent.purposes import NOTHING, Purpose
from zhiyue.core.consent.selectors import granted_to_many
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.commerce.ending import new_and_theirs
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.standing import price_holds

CAMPAIGN = "unpaid-order"
# Nobody is reminded of what they hardly reach any more.
TIME_TO_PAY = timedelta(minutes=3)


def remind_unpaid(*, now: datetime | None = None, at_once: int = 200) -> int:
    """Remind of the orders whose time is half over; how many letters that is. Whoever didn't consent to reminders or
    has no address is left alone."""
    moment = now or clock.now()
    half = timedelta(minutes=settings.ZHIYUE_ORDER_MINUTES) / 2
    waiting = Order.objects.filter(
        status=Order.Status.CREATED,
        reminded_at=None,
        created_at__lte=moment - half,
        expires_at__gte=moment + TIME_TO_PAY,
        user__is_active=True,
        user__email__isnull=False,
    )
    rows = list(waiting.order_by("expires_at").values_list("pk", "user_id")[:at_once])
    wanted, _ = granted_to_many(member_ids={user_id for _, user_id in rows})
    return sum(
        _remind(pk, moment) for pk, user_id in rows if Purpose.MESSAGES in wanted.get(user_id, NOTHING)
    )


@transaction.atomic
def _remind(pk: int, moment: datetime) -> bool:
    order = Order.objects.select_for_update(of=("self",)).select_related("user").get(pk=pk)
    member = order.user
    if not order.is_open or order.reminded_at is not None or member is None or not member.email:
        return False
    # Nobody is asked for money that wouldn't be taken.
    if new_and_theirs(order)[1] or not price_holds(order):
        return False
    order.reminded_at = moment
    order.save(update_fields=["reminded_at"])
    with translation.override(member.language or settings.LANGUAGE_CODE):
        told = {
            "academy": academy().name,
            "title": order.title,
            "order": order.number,
            "amount": yuan(order.total_fen),
            "until": f"{order.expires_at.astimezone(clock.business_zone()):%H:%M}",
        }
        subject = pgettext("order mail", "%(academy)s: “%(title)s” waits for your payment") % told
        text = pgettext(
            "order mail",
            "Your order %(order)s, “%(title)s” for %(amount)s, waits until %(until)s. You find it under “My orders”, "
            "where you can pay it or cancel it; after that it ends by itself. You aren't reminded of it again.",
        )
        letter = send_mail(to=member.email, subject=subject, text=text % told)
    record(
        "message.sent",
        actor=Actor(member_id=member.pk),
        message=letter.pk,
        campaign=CAMPAIGN,
        channel="mail",
    )
    return True
