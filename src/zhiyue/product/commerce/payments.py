"""Paying an order: beginning at a provider, and taking in what a provider says. Money is believed on a provider's own,
proved word alone, and entered once."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.jobs.facts import announce
from zhiyue.core.kit import clock
from zhiyue.core.kit.errors import Refused
from zhiyue.product.commerce import journal, ledger
from zhiyue.product.commerce.ending import end, new_and_theirs
from zhiyue.product.commerce.errors import (
    AlreadyOwned,
    NoSuchOrder,
    OrderNotOpen,
    PriceChanged,
)
from zhiyue.product.commerce.facts import CourseOpened, OrderPaid
from zhiyue.product.commerce.hearing import NO_SUCH_PAYMENT, Judged, enter_once
from zhiyue.product.commerce.lowering import holds
from zhiyue.product.commerce.membership.deferring import income_account, take_over
from zhiyue.product.commerce.models import Enrolment, Order, OrderPlan, Payment
from zhiyue.product.commerce.numbers import number
from zhiyue.product.commerce.providers import refusing
from zhiyue.product.commerce.providers.protocol import Answer, Notice, Told, Wanted
from zhiyue.product.commerce.providers.register import provider_for, provider_named
from zhiyue.product.commerce.refunds import sending
from zhiyue.product.commerce.refunds.owing import owe_back
from zhiyue.product.commerce.selectors import PAID
from zhiyue.product.commerce.standing import price_holds

# What a payment can hold.
MOST_FEN = 2**31 - 1


def begin(
    *,
    user: User,
    order_number: str,
    provider: str,
    channel: str,
    returns_to: str,
    notify_at: str,
    address: str = "",
    payer: str = "",
) -> Payment:
    """Begin to pay an open order, or go on where it was begun. An order that costs nothing is paid at once by nobody:
    see `pay_nothing`. `payer` is who pays at the provider, for channels that begin by it; it is handed on and kept
    nowhere.

    Raises NoSuchOrder, OrderNotOpen, AlreadyOwned, PriceChanged (a part of it became theirs meanwhile, or what lowered
    its price went back), PayerUnknown, ProviderNotOffered, ProviderUnreachable; after the last the payment stays, and
    is asked after, for the provider may have begun it. After AlreadyOwned and PriceChanged the order has ended.
    """
    twin = provider_for(provider, channel)
    needs_payer = channel in twin.by_payer and not payer
    payment = _payment(user, order_number, provider, channel, notify_at, needs_payer=needs_payer)
    if isinstance(payment, Refused):
        raise payment
    if payment.shown:
        return payment
    order = payment.order
    # The provider is asked outside of the transaction: nobody else waits for its answer.
    shown = twin.begin(
        Wanted(
            number=payment.number,
            amount_fen=payment.amount_fen,
            title=order.title,
            channel=channel,
            expires_at=order.expires_at,
            returns_to=returns_to,
            notify_at=notify_at,
            address=address,
            payer=payer,
        )
    )
    payment.shown = {"way": shown.way, "value": shown.value, "values": dict(shown.values)}
    payment.save(update_fields=["shown"])
    return payment


@transaction.atomic
def _payment(
    user: User, order_number: str, provider: str, channel: str, notify_at: str, *, needs_payer: bool
) -> Payment | Refused:
    """The payment of an order that was begun this way, or a new one; or what to refuse it with, where the order ended.
    Raises NoSuchOrder, OrderNotOpen, PayerUnknown."""
    order = _open_order(user, order_number)
    if refused := _ended(order):
        return refused
    begun = order.payments.filter(provider=provider, channel=channel, status=Payment.Status.BEGUN).first()
    if needs_payer and not (begun and begun.shown):
        raise refusing.no_payer()
    return begun or Payment.objects.create(
        order=order,
        number=number("P", clock.now()),
        provider=provider,
        channel=channel,
        amount_fen=order.total_fen,
        notify_at=notify_at,
    )


def _ended(order: Order) -> Refused | None:
    """What paying an order is refused with, where it became theirs meanwhile, all of it or a part, for what is missing
    costs less; or where what lowered its price went back. Then it ends, and what it held is given back. Raised once
    that is written."""
    new, theirs = new_and_theirs(order)
    if not theirs and price_holds(order):
        return None
    end(order, Order.Status.EXPIRED, why="theirs_already" if theirs else "price_changed")
    if not theirs:
        return PriceChanged(pgettext_lazy("order", "What lowered its price is gone: order it anew."))
    if new:
        return PriceChanged(pgettext_lazy("order", "Part of it is yours by now: order it anew, for less."))
    return AlreadyOwned(pgettext_lazy("order", "This is yours already: there is nothing to pay."))


def pay_nothing(*, user: User, order_number: str) -> Order:
    """An order that costs nothing needs no provider. Raises NoSuchOrder, OrderNotOpen, and AlreadyOwned and
    PriceChanged as `begin` does."""
    paid = _nothing_paid(user, order_number)
    if isinstance(paid, Refused):
        raise paid
    return paid


@transaction.atomic
def _nothing_paid(user: User, order_number: str) -> Order | Refused:
    # The member first, as who orders and who asks for money back does.
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk).values("pk"))
    order = _open_order(user, order_number)
    if refused := _ended(order):
        return refused
    if order.total_fen:
        raise OrderNotOpen(pgettext_lazy("order", "This order has a price: choose how to pay it."))
    _pay(order, None, clock.now())
    return order


def receive(provider: str, notice: Notice) -> Answer:
    """A notice of a provider: judged, entered, answered. Raises NotProved and ProviderNotOffered; whatever else goes
    wrong is raised as it is, so that the provider isn't told that it was taken and tells again."""
    twin = provider_named(provider)
    take_in(provider, twin.read(notice))
    return twin.answer(is_taken=True)


