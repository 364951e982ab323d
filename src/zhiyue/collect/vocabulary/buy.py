"""Joining courses and the steps of an order."""

from zhiyue.collect.vocabulary.kinds import (
    ORDER_DAYS,
    SERVER,
    EventKind,
    Property,
    choice,
    money,
    row_id,
    word,
)

_ORDER = (row_id("order"), money("amount_fen"))


def _step(name: str, meaning: str, *more: Property) -> EventKind:
    """A step of an order: part of the contract, so it is kept whatever somebody consents to."""
    return EventKind(
        name,
        "buy",
        meaning,
        SERVER,
        about="course",
        is_course_optional=True,
        properties=(*_ORDER, *more),
        is_necessary=True,
        days_kept=ORDER_DAYS,
    )


KINDS = (
    EventKind(
        "trial.started",
        "buy",
        "A member began to try a course, or a membership, for so many days; it ends by itself.",
        SERVER,
        about="course",
        is_course_optional=True,
        properties=(
            Property("days", "int", least=1, most=366),
            Property("plan", "int", least=1, most=2**62 - 1, required=False),
        ),
        is_necessary=True,
        days_kept=ORDER_DAYS,
    ),
    EventKind(
        "course.enrolled",
        "buy",
        "A course became the member's own.",
        SERVER,
        about="course",
        is_necessary=True,
        days_kept=ORDER_DAYS,
    ),
    EventKind(
        "checkout.opened",
        "buy",
        "The page on which something is ordered was opened.",
        SERVER,
        about="course",
        is_course_optional=True,
        properties=(money("amount_fen"), word("coupon", most=40, required=False)),
    ),
    _step("order.placed", "An order was placed and waits for its payment."),
    _step(
        "order.paid",
        "An order was paid.",
        choice("provider", "wechat", "alipay", "stripe", "sandbox", "balance", "offline", "none", "other"),
    ),
    _step("order.failed", "A payment was begun and didn't succeed.", word("reason", most=40, required=False)),
    _step("order.cancelled", "An order was cancelled by its member before it was paid."),
    _step("order.expired", "An order was not paid in time."),
    _step(
        "order.refund_asked",
        "A member asked for their money back.",
        word("reason", most=40, required=False),
    ),
    _step("order.refunded", "An order's money went back; the amount is what was given back."),
    EventKind(
        "coupon.claimed",
        "buy",
        "A member entered the code of a coupon, and has it from then on.",
        SERVER,
        properties=(row_id("coupon"),),
    ),
    _step(
        "code.redeemed",
        "A member redeemed a code, which opened what it is for; the amount is the price it stands for.",
        row_id("batch"),
    ),
    _step(
        "coupon.used",
        "An order that holds a coupon was paid; the amount is what the coupon took off.",
        row_id("coupon"),
    ),
)
