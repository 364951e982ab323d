"""Going after payments of which nothing was heard, and closing those for which nothing waits any more. What a provider
says then is taken in as its notices are: see `payments`."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.db.models import F

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import ProviderNotOffered, ProviderUnreachable
from zhiyue.product.commerce.models import Order, Payment
from zhiyue.product.commerce.payments import take_in
from zhiyue.product.commerce.providers.register import provider_named

# A notice is waited for so long before the provider is asked, and then again and again, ever more rarely.
FIRST_ASKED_AFTER = timedelta(seconds=20)
ASKED_AGAIN_AFTER = timedelta(minutes=2)
# Somebody who looks at a page that waits is told sooner.
ASKED_NOW_AFTER = timedelta(seconds=5)
# A provider that is silent so often is asked no more in this round: each time may take as long as we wait.
SILENCES_AT_MOST = 3


def ask_after(*, now: datetime | None = None, at_once: int = 100) -> int:
    """Ask the providers about payments of which nothing was heard; how many were settled. For notices that never come,
    and for people who come back before theirs does."""
    moment = now or clock.now()
    waiting = Payment.objects.filter(status=Payment.Status.BEGUN, begun_at__lte=moment - FIRST_ASKED_AFTER)
    waiting = waiting.exclude(asked_at__gt=moment - ASKED_AGAIN_AFTER)
    longest_unasked = waiting.select_related("order").order_by(
        F("asked_at").asc(nulls_first=True), "begun_at"
    )
    # Each provider by itself: one that is silent holds up no other.
    providers = waiting.order_by().values_list("provider", flat=True).distinct()
    return sum(_ask_after(longest_unasked.filter(provider=one)[:at_once], moment) for one in list(providers))


def _ask_after(waiting: Iterable[Payment], moment: datetime) -> int:
    """How many of them were settled; where their provider is silent, the rest wait for the next round."""
    settled = silences = 0
    for payment in waiting:
        Payment.objects.filter(pk=payment.pk).update(asked_at=moment)
        told = _ask(payment)
        settled += told == "settled"
        silences += told == "silent"
        if silences == SILENCES_AT_MOST:
            break
        if told == "waits" and moment > payment.order.expires_at + _kept_open():
            with suppress(ProviderUnreachable):
                _close(payment)
    return settled


def ask_now(user: User, order_number: str, *, now: datetime | None = None) -> bool:
    """Ask the provider after a member's order now, for they look at a page that waits for it; every few seconds at
    most, however many pages do. True where that settled something."""
    moment = now or clock.now()
    before = moment - ASKED_NOW_AFTER
    begun = Payment.objects.filter(
        order__user=user, order__number=order_number, status=Payment.Status.BEGUN, begun_at__lte=before
    )
    settled = False
    for payment in list(begun.exclude(asked_at__gt=before)):
        one = Payment.objects.filter(pk=payment.pk, status=Payment.Status.BEGUN)
        # Of two pages that come here at once, one asks.
        if one.exclude(asked_at__gt=before).update(asked_at=moment):
            settled = _ask(payment) == "settled" or settled
    return settled


def _ask(payment: Payment) -> Literal["settled", "waits", "silent"]:
    """Ask the provider what became of a payment, and enter it where it came to something. A provider that can't be had,
    or whom the academy doesn't offer any more, is silent."""
    try:
        told = provider_named(payment.provider).ask(payment.number)
    except (ProviderUnreachable, ProviderNotOffered):
        return "silent"
    if told.kind in ("waiting", "unknown"):
        return "waits"
    take_in(payment.provider, told)
    return "settled"


def _kept_open() -> timedelta:
    """How long after an order's time money may still come for it."""
    return timedelta(minutes=settings.ZHIYUE_ORDER_MINUTES)


def close_begun(order_id: int) -> bool:
    """The order waits for no payment any more: its providers shall take no money for it. False where it waits still.
    Done again it changes nothing.

    Raises ProviderUnreachable where one of them couldn't be told, after all others were.
    """
    order = Order.objects.get(pk=order_id)
    if order.is_open:
        return False
    silent: ProviderUnreachable | None = None
    for payment in order.payments.filter(status=Payment.Status.BEGUN).select_related("order"):
        try:
            _close(payment)
        except ProviderNotOffered:
            continue
        except ProviderUnreachable as why:
            silent = why
    if silent is not None:
        raise silent
    return True


def _close(payment: Payment) -> None:
    """Nobody shall pay it any more. What the provider says of it then is believed, for money may have come at this very
    moment. What it doesn't know of may still be begun there, until the order's time is over. Raises ProviderUnreachable
    and ProviderNotOffered."""
    twin = provider_named(payment.provider)
    twin.close(payment.number)
    told = twin.ask(payment.number)
    if told.kind == "unknown" and clock.now() > payment.order.expires_at:
        Payment.objects.filter(pk=payment.pk, status=Payment.Status.BEGUN).update(
            status=Payment.Status.CLOSED, settled_at=clock.now()
        )
    elif told.kind not in ("waiting", "unknown"):
        take_in(payment.provider, told)
