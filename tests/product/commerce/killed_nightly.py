"""A program that kills its own children between any two steps of what is done by night: memberships are earned,
statements of teachers are made and paid, invoices are issued and follow what goes back. Looks at what is left, as
`killed` does with payments, whose forks it borrows and who has set Django up.

Years ago some bought memberships for years, and read by them. Every night is that of the first of one of those months;
a task whose child was killed is begun anew.
"""

import os
import time
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from tests.product.commerce.killed import A_FEW, DONE, READY, forked, kill_again_and_again

# ruff: isort: split
from django.conf import settings
from django.db.models import Count, QuerySet, Sum

from tests.factories import make_course, make_member, make_plan
from tests.product.commerce.invoice_makers import COMPANY, asked_invoice
from tests.product.commerce.killed_refunding import STAFF, WAYS, settle
from tests.product.commerce.trying import begun, books, ordered
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.second_factor import viewer_of
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.catalogue.models import Course, Lesson, Teacher
from zhiyue.product.catalogue.services import put_teacher
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.invoices.sandbox import LOST
from zhiyue.product.commerce.invoices.sending import pursue_invoices
from zhiyue.product.commerce.membership.deferring import earn
from zhiyue.product.commerce.models import (
    Entry,
    Invoice,
    LessonOpening,
    Order,
    OrderPlan,
    OrderStep,
    PayoutStatement,
    Posting,
    Refund,
    SandboxInvoice,
    SandboxTrade,
    TeacherShare,
)
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.periods import months_later
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.refunds.deciding import give_back
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.selectors import bought
from zhiyue.product.commerce.teaching_shares.deciding import PaidOut, mark_paid, void
from zhiyue.product.commerce.teaching_shares.statements import make_statements

KILLS, ENDS = 30, 12
# Of three tasks a night.
NIGHTS_A_CHILD = 0.4
READERS, YEARS, YEAR_FEN, SOLD_FEN = 3, 6, 36_007, 9_901
NIGHTS = 12 * YEARS
# A share of a half, and a month in which a teacher earned little is carried on.
PERMILLE, LEAST_FEN = 500, 3_000
BUYER, READER, CLERK = "buyer-{}@test.example", "reader-{}@test.example", "clerk@test.example"
TEACHERS = ("he-mu", "other")
KEEPS_ALL, KEEPS_SOME, KEEPS_NOTHING = range(3)
_S = Invoice.Status


def main() -> None:
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE, settings.ZHIYUE_PAYOUT_LEAST_FEN = PERMILLE, LEAST_FEN
    forked(prepare)
    started = time.monotonic()
    forked(work_a_few_nights)
    within = NIGHTS_A_CHILD * (time.monotonic() - started) / A_FEW
    kills = kill_again_and_again(work_by_night, within=within, kills=KILLS, ends=ENDS)
    forked(look)
    print(f"killed {kills} times: each month earned, stated, paid and invoiced once, and the books balance")


def prepare(_: int) -> None:
    grant(user=make_member(STAFF), role="operator")
    # Their name is the number of tasks that are done.
    make_member(CLERK, "0")
    for number in range(NIGHTS):
        make_member(BUYER.format(number))
    courses = [make_course(f"course-{number}", price_fen=SOLD_FEN) for number in range(8)]
    put_teacher(slug="other", name="别人", headline="x", bio="")
    for slug in TEACHERS:
        Teacher.objects.filter(slug=slug).update(user=make_member(f"{slug}@test.example"))
    other = Teacher.objects.get(slug="other")
    Course.objects.filter(pk__in=[one.pk for one in courses[4:]]).update(teacher=other)
    lessons = [list(lessons_of(courses[:4])), list(lessons_of(courses[4:]))]
    offer = f"plan:{make_plan('年', months=12, price_fen=YEAR_FEN).pk}"
    for number in range(READERS):
        reader = make_member(READER.format(number))
        for year in range(YEARS):
            order = place(user=reader, offer=offer, seen_fen=YEAR_FEN, actor=Actor(member_id=reader.pk))
            pay(reader, order)
            read(OrderPlan.objects.get(order=order), number, year, lessons)
        Order.objects.filter(user=reader).update(paid_at=first_year(number))
    Job.objects.all().delete()


def lessons_of(courses: list[Course]) -> QuerySet[Lesson]:
    return Lesson.objects.filter(course__in=courses, is_free=False).order_by("pk")


