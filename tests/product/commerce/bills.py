"""Days at a provider for the tests of reconciliation: what was paid and went back there, and its bill."""

from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

from tests.factories import make_course, make_member
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import Difference, Order, OrderCourse, Payment, Refund
from zhiyue.product.commerce.payments import take_in
from zhiyue.product.commerce.providers.protocol import BillLine, Told
from zhiyue.product.commerce.refunds import sending

_numbers = count(1)
NOON = time(12)


def yesterday() -> date:
    return clock.days_before(clock.business_day(), 1)


def moment(day: date, at: time = NOON) -> datetime:
    return datetime.combine(day, at, tzinfo=clock.business_zone())


class Days:
    """Orders of one course each, paid and given back by a provider's word at any moment there ever was."""

    def __init__(self, provider: str = "sandbox") -> None:
        self.provider = provider
        self.course: Course = make_course("billed", price_fen=19_900)
        self.user: User = make_member("billed@test.example")

    def begun(self, fen: int = 19_900) -> Payment:
        n = next(_numbers)
        now = clock.now()
        # Each by a member of its own: nobody buys a course twice.
        user = make_member(f"billed-{n}@test.example")
        order = Order.objects.create(
            number=f"Z{n:08d}",
            user=user,
            offer=f"course:{self.course.pk}",
            title="统计学的直觉",
            price_fen=fen,
            total_fen=fen,
            lines=[],
            expires_at=now + timedelta(minutes=30),
        )
        OrderCourse.objects.create(order=order, course=self.course, total_fen=fen)
        return Payment.objects.create(
            order=order,
            number=f"P{n:08d}",
            provider=self.provider,
            channel="page",
            amount_fen=fen,
            notify_at="https://academy.example/pay/",
        )

    def paid(self, at: datetime, fen: int = 19_900) -> Payment:
        payment = self.begun(fen)
        self.tell(payment, at)
        payment.refresh_from_db()
        return payment

    def tell(self, payment: Payment, at: datetime) -> str:
        told = Told(
            key=f"{payment.number}:paid",
            kind="paid",
            number=payment.number,
            amount_fen=payment.amount_fen,
            provider_number=f"T{payment.number}",
            at=at,
        )
        return take_in(self.provider, told)

    def refund(self, payment: Payment, fen: int, status: str = "sent") -> Refund:
        return Refund.objects.create(
            number=f"R{next(_numbers):08d}",
            order=payment.order,
            payment=payment,
            cause="staff",
            status=status,
            amount_fen=fen,
            sent_at=clock.now(),
            due_at=clock.now(),
        )

    def went_back(self, payment: Payment, at: datetime, fen: int = 5_000) -> Refund:
        refund = self.refund(payment, fen)
        self.tell_refund(refund, at)
        refund.refresh_from_db()
        return refund

    def tell_refund(self, refund: Refund, at: datetime) -> str:
        key = f"{refund.number}:refunded"
        told = Told(key=key, kind="refunded", number=refund.number, amount_fen=refund.amount_fen, at=at)
        return sending.take_in(self.provider, told)


def line_of(payment: Payment, fen: int | None = None, fee: int = 0) -> BillLine:
    return BillLine(payment.number, f"T{payment.number}", payment.amount_fen if fen is None else fen, fee)


def back_of(refund: Refund, fen: int | None = None, fee: int = 0) -> BillLine:
    assert refund.payment is not None
    number, amount = refund.payment.number, refund.amount_fen if fen is None else fen
    return BillLine(number, f"T{number}", -amount, fee, refund.number)


def shown(**of: Any) -> list[tuple[str, int, int, str]]:
    """Every difference, as (kind, theirs, ours, state)."""
    rows = Difference.objects.filter(**of).order_by("pk")
    return [(one.kind, one.theirs_fen, one.ours_fen, one.state) for one in rows]