def take_in(provider: str, told: Told) -> str:
    """Enter what a provider said, once; what became of it. Told again it changes nothing, in whatever order."""
    if told.kind in sending.KINDS:
        return sending.take_in(provider, told)
    return enter_once(provider, told, _judged)


def ask_about(payment: Payment) -> str:
    """Ask the provider about a payment that we may take for over, and enter what it says; what became of it, “waiting”
    or “unknown” where it says that nobody paid. Raises ProviderUnreachable, ProviderNotOffered."""
    told = provider_named(payment.provider).ask(payment.number)
    return told.kind if told.kind in ("waiting", "unknown") else take_in(payment.provider, told)


def _open_order(user: User, order_number: str) -> Order:
    order = Order.objects.select_for_update().filter(user=user, number=order_number).first()
    if order is None:
        raise NoSuchOrder(pgettext_lazy("order", "You have no such order."))
    if not order.is_open or order.expires_at <= clock.now():
        raise OrderNotOpen(pgettext_lazy("order", "This order waits for no payment any more."))
    return order


def _judged(provider: str, told: Told) -> Judged:
    mine = Order.objects.filter(payments__number=told.number, payments__provider=provider)
    # The member first, as who orders does: of two orders of the same course only one may find that it isn't theirs yet.
    # Then the order: its payments change under its lock.
    list(User.objects.select_for_update(no_key=True).filter(pk__in=mine.values("user_id")).values("pk"))
    order = mine.select_for_update(of=("self",)).first()
    payment = None if order is None else Payment.objects.get(number=told.number)
    outcome = NO_SUCH_PAYMENT if order is None or payment is None else _settle(order, payment, told)
    return payment, outcome


def _settle(order: Order, payment: Payment, told: Told) -> str:
    if told.kind in ("failed", "closed"):
        return _failed(order, payment, told)
    return _came(order, payment, told) if told.kind == "paid" else "nothing_to_do"


def _came(order: Order, payment: Payment, told: Told) -> str:
    is_asked_amount = told.amount_fen == payment.amount_fen
    if payment.status == Payment.Status.PAID:
        return "paid_before" if is_asked_amount else _noted(order, payment, told, "wrong_amount")
    if _is_of_another(payment, told):
        return _noted(order, payment, told, "number_of_another")
    if not is_asked_amount:
        _noted(order, payment, told, "wrong_amount")
        if told.amount_fen is None or not 0 < told.amount_fen <= MOST_FEN:
            return "wrong_amount"
        # What came is what there is to give back.
        payment.amount_fen = told.amount_fen
    payment.status, payment.settled_at = Payment.Status.PAID, clock.now()
    payment.provider_number = told.provider_number
    payment.save(update_fields=["status", "settled_at", "provider_number", "amount_fen"])
    if is_asked_amount and _takes_money(order):
        _pay(order, payment, told.at or clock.now())
        return "paid"
    # It isn't what was asked, or the order was paid by another payment, or what it opens is theirs or is gone.
    owe_back(order, payment, at=told.at)
    # An order that waits for another amount goes on waiting.
    if is_asked_amount and order.is_open:
        end(order, Order.Status.EXPIRED, why="theirs_already" if new_and_theirs(order)[1] else "cant_be_paid")
    return "owed_back" if is_asked_amount else "wrong_amount"


