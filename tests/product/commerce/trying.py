"""An order that is bought through one of the providers, for their tests."""

from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import Order, Payment
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin
from zhiyue.product.commerce.providers.protocol import GivenBack

NOTIFY_AT = "https://academy.example/pay/notify/"
RETURNS_TO = "https://academy.example/orders/Z1/?next=/courses/stats/two/"


def ordered(user: User, course: Course) -> Order:
    actor = Actor(member_id=user.pk)
    return place(user=user, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)


def begun(user: User, order: Order, provider: str, channel: str) -> Payment:
    return begin(
        user=user,
        order_number=order.number,
        provider=provider,
        channel=channel,
        returns_to=RETURNS_TO,
        notify_at=f"{NOTIFY_AT}{provider}/",
        address="203.0.113.7",
    )


def books() -> dict[str, int]:
    return {one.account: one.amount_fen for one in ledger.balances()}


def given_back(payment: Payment, fen: int, number: str = "R1") -> GivenBack:
    return GivenBack(
        number=payment.number,
        provider_number=payment.provider_number,
        refund_number=number,
        amount_fen=fen,
        whole_fen=payment.amount_fen,
        why="七天内不想学了",
        notify_at=f"{NOTIFY_AT}{payment.provider}/",
    )