def first_year(reader: int) -> datetime:
    """When a reader's first year began; the others follow it."""
    return datetime(2016, 1, 5 + 9 * reader, 10, tzinfo=clock.business_zone())


def later(reader: int, months: int) -> datetime:
    return months_later(first_year(reader), months, clock.business_zone())


def read(plan: OrderPlan, reader: int, year: int, lessons: list[list[Lesson]]) -> None:
    """A lesson of each teacher a month, a day after it has begun."""
    LessonOpening.objects.bulk_create(
        LessonOpening(
            plan=plan, lesson=of_teacher[month], at=later(reader, 12 * year + month) + timedelta(days=1)
        )
        for month in range(12)
        for of_teacher in lessons
    )


def pay(user: User, order: Order) -> None:
    payment = begun(user, order, "sandbox", "page")
    if SandboxTrade.objects.get(number=payment.number).state == SandboxTrade.State.WAITING:
        receive("sandbox", sandbox.press(payment.number, "pay", refund_way=WAYS[order.pk % len(WAYS)]))


def tasks_done() -> int:
    return int(User.objects.get(email=CLERK).display_name)


def night_of(number: int) -> date:
    """The first day of a month: of the first that follows the first buyer's, and so on."""
    return date(2016 + (number + 1) // 12, (number + 1) % 12 + 1, 1)


def work_a_few_nights(_: int) -> None:
    """Nobody waits for it to have begun."""
    work_by_night(None, most=A_FEW * len(TASKS))


def work_by_night(pipe: int | None, most: int = 3 * NIGHTS) -> None:
    """One task after the other; begins with the one in which the former child was killed."""
    settle()
    if pipe is not None:
        os.write(pipe, READY)
    for done in range(tasks_done(), NIGHTS * len(TASKS))[:most]:
        night, task = divmod(done, len(TASKS))
        TASKS[task](night)
        User.objects.filter(email=CLERK).update(display_name=str(done + 1))
        if pipe is not None:
            os.write(pipe, DONE)
    if pipe is not None:
        raise AssertionError("there were too few nights")


def sell(number: int) -> None:
    """A course with its invoice: by turns some of its money goes back, or all, before it is issued or after."""
    buyer = User.objects.get(email=BUYER.format(number))
    course = Course.objects.get(slug=f"course-{number % 4}")
    order = Order.objects.filter(user=buyer).first() or ordered(buyer, course)
    if order.paid_at is None:
        pay(buyer, order)
    if not order.invoices.exists():
        asked_invoice(buyer, order, title=f"{LOST}公司" if number % 4 == 0 else COMPANY["title"])
    if number % 2:
        run_due()
        let_invoices_through()
    found = refund_of(buyer, order.number)
    if way_of(number) != KEEPS_ALL and not found.closed_to:
        amount = SOLD_FEN if way_of(number) == KEEPS_NOTHING else SOLD_FEN // 3
        staff = viewer_of(User.objects.get(email=STAFF))
        give_back(viewer=staff, order_number=order.number, amounts={found.parts[0].part.pk: amount}, why="x")
    settle()
    let_invoices_through()
    # As if it had been sold long before.
    shares = TeacherShare.objects.filter(order=order, statement=None)
    shares.update(due_at=clock.day_start(night_of(number)) - timedelta(days=1))


def way_of(number: int) -> int:
    return number % 3


def let_invoices_through() -> None:
    """As long later as the issuer takes to issue one, reverse it, and issue another."""
    for _ in range(6):
        now = clock.now()
        SandboxInvoice.objects.update(through_at=now)
        SandboxInvoice.objects.filter(reversal_through_at__isnull=False).update(reversal_through_at=now)
        Invoice.objects.filter(due_at__isnull=False).update(due_at=now)
        if not pursue_invoices(now=clock.now()) and not Invoice.objects.filter(due_at__isnull=False).exists():
            break


def hour_of(number: int) -> datetime:
    return clock.day_start(night_of(number)) + timedelta(hours=2, minutes=10)


def earn_memberships(number: int) -> None:
    earn(now=hour_of(number))


def pay_teachers(number: int) -> None:
    """By their statements. Every fifth is made void instead."""
    make_statements(now=hour_of(number))
    staff = viewer_of(User.objects.get(email=STAFF))
    for one in PayoutStatement.objects.filter(status=PayoutStatement.Status.OPEN).order_by("pk"):
        if is_void(one):
            void(viewer=staff, number=one.number, why="wrong account")
        else:
            on = clock.business_day(one.made_at)
            mark_paid(viewer=staff, number=one.number, paid=PaidOut(on=on, how="bank"))


def is_void(statement: PayoutStatement) -> bool:
    return (statement.month.month + statement.teacher_id) % 5 == 0


TASKS = (sell, earn_memberships, pay_teachers)


def look(_: int) -> None:
    settle()
    # The night in which the last child was killed; what was done of it, done again, changes nothing.
    last = tasks_done() // len(TASKS)
    for task in TASKS:
        task(last)
    settle()
    run_due()
    wrong = {"entries don't sum to 0": ledger.unbalanced()}
    wrong |= earnings_wrong(last) | statements_wrong(last) | invoices_wrong(last) | told_wrong()
    if found := {what: rows for what, rows in wrong.items() if rows}:
        raise AssertionError(found)
    states = {*PayoutStatement.objects.values_list("status", flat=True)}
    states |= {*Invoice.objects.values_list("status", flat=True)}
    if last < A_FEW + ENDS // len(TASKS) or states != {"paid", "void", _S.ISSUED, _S.REVERSED, _S.WITHDRAWN}:
        raise AssertionError(f"{last} nights came to {states}: not all was tried")


def earnings_wrong(last: int) -> dict[str, object]:
    """What the years should have left by their days, and in how many nights each should have earned."""
    nights = [night_of(number) for number in range(last + 1)]
    left, entries, earned = {}, {}, 0
    for number in range(READERS):
        orders = Order.objects.filter(user__email=READER.format(number)).order_by("pk")
        for year, order in enumerate(orders):
            start, end = later(number, 12 * year).date(), later(number, 12 * year + 12).date()
            days, over = (end - start).days, min(max((nights[-1] - start).days, 0), (end - start).days)
            left[ledger.deferred(order)] = YEAR_FEN * over // days - YEAR_FEN
            earned += YEAR_FEN * over // days
            entries[order.pk] = sum(start < one <= first_after(end) for one in nights)
    stands = {one: fen for one, fen in books().items() if one.startswith(ledger.DEFERRED)}
    made = Entry.objects.filter(kind="earned").values_list("order").annotate(n=Count("pk"))
    # A course that is sold is earned at once.
    sold = SOLD_FEN * bought_courses().count()
    return {
        "deferred": stands.items() ^ left.items(),
        "earned more often than there were nights, or less": set(made)
        ^ {(pk, n) for pk, n in entries.items() if n},
        "revenue": books()[ledger.REVENUE] + earned + sold,
    }


def first_after(day: date) -> date:
    """The first of the month after, in whose night what ended on a day is earned whole."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def bought_courses() -> QuerySet[Order]:
    return Order.objects.filter(offer__startswith="course:", paid_at__isnull=False)


def statements_wrong(last: int) -> dict[str, object]:
    """Each share once in the books, and in one statement that holds, or in none yet."""
    moment, month = clock.day_start(night_of(last)), night_of(last - 1)
    shares, statements = TeacherShare.objects.all(), PayoutStatement.objects.all()
    paid = statements.filter(status="paid")
    of_sales = Posting.objects.filter(entry__kind__in=("share", "share_back"), account__startswith="teacher:")
    of_payouts = Entry.objects.filter(kind="payout")
    read = LessonOpening.objects.filter(at__lt=moment)
    stated = shares.filter(statement__isnull=False).values_list("statement")
    waiting = shares.filter(statement=None, due_at__lt=moment).exclude(
        teacher__in=statements.filter(month=month).values("teacher")
    )
    enough = waiting.values("teacher").annotate(n=Sum("amount_fen")).filter(n__gte=LEAST_FEN)
    return {
        "shares that aren't in the books": set(shares.exclude(amount_fen=0).values_list("key", "amount_fen"))
        ^ {(key, -fen) for key, fen in of_sales.values_list("entry__key", "amount_fen")},
        "shares of more than was earned, or less": earned_and_read().items() ^ shared().items(),
        "read and not shared": read.count() - shares.filter(part=None).count(),
        "owed to teachers": {
            ledger.teacher(one.pk)
            for one in Teacher.objects.all()
            if books()[ledger.teacher(one.pk)]
            != sum_of(paid.filter(teacher=one)) - sum_of(shares.filter(teacher=one))
        },
        "paid to teachers": books()[ledger.PAID_TO_TEACHERS] + sum_of(paid),
        "statements of other shares than theirs": set(stated.annotate(n=Sum("amount_fen")))
        ^ set(paid.values_list("pk", "amount_fen")),
        "statements of other lines than theirs": set(statements.values_list("pk", "amount_fen"))
        ^ set(statements.values_list("pk").annotate(n=Sum("lines__share_fen"))),
        "not decided": statements.filter(status="open").count(),
        "due, enough and not stated": list(enough),
        "paid out": set(of_payouts.values_list("key", flat=True))
        ^ {f"payout:{number}" for number in paid.values_list("number", flat=True)},
    }


def sum_of(rows: QuerySet[Any]) -> int:
    return rows.aggregate(n=Sum("amount_fen"))["n"] or 0


def earned_and_read() -> dict[str, int]:
    """What was earned by each entry of the books in whose time something was read."""
    found, before = {}, {}
    for one in Entry.objects.filter(kind="earned").order_by("at", "pk"):
        since = before.get(one.order_id, clock.day_start(date(2000, 1, 1)))
        before[one.order_id] = one.at
        if LessonOpening.objects.filter(plan__order=one.order_id, at__gte=since, at__lt=one.at).exists():
            found[one.key] = one.postings.get(account__startswith=ledger.DEFERRED).amount_fen
    return found


def shared() -> dict[str, int]:
    """What was shared, by the entry of which it is."""
    found: Counter[str] = Counter()
    for key, fen in TeacherShare.objects.filter(part=None).values_list("key", "sold_fen"):
        found[key.removeprefix("share:").rpartition(":")[0]] += fen
    return found


def invoices_wrong(last: int) -> dict[str, object]:
    wanted = {KEEPS_ALL: SOLD_FEN, KEEPS_SOME: SOLD_FEN - SOLD_FEN // 3, KEEPS_NOTHING: 0}
    kept = {BUYER.format(number): wanted[way_of(number)] for number in range(last + 1)}
    invoices = Invoice.objects.all()
    issued = invoices.exclude(invoice_number="")
    steps = Counter(OrderStep.objects.filter(why__startswith="invoice_").values_list("why", flat=True))
    return {
        "invoices of other amounts than are kept": set(
            invoices.filter(status=_S.ISSUED).values_list("order__user__email", "amount_fen")
        )
        ^ {(email, fen) for email, fen in kept.items() if fen},
        "kept of orders": set(bought_courses().values_list("user__email", "refunded_fen"))
        ^ {(email, SOLD_FEN - fen) for email, fen in kept.items()},
        "on their way": invoices.filter(status__in=(_S.ASKED, _S.ISSUING, _S.REVERSING)).count(),
        "due": invoices.filter(due_at__isnull=False).count(),
        "begun twice at the issuer": set(SandboxInvoice.objects.values_list("mark", flat=True))
        ^ {f"{number}-1" for number in invoices.filter(round__gt=0).values_list("number", flat=True)},
        "numbers": issued.count() - SandboxInvoice.objects.count(),
        "in the journal": steps.items()
        ^ {
            ("invoice_asked", invoices.count()),
            ("invoice_issued", issued.count()),
            ("invoice_reversed", invoices.filter(status=_S.REVERSED).count()),
            ("invoice_not_needed", invoices.filter(status=_S.WITHDRAWN).count()),
        },
    }


def told_wrong() -> dict[str, object]:
    """Each once, and nothing else."""
    statements, invoices = PayoutStatement.objects.all(), Invoice.objects.all()
    paid, reversed_ = statements.filter(status="paid").count(), invoices.filter(status=_S.REVERSED).count()
    kinds = {COMPANY["email"]: "invoice"} | {f"{slug}@test.example": "payout" for slug in TEACHERS}
    told = Counter(kinds.get(to, "refund") for to in OutgoingMessage.objects.values_list("to", flat=True))
    noted = Counter(AuditEntry.objects.filter(act__startswith="payout.").values_list("act", flat=True))
    return {
        "mails": told.items()
        ^ {
            ("invoice", invoices.exclude(invoice_number="").count() + reversed_),
            # Of approval and end.
            ("refund", 2 * Refund.objects.filter(status=Refund.Status.DONE).count()),
            ("payout", paid),
        },
        "noted": noted.items()
        ^ {("payout.paid", paid), ("payout.voided", statements.filter(status="void").count())},
        "a right that went back": bought().filter(order__refunds__status="done").count(),
    }


if __name__ == "__main__":
    main()