def _noted(order: Order, payment: Payment, told: Told, outcome: str) -> str:
    seen = {} if told.amount_fen is None else {"told_fen": told.amount_fen}
    journal.note(order, why=outcome, told={"payment": payment.number, **seen})
    return outcome


def _is_of_another(payment: Payment, told: Told) -> bool:
    """Does it name money by a number of the provider's by which another payment was paid?"""
    same = Payment.objects.filter(provider=payment.provider, provider_number=told.provider_number)
    return bool(told.provider_number) and same.exclude(pk=payment.pk).exists()


def _takes_money(order: Order) -> bool:
    """May money pay an order? Its member must be there, and none of it may be theirs already: nobody pays twice because
    money was late, or a course was given, joined or bought in another order meanwhile. Where its time is over, whatever
    it opens must still be there, too, and what made its price, which is then taken again."""
    if (
        Order.Status.PAID not in journal.MOVES[order.status]
        or order.user_id is None
        or new_and_theirs(order)[1]
    ):
        return False
    if not price_holds(order):
        return False
    if order.is_open:
        return True
    # What came off its price for something paid before may have come off another order since.
    if OrderPlan.objects.filter(order=order, credited_at__isnull=False).exists():
        return False
    courses = [part.course for part in order.courses.select_related("course")]
    return all(course.was_ever_out for course in courses) and holds.take_again(order)


def _pay(order: Order, payment: Payment | None, at: datetime) -> None:
    """The order's money is there: its status, the journal, the books, the log and the fact, all or nothing. What it
    opens opens by that alone."""
    order.paid_at = clock.now()
    via = payment.provider if payment else ""
    told = {"payment": payment.number, "provider": via} if payment else {}
    why = "paid" if payment else "costs_nothing"
    journal.move(order, Order.Status.PAID, why=why, told=told, also=["paid_at"])
    if payment is not None:
        ledger.post(
            f"paid:{payment.number}",
            kind="paid",
            order=order,
            at=at,
            postings={ledger.receivable(via): payment.amount_fen, income_account(order): -payment.amount_fen},
        )
    take_over(order)
    courses = list(order.courses.order_by("pk").values_list("course_id", flat=True))
    buyer = Actor(member_id=order.user_id)
    record(
        "order.paid",
        actor=buyer,
        course_id=next(iter(courses), None),
        order=order.pk,
        amount_fen=order.total_fen,
        provider=via or "none",
    )
    theirs = set(
        Enrolment.objects.filter(user=order.user_id, course_id__in=courses).values_list(
            "course_id", flat=True
        )
    )
    for new_id in courses:
        if new_id not in theirs:
            record("course.enrolled", actor=buyer, course_id=new_id)
            if order.user_id is not None:
                announce(CourseOpened(course_id=new_id, member_id=order.user_id, how=PAID, order_id=order.pk))
    for coupon_id, amount_fen in holds.coupons_in(order):
        record(
            "coupon.used",
            actor=buyer,
            course_id=next(iter(courses), None),
            order=order.pk,
            amount_fen=amount_fen,
            coupon=coupon_id,
        )
    announce(OrderPaid(order_id=order.pk))


def _failed(order: Order, payment: Payment, told: Told) -> str:
    if payment.status != Payment.Status.BEGUN:
        return "settled_before"
    payment.status = Payment.Status.FAILED if told.kind == "failed" else Payment.Status.CLOSED
    payment.settled_at = clock.now()
    payment.save(update_fields=["status", "settled_at"])
    journal.note(order, why=f"payment_{told.kind}", told={"payment": payment.number})
    if told.kind == "failed":
        course_id = order.courses.values_list("course_id", flat=True).first()
        actor = Actor(member_id=order.user_id)
        record("order.failed", actor=actor, course_id=course_id, order=order.pk, amount_fen=order.total_fen)
    return told.kind


@transaction.atomic
def fulfil(order_id: int) -> bool:
    """What follows from a paid order was done. False where it was before."""
    order = Order.objects.select_for_update().get(pk=order_id)
    if order.status != Order.Status.PAID:
        return False
    journal.move(order, Order.Status.FULFILLED, why="fulfilled")
    return True
