"""A program that kills its own children between any two steps of buying memberships and bundles with a coupon, and of
giving them back, and looks at what is left; as `killed` does with courses, whose forks it borrows and who has set
Django up.

Everybody buys two bundles and a month. Of the second bundle they think better, and pay it too late or not at all; and
by turns they keep the month, upgrade it, upgrade it and give the year back, or give the month back.
"""

import os
import time
from collections import Counter
from datetime import datetime, timedelta

from tests.product.commerce.killed import A_FEW, DONE, READY, forked, kill_again_and_again

# ruff: isort: split
from django.db.models import Count, F, Q, QuerySet, Sum

from tests.factories import make_bundle, make_course, make_member, make_plan
from tests.product.commerce.coupon_makers import make
from tests.product.commerce.killed_refunding import STAFF, WAYS, settle
from tests.product.commerce.trying import books
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.second_factor import viewer_of
from zhiyue.core.accounts.services import grant
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.lowering.holds import GIVING_BACK
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.models import (
    Bundle,
    CouponUse,
    Entry,
    Order,
    OrderCourse,
    Plan,
    Refund,
    RefundPart,
    SandboxTrade,
)
from zhiyue.product.commerce.orders import cancel, place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.periods import months_later
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.providers.protocol import Notice
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.deciding import give_back
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.selectors import bought

KILLS, ENDS = 30, 12
# A person has two tasks.
PEOPLE, PEOPLE_A_CHILD = 100, 0.5
# How often the coupon may be used by all and by each, and so many days before it was ordered a month began.
USES, EACH, DAYS_AGO = 9, 2, 3
SHOPPED, WENT = "shopped", "went"
KEEPS, UPGRADES, UPGRADES_AND_RETURNS, RETURNS = range(4)


def main() -> None:
    forked(prepare)
    begun = time.monotonic()
    forked(let_a_few_shop)
    # Somebody whom one child left in the middle is finished by the next.
    within = PEOPLE_A_CHILD * (time.monotonic() - begun) / A_FEW
    kills = kill_again_and_again(let_them_shop, within=within, kills=KILLS, ends=ENDS)
    forked(look)
    print(f"killed {kills} times: each month is whose it was, the coupon held, and the books balance")


def prepare(_: int) -> None:
    staff = make_member(STAFF)
    grant(user=staff, role="operator")
    courses = [make_course(f"course-{number}", price_fen=4_900) for number in range(4)]
    make_bundle(courses[:2], slug="first", price_fen=5_001)
    make_bundle(courses[2:], slug="second", price_fen=7_003)
    make_plan("月", price_fen=3_100)
    make_plan("年", months=12, price_fen=30_000)
    make(staff, off_fen=301, most_uses=USES, most_each=EACH)
    for number in range(PEOPLE):
        make_member(f"m{number}@test.example")
    # What follows from new courses isn't tried here, and would take most of the time.
    Job.objects.all().delete()


def let_a_few_shop(_: int) -> None:
    """Nobody waits for it to have begun."""
    let_them_shop(None, most=A_FEW)


def let_them_shop(pipe: int | None, most: int = PEOPLE) -> None:
    """One person after the other; begins with whoever the former child left in the middle."""
    settle()
    check_coupon()
    if pipe is not None:
        os.write(pipe, READY)
    for member in people().exclude(display_name=WENT)[:most]:
        for task in (shop, think_again):
            if task is shop and member.display_name == SHOPPED:
                continue
            task(member)
            if pipe is not None:
                os.write(pipe, DONE)


def people() -> QuerySet[User]:
    return User.objects.exclude(email=STAFF).order_by("pk")


def way_of(member: User) -> int:
    return member.pk % 4


def is_late(member: User) -> bool:
    """Does the money of the second bundle come when its order was cancelled, and the coupon may be gone?"""
    return member.pk % 3 != 0


