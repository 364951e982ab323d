"""A program that kills its own children between any two steps of a refund, and looks at what is left; as `killed` does
with payments, whose forks it borrows and who has set Django up.
"""

import os
import time

from tests.product.commerce.killed import A_FEW, DONE, ORDERS_A_CHILD, READY, forked, kill_again_and_again

# ruff: isort: split
from django.db.models import Sum

from tests.factories import make_course, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.second_factor import viewer_of
from zhiyue.core.accounts.services import grant
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import Order, OrderCourse, Payment, Refund, SandboxTrade
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive, take_in
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.deciding import give_back, send_again
from zhiyue.product.commerce.refunds.reckoning import refund_of, under_way
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.selectors import bought
from zhiyue.product.learning.services import open_lesson

KILLS, ENDS = 60, 20
COURSES = 300
MEMBER, STAFF = "killed@test.example", "staff@test.example"
# How the till deals with refunds, by turns.
WAYS = ("at_once", "fail_first", "slowly")


def main() -> None:
    forked(prepare)
    begun = time.monotonic()
    forked(return_a_few)
    # So long, whatever else this machine does, that a child gets into its first refund or the one after it.
    within = ORDERS_A_CHILD * (time.monotonic() - begun) / A_FEW
    kills = kill_again_and_again(buy_and_return, within=within, kills=KILLS, ends=ENDS)
    forked(look)
    print(f"killed {kills} times: money went back exactly once, and the books balance")


def prepare(_: int) -> None:
    make_member(MEMBER)
    grant(user=make_member(STAFF), role="operator")
    for number in range(COURSES):
        make_course(f"course-{number}", price_fen=100 + number)
    Job.objects.all().delete()


def return_a_few(_: int) -> None:
    """Nobody waits for it to have begun."""
    buy_and_return(None, most=A_FEW)


def buy_and_return(pipe: int | None, most: int = COURSES) -> None:
    """Buys one course after the other and gives each back; begins with what the former child left in the middle."""
    settle()
    if pipe is not None:
        os.write(pipe, READY)
    member = User.objects.get(email=MEMBER)
    over = OrderCourse.objects.exclude(returned_at=None).values("course_id")
    for course in Course.objects.exclude(pk__in=over).order_by("pk")[:most]:
        order = paid(member, course)
        # A third of the courses was opened before; another third is given back by staff.
        if course.pk % 3 == 1:
            read(member, course)
        return_money(member, order, by_staff=course.pk % 3 == 2)
        run_due()
        if pipe is not None:
            os.write(pipe, DONE)


def paid(member: User, course: Course) -> Order:
    owned = Order.objects.filter(user=member, courses__course=course, paid_at__isnull=False).first()
    if owned is not None:
        return owned
    actor = Actor(member_id=member.pk)
    order = place(user=member, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    payment = begin(user=member, order_number=order.number, **ways)
    if SandboxTrade.objects.get(number=payment.number).state == SandboxTrade.State.WAITING:
        way = WAYS[course.pk % len(WAYS)]
        receive("sandbox", sandbox.press(payment.number, "pay", refund_way=way))
    else:
        settle()
    return order


def read(member: User, course: Course) -> None:
    lesson = Lesson.objects.select_related("course__teacher").get(course=course, slug="two")
    open_lesson(user=member, actor=Actor(member_id=member.pk), lesson=lesson)


def return_money(member: User, order: Order, *, by_staff: bool) -> None:
    part = refund_of(member, order.number).parts[0]
    if by_staff and under_way(order) is None:
        staff = viewer_of(User.objects.get(email=STAFF))
        amounts = {part.part.pk: part.left_fen}
        give_back(viewer=staff, order_number=order.number, amounts=amounts, why="returned")
    elif not by_staff:
        ask(
            user=member,
            order_number=order.number,
            course_ids=[part.part.course_id],
            reason="time",
            seen_fen=part.by_rule_fen,
            actor=Actor(member_id=member.pk),
        )


def settle() -> None:
    """What a provider, a worker and staff do after a fall: the first tells again, the others go on."""
    till = sandbox.Sandbox()
    for number in Payment.objects.filter(status=Payment.Status.BEGUN).values_list("number", flat=True):
        told = till.ask(number)
        if told.kind == "paid":
            take_in("sandbox", told)
    # The lease of a worker that was killed runs out in a minute.
    Job.objects.filter(state=Job.State.RUNNING).update(claimable_at=clock.now())
    run_due()
    pursue_now()
    staff = viewer_of(User.objects.get(email=STAFF))
    failed = Refund.objects.filter(status=Refund.Status.FAILED, again=None)
    for number in list(failed.values_list("number", flat=True)):
        send_again(viewer=staff, number=number, why="the bank is back")
    run_due()
    pursue_now()


def pursue_now() -> None:
    """As half a minute later: what was slow is through, and every refund is due."""
    now = clock.now()
    for trade in SandboxTrade.objects.exclude(refunds={}):
        trade.refunds_at = dict.fromkeys(trade.refunds_at, now.isoformat())
        trade.save(update_fields=["refunds_at"])
    Refund.objects.filter(status__in=Refund.TO_SEND).update(due_at=now)
    pursue(now=clock.now())


def look(_: int) -> None:
    settle()
    trades = list(SandboxTrade.objects.filter(state=SandboxTrade.State.PAID))
    gone = {number: fen for trade in trades for number, fen in trade.refunds.items() if fen}
    came_fen, gone_fen = sum(trade.amount_fen for trade in trades), sum(gone.values())
    books = {one.account: one.amount_fen for one in ledger.balances()}
    done = Refund.objects.filter(status=Refund.Status.DONE)
    wrong = {
        "entries don't sum to 0": ledger.unbalanced(),
        "went back twice": [
            one.number for one in trades if len([fen for fen in one.refunds.values() if fen]) > 1
        ],
        "went back, and isn't done; or the other way round": set(gone)
        ^ set(done.values_list("number", flat=True)),
        "not settled": list(
            Refund.objects.filter(status__in=Refund.UNDER_WAY).values_list("number", flat=True)
        ),
        "refunds in the books": books["refunds"] - gone_fen,
        "owed by the provider": books["receivable:sandbox"] - came_fen + gone_fen,
        "refunded of orders": (Order.objects.aggregate(n=Sum("refunded_fen"))["n"] or 0) - gone_fen,
        "open after its money went": bought().filter(order__refunds__status="done").count(),
        "a right without money": bought().count() - (len(trades) - len(gone)),
        "recorded twice": Event.objects.filter(name="order.refunded").count() - len(gone),
        "told of approval and end": OutgoingMessage.objects.count() - 2 * len(gone),
    }
    if found := {what: rows for what, rows in wrong.items() if rows}:
        raise AssertionError(found)
    if len(gone) < ENDS // 2 or not Refund.objects.filter(again__isnull=False).exists():
        raise AssertionError(f"only {len(gone)} went back: nothing was tried")


if __name__ == "__main__":
    main()
