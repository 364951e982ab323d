"""Placing orders, and what ends one before it is paid. What pays one is in `payments`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.academy.selectors import require_accepted
from zhiyue.core.accounts.models import User
from zhiyue.core.jobs.facts import announce
from zhiyue.core.kit import clock
from zhiyue.product.commerce import journal
from zhiyue.product.commerce.ending import end
from zhiyue.product.commerce.errors import AlreadyOwned, NoSuchOrder, OrderNotOpen, PriceChanged
from zhiyue.product.commerce.facts import OrderPlaced
from zhiyue.product.commerce.lowering import holds
from zhiyue.product.commerce.models import Order, OrderCourse, OrderPlan
from zhiyue.product.commerce.numbers import number
from zhiyue.product.commerce.offers import Offer, offer_of
from zhiyue.product.commerce.quoting import Priced, priced
from zhiyue.product.commerce.refunds.terms import plan_terms, terms_of
from zhiyue.product.commerce.selectors import enrolled_course_ids
from zhiyue.product.commerce.shares import shared_out

_LOOK_AGAIN = pgettext_lazy("order", "The price has changed since you saw it. Look at it again.")


def is_owned(member_id: int, offer: Offer) -> bool:
    """Would somebody pay for what is theirs? A membership can be bought again at any time, and so can a course that is
    only lent."""
    return bool(offer.courses) and enrolled_course_ids(member_id) >= offer.courses.keys()


@transaction.atomic
def place(
    *, user: User, offer: str, seen_fen: int, actor: Actor, coupons: Sequence[str] | None = None
) -> Order:
    """The member's open order of an offer: the one that waits for payment already, or a new one where there is none, or
    what it costs or opens has changed since. `seen_fen` is the price they agreed to; it decides nothing. `coupons` as
    in `quoting.priced`.

    Raises AgreementsPending, NotForSale, AlreadyOwned, CouponRefused, PriceChanged.
    """
    require_accepted(user)
    # One order of a person at a time: a second tap, tab or device waits here and finds what the first one placed. Not
    # the key: who ends the order that we wait for names the member in an event, and would wait for us.
    member = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    found = offer_of(offer, member)
    if is_owned(member.pk, found):
        raise AlreadyOwned(pgettext_lazy("order", "This is yours already: there is nothing to pay."))
    price = priced(member, found, coupons)
    if price.total_fen != seen_fen:
        raise PriceChanged(_LOOK_AGAIN)
    now = clock.now()
    waiting = _waiting(member, found)
    if waiting is not None and waiting.expires_at > now and _is_still(waiting, found, price):
        return waiting
    if waiting is not None:
        end(waiting, Order.Status.EXPIRED, why="placed_anew")
    if found.plan is not None and found.credit_fen:
        _end_with_credit(member)
    return placed(member, found, price, now, actor)


@transaction.atomic
def cancel(*, user: User, number: str, actor: Actor) -> Order:
    """The member doesn't want it any more. Cancelled already, it stays so. Raises NoSuchOrder, OrderNotOpen."""
    order = Order.objects.select_for_update().filter(user=user, number=number).first()
    if order is None:
        raise NoSuchOrder(pgettext_lazy("order", "You have no such order."))
    if order.status == Order.Status.CLOSED:
        return order
    if not order.is_open:
        raise OrderNotOpen(pgettext_lazy("order", "This order waits for no payment any more."))
    end(order, Order.Status.CLOSED, why="cancelled")
    _tell("order.cancelled", order, actor)
    return order


def expire(*, now: datetime | None = None, at_once: int = 200) -> int:
    """End the orders that weren't paid in time; how many. Each in a transaction of its own: money that comes at this
    moment waits for none but its own order."""
    moment = now or clock.now()
    late = Order.objects.filter(status=Order.Status.CREATED, expires_at__lte=moment)
    ended = 0
    for pk in list(late.order_by("expires_at").values_list("pk", flat=True)[:at_once]):
        with transaction.atomic():
            order = Order.objects.select_for_update().filter(pk=pk, status=Order.Status.CREATED).first()
            if order is not None and order.expires_at <= moment:
                end(order, Order.Status.EXPIRED, why="not_paid_in_time")
                _tell("order.expired", order, Actor(member_id=order.user_id))
                ended += 1
    return ended


def end_waiting(member: User, offer: Offer) -> None:
    """The member's order of an offer that waits for payment waits no more: another takes its place. The caller holds
    the member's row."""
    if (waiting := _waiting(member, offer)) is not None:
        end(waiting, Order.Status.EXPIRED, why="placed_anew")


def _waiting(member: User, offer: Offer) -> Order | None:
    open_ = Order.objects.filter(user=member, offer=offer.ref, status=Order.Status.CREATED)
    return open_.select_for_update().first()


def _is_still(order: Order, offer: Offer, price: Priced) -> bool:
    """Is an order of what the offer is now, at this price? What staff changed since is ordered anew."""
    if (order.title, order.lines) != (offer.title, price.lines()):
        return False
    if dict(order.courses.values_list("course_id", "total_fen")) != shared_out(
        price.total_fen, offer.courses
    ):
        return False
    plan = offer.plan
    if plan is None:
        return True
    terms = OrderPlan.objects.filter(order=order, credited_at__isnull=not offer.credit_fen)
    return terms.filter(
        plan=plan, months=plan.months, grace_days=plan.grace_days, off_percent=plan.off_percent
    ).exists()


def placed(member: User, offer: Offer, price: Priced, now: datetime, actor: Actor) -> Order:
    """A new order at a price. The caller holds the member's row, and has ended the one that waited.

    Raises PriceChanged where somebody else took the last of what makes this price."""
    order = Order.objects.create(
        number=number("Z", now),
        user=member,
        offer=offer.ref,
        title=offer.title,
        price_fen=offer.price_fen,
        total_fen=price.total_fen,
        lines=price.lines(),
        created_at=now,
        expires_at=now + timedelta(minutes=settings.ZHIYUE_ORDER_MINUTES),
    )
    parts = shared_out(price.total_fen, offer.courses)
    terms = terms_of(parts)
    OrderCourse.objects.bulk_create(
        OrderCourse(order=order, course_id=course, total_fen=part, refund_terms=terms[course].to_json())
        for course, part in parts.items()
    )
    if offer.plan is not None:
        OrderPlan.objects.create(
            order=order,
            plan=offer.plan,
            months=offer.plan.months,
            grace_days=offer.plan.grace_days,
            off_percent=offer.plan.off_percent,
            credited_at=now if offer.credit_fen else None,
            refund_terms=plan_terms().to_json(),
        )
    if not holds.take(order, price.amounts(), price.flash.sale if price.flash else None):
        raise PriceChanged(_LOOK_AGAIN)
    journal.begin(order, why="placed")
    record(
        "order.placed",
        actor=actor,
        course_id=next(iter(offer.courses), None),
        order=order.pk,
        amount_fen=order.total_fen,
    )
    announce(OrderPlaced(order.pk))
    return order


def _end_with_credit(member: User) -> None:
    """What is left of a membership comes off one order: another one that waits with it ends."""
    waiting = Order.objects.select_for_update(of=("self",)).filter(
        user=member, status=Order.Status.CREATED, plan__credited_at__isnull=False
    )
    for order in waiting.order_by("pk"):
        end(order, Order.Status.EXPIRED, why="placed_anew")


def _tell(name: str, order: Order, actor: Actor) -> None:
    course_id = order.courses.values_list("course_id", flat=True).first()
    record(name, actor=actor, course_id=course_id, order=order.pk, amount_fen=order.total_fen)