def shop(member: User) -> None:
    """Each step looks first whether it was done."""
    buy(member, bundle("first"))
    notice = think_better(member, bundle("second"))
    month = buy(member, plan(1))
    Order.objects.filter(pk=month.pk).update(paid_at=F("created_at") - timedelta(days=DAYS_AGO))
    if notice is not None:
        receive("sandbox", notice)
    User.objects.filter(pk=member.pk).update(display_name=SHOPPED)


def think_again(member: User) -> None:
    """What becomes of the month, and of the first bundle."""
    way, first = way_of(member), buy(member, bundle("first"))
    if way in (UPGRADES, UPGRADES_AND_RETURNS):
        year = buy(member, plan(12))
        if way == UPGRADES_AND_RETURNS:
            return_membership(member, year)
            return_whole(member, first)
    elif way == RETURNS:
        return_membership(member, buy(member, plan(1)))
        return_one(member, first)
    run_due()
    User.objects.filter(pk=member.pk).update(display_name=WENT)


def bundle(slug: str) -> str:
    return f"bundle:{Bundle.objects.get(slug=slug).pk}"


def plan(months: int) -> str:
    return f"plan:{Plan.objects.get(months=months).pk}"


def buy(member: User, offer: str) -> Order:
    paid = Order.objects.filter(user=member, offer=offer, paid_at__isnull=False).first()
    if paid is not None:
        return paid
    order = placed(member, offer)
    notice = pressed(member, order)
    receive("sandbox", notice)
    return order


def think_better(member: User, offer: str) -> Notice | None:
    """Cancel what was just ordered; where its money is on its way, the notice that tells of it."""
    over = Order.objects.filter(user=member, offer=offer).exclude(status=Order.Status.CREATED)
    if over.exclude(status=Order.Status.EXPIRED).exists():
        return None
    order = placed(member, offer)
    notice = pressed(member, order) if is_late(member) else None
    cancel(user=member, number=order.number, actor=Actor(member_id=member.pk))
    return notice


def placed(member: User, offer: str) -> Order:
    """With the best coupon there is."""
    seen = checkout_of(member, offer).price.total_fen
    return place(user=member, offer=offer, seen_fen=seen, actor=Actor(member_id=member.pk))


def pressed(member: User, order: Order) -> Notice:
    """What the till tells of it once it is paid there."""
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    payment = begin(user=member, order_number=order.number, **ways)
    if SandboxTrade.objects.get(number=payment.number).state != SandboxTrade.State.WAITING:
        return sandbox.settled_notice(payment.number)
    return sandbox.press(payment.number, "pay", refund_way=WAYS[order.pk % len(WAYS)])


def return_membership(member: User, order: Order) -> None:
    found = refund_of(member, order.number)
    if not found.closed_to:
        asked(member, order, [], found.parts[0].by_rule_fen)


def return_one(member: User, order: Order) -> None:
    """By rule a bundle goes back whole: of one course staff decide."""
    if not order.refunds.exists():
        staff, part = viewer_of(User.objects.get(email=STAFF)), refund_of(member, order.number).parts[0]
        amounts = {part.part.pk: part.left_fen}
        give_back(viewer=staff, order_number=order.number, amounts=amounts, why="returned")


def return_whole(member: User, order: Order) -> None:
    found = refund_of(member, order.number)
    if not found.closed_to:
        courses = [one.part.course_id for one in found.open]
        asked(member, order, courses, sum(one.by_rule_fen for one in found.open))


def asked(member: User, order: Order, course_ids: list[int], seen_fen: int) -> None:
    told = {"reason": "time", "actor": Actor(member_id=member.pk)}
    ask(user=member, order_number=order.number, course_ids=course_ids, seen_fen=seen_fen, **told)


