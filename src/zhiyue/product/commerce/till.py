"""Standing at the pretended till of the sandbox: what is pressed there, and how the sandbox tells us of it."""

from typing import Literal

from django.conf import settings
from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.jobs.services import enqueue
from zhiyue.product.commerce.errors import NoSuchOrder
from zhiyue.product.commerce.models import SandboxTrade
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.providers.sandbox import Deed
from zhiyue.product.commerce.tasks import sandbox_tell

Telling = Literal["once", "twice", "wrong_order", "never"]
LATEST_SECONDS = 120


def trade_at_till(number: str) -> SandboxTrade:
    """A payment that was begun at the sandbox, by whoever has its number. Raises NoSuchOrder, also where the academy
    offers no sandbox."""
    found = SandboxTrade.objects.filter(number=number).first()
    if found is None or sandbox.NAME not in settings.ZHIYUE_PAYMENT_PROVIDERS:
        raise NoSuchOrder(pgettext_lazy("order", "There is no such payment."))
    return found


@transaction.atomic
def press_at_till(
    *,
    number: str,
    deed: Deed,
    telling: Telling = "once",
    late_seconds: int = 0,
    refund_way: str = SandboxTrade.RefundWay.AT_ONCE,
) -> None:
    """Press a button of the till, and say how it shall give money back. What the sandbox tells of it afterwards waits
    in the queue, written together with what was pressed, so that neither is ever without the other. Raises NoSuchOrder,
    OrderNotOpen."""
    trade_at_till(number)
    sandbox.press(number, deed, refund_way=refund_way)
    late = min(max(late_seconds, 0), LATEST_SECONDS)
    if telling == "never":
        return
    enqueue(sandbox_tell, delay_seconds=late, number=number)
    if telling == "twice":
        enqueue(sandbox_tell, delay_seconds=late, number=number)
    elif telling == "wrong_order":
        enqueue(sandbox_tell, delay_seconds=late + 1, number=number, of_before=True)