def check_coupon() -> None:
    """As often as it may be used at most, at any moment; and by those orders alone whose price it lowered."""
    held = CouponUse.objects.filter(returned_at=None)
    lowered = {
        order.pk: -sum(line["amount_fen"] for line in order.lines if line["kind"] == "coupon")
        for order in Order.objects.all()
    }
    uses = dict(CouponUse.objects.values_list("order").annotate(n=Sum("amount_fen")))
    ended = Order.objects.filter(status__in=GIVING_BACK).values("pk")
    complain(
        {
            "used more often than all may": max(held.count() - USES, 0),
            "used more often than one may": list(
                held.values("order__user").annotate(n=Count("pk")).filter(n__gt=EACH)
            ),
            "what orders hold isn't what lowered them": uses.items()
            ^ {one for one in lowered.items() if one[1]},
            "held by an order that ended": held.filter(order__in=ended).count(),
            "given back by one that didn't": CouponUse.objects.filter(returned_at__isnull=False)
            .exclude(order__in=ended)
            .count(),
        }
    )


def complain(wrong: dict[str, object]) -> None:
    if found := {what: rows for what, rows in wrong.items() if rows}:
        raise AssertionError(found)


def look(_: int) -> None:
    settle()
    for member in people().filter(orders__isnull=False).exclude(display_name=WENT).distinct():
        shop(member)
        think_again(member)
    settle()
    went = list(people().filter(display_name=WENT))
    check_coupon()
    complain(money_wrong())
    complain(memberships_wrong(went))
    complain(rights_wrong(went))
    complain(told_wrong())
    if len(went) < A_FEW + ENDS // 2 or {way_of(one) for one in went} != {
        KEEPS,
        UPGRADES,
        UPGRADES_AND_RETURNS,
        RETURNS,
    }:
        raise AssertionError(f"only {len(went)} shopped: nothing was tried")
    if not Refund.objects.filter(cause=Refund.Cause.OWED).exists():
        raise AssertionError("no late money found its coupon gone: that wasn't tried")


def paid_orders() -> QuerySet[Order]:
    return Order.objects.filter(paid_at__isnull=False)


def gone() -> dict[str, int]:
    """What went back at the till, by the numbers of refunds."""
    trades = SandboxTrade.objects.exclude(refunds={})
    return {number: fen for trade in trades for number, fen in trade.refunds.items() if fen}


def money_wrong() -> dict[str, object]:
    trades = SandboxTrade.objects.filter(state=SandboxTrade.State.PAID)
    came = dict(trades.values_list("number", "amount_fen"))
    keys = [key.partition(":") for key in Entry.objects.values_list("key", flat=True)]
    back, accounts = gone(), books()
    done = Refund.objects.filter(status=Refund.Status.DONE)
    not_owed = done.exclude(cause=Refund.Cause.OWED)
    of_bundles = not_owed.filter(order__offer__startswith="bundle:").aggregate(n=Sum("amount_fen"))["n"] or 0
    return {
        "entries don't sum to 0": ledger.unbalanced(),
        "money that isn't in the books": came.keys() ^ {key for kind, _, key in keys if kind == "paid"},
        "went back twice": [one.number for one in trades if sum(one.refunds.values()) > one.amount_fen],
        "went back, and isn't done; or the other way round": back.items()
        ^ set(done.values_list("number", "amount_fen")),
        "back in the books": back.keys() ^ {key for kind, _, key in keys if kind == "refunded"},
        "not settled": list(Refund.objects.filter(status__in=Refund.UNDER_WAY).values_list("number")),
        "owed by the provider": accounts["receivable:sandbox"] - sum(came.values()) + sum(back.values()),
        "owed to members": {one: fen for one, fen in accounts.items() if one.startswith("owed:") and fen},
        "refunds in the books": accounts.get(ledger.REFUNDS, 0) - of_bundles,
        "refunded of orders": Order.objects.aggregate(n=Sum("refunded_fen"))["n"]
        - not_owed.aggregate(n=Sum("amount_fen"))["n"],
        "not fulfilled": list(Order.objects.filter(status=Order.Status.PAID).values_list("number")),
        "paid twice": list(
            paid_orders().values("user", "offer").annotate(n=Count("pk")).filter(n__gt=1).values_list("offer")
        ),
    }


def memberships_wrong(went: list[User]) -> dict[str, object]:
    """What everybody's months and years should have left, reckoned by what they did."""
    orders = {(one.user_id, one.offer): one for one in paid_orders().select_related("plan")}
    left, returned, earned = {}, {}, 0
    for member in went:
        month, year, way = orders[member.pk, plan(1)], orders.get((member.pk, plan(12))), way_of(member)
        back = month.refunds.order_by("pk").first()
        days, over = days_of(
            month, year.plan.credited_at if year else back.asked_at if back else month.paid_at
        )
        over_fen = month.total_fen * over // days
        if way == KEEPS:
            left[month] = month.total_fen
        elif way == RETURNS:
            # The day that runs is used up.
            kept = -(-month.total_fen * (over + 1) // days)
            returned[month] = month.total_fen - kept
            earned += kept
        elif year is not None:
            took = month.total_fen - over_fen
            earned += over_fen
            if way == UPGRADES:
                left[year] = year.total_fen + took
            else:
                left[month], returned[year] = took, year.total_fen
    sold = paid_orders().filter(offer__startswith="bundle:").aggregate(n=Sum("total_fen"))["n"]
    stands = {one: fen for one, fen in books().items() if one.startswith(ledger.DEFERRED) and fen}
    went_back = {one.pk: one.refunded_fen for one in orders.values() if one.is_of_plan and one.refunded_fen}
    return {
        "deferred": stands.items() ^ {(ledger.deferred(one), -fen) for one, fen in left.items()},
        "went back of memberships": went_back.items() ^ {(one.pk, fen) for one, fen in returned.items()},
        "revenue": books()[ledger.REVENUE] + sold + earned,
    }


def days_of(month: Order, moment: datetime) -> tuple[int, int]:
    """How many days a month has, and how many of them were over at a moment."""
    zone = clock.business_zone()
    begun = month.paid_at.astimezone(zone).date()
    until = months_later(month.paid_at, 1, zone).astimezone(zone).date()
    return (until - begun).days, (moment.astimezone(zone).date() - begun).days


def rights_wrong(went: list[User]) -> dict[str, object]:
    runs = {KEEPS: 1, UPGRADES: 12, UPGRADES_AND_RETURNS: 1, RETURNS: None}
    wrong = []
    for member in went:
        running = membership_of(member).running
        if (running.plan.months if running else None) != runs[way_of(member)]:
            wrong.append(member.pk)
    rights = bought()
    given_back = RefundPart.objects.filter(part__isnull=False, refund__status=Refund.Status.DONE)
    return {
        "another membership than was bought": wrong,
        "a right twice": list(
            rights.values("order__user", "course")
            .annotate(n=Count("pk"))
            .filter(n__gt=1)
            .values_list("course")
        ),
        "rights without money, or money without rights": rights.count()
        - OrderCourse.objects.filter(order__in=paid_orders()).count()
        + given_back.count(),
    }


def told_wrong() -> dict[str, object]:
    """Once each, and nothing else."""
    by_coupon = CouponUse.objects.filter(order__paid_at__isnull=False)
    parts = RefundPart.objects.filter(refund__status=Refund.Status.DONE)
    asked_for = Refund.objects.filter(cause=Refund.Cause.ASKED, again_of=None)
    wanted = {
        "order.placed": Order.objects.count(),
        "order.paid": paid_orders().count(),
        "order.cancelled": Order.objects.filter(steps__why="cancelled").count(),
        "course.enrolled": OrderCourse.objects.filter(order__in=paid_orders()).count(),
        "coupon.used": by_coupon.count(),
        "order.refund_asked": asked_for.count(),
        "order.refunded": parts.exclude(refund__cause=Refund.Cause.OWED).count(),
    }
    told = Counter(Event.objects.filter(Q(name__in=wanted)).values_list("name", flat=True))
    return {
        "recorded": told.items() ^ wanted.items(),
        # Of approval and end.
        "mails": OutgoingMessage.objects.count() - 2 * len(gone()),
    }


if __name__ == "__main__":
    main()
