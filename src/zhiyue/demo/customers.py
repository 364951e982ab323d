"""What the demo's named people buy at the pretended till on the day it is filled: by the same services as anybody, so
that invoices, a membership and a refund of this academy are there to be looked at. (What the simulated members paid
came in as past orders, of which no invoice is made here.)"""

from collections.abc import Sequence

from django.db import transaction

from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.invoices.asking import ask_invoice
from zhiyue.product.commerce.invoices.taxpayers import check_sign
from zhiyue.product.commerce.invoices.titles import Title, fitting_title
from zhiyue.product.commerce.models import Order, Plan, Refund
from zhiyue.product.commerce.offers import course_ref, offer_of, plan_ref
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.providers.register import offered
from zhiyue.product.commerce.quoting import priced
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.reckoning import reckoned
from zhiyue.product.learning.services import open_lesson

LEARNER, CREATOR = "learner@example.com", "creator@example.com"
KEPT, GIVEN_BACK, READ_THROUGH = "writing-at-work", "emotion-first-aid", "sql-for-analysts"
# A code as the standard makes them, of no company: its register doesn't exist.
_NOBODY = "91000000MA0000000"


def buy() -> None:
    """Each once. Nothing where the pretended till isn't offered."""
    if sandbox.NAME not in {one.name for one in offered()}:
        return
    learner, creator = (User.objects.get(email=email) for email in (LEARNER, CREATOR))
    kept, back = (Course.objects.get(slug=slug) for slug in (KEPT, GIVEN_BACK))
    year = Plan.objects.filter(months=Plan.Months.YEAR, status=Plan.Status.OFFERED).first()
    order = _bought(learner, course_ref(kept.pk))
    _invoice(order, _title(learner, "personal", learner.display_name))
    _give_back(_bought(learner, course_ref(back.pk)), [back.pk])
    if year is not None:
        company = _title(creator, "company", "示范（杭州）文化有限公司", _NOBODY + check_sign(_NOBODY))
        _invoice(_bought(creator, plan_ref(year.pk)), company)
    _ask_late()
    _ask_after_reading(creator)


def _bought(user: User, ref: str) -> Order:
    """An order that was placed and paid, now or before."""
    before = Order.objects.filter(user=user, offer=ref, paid_at__isnull=False).first()
    if before is not None:
        return before
    actor = Actor(member_id=user.pk)
    price = priced(user, offer_of(ref, user)).total_fen
    order = place(user=user, offer=ref, seen_fen=price, actor=actor)
    payment = begin(
        user=user,
        order_number=order.number,
        provider=sandbox.NAME,
        channel="page",
        returns_to="/",
        notify_at="/",
    )
    receive(sandbox.NAME, sandbox.press(payment.number, "pay"))
    order.refresh_from_db()
    return order


@transaction.atomic
def _invoice(order: Order, title: Title) -> None:
    if order.user is not None and not order.invoices.exists():
        ask_invoice(user=order.user, order_number=order.number, title=title)


@transaction.atomic
def _give_back(order: Order, courses: Sequence[int]) -> None:
    if order.user is None or order.refunds.exists():
        return
    ask(
        user=order.user,
        order_number=order.number,
        course_ids=courses,
        reason="content",
        seen_fen=sum(one.by_rule_fen for one in reckoned(order).open),
        actor=Actor(member_id=order.user.pk),
    )


@transaction.atomic
def _ask_late() -> None:
    """A simulated member asks for a course whose days for that are over: staff decide."""
    orders = Order.objects.filter(
        user__is_simulated=True, offer__startswith="course:", status=Order.Status.FULFILLED, total_fen__gt=0
    )
    if Refund.objects.filter(order__user__is_simulated=True, cause=Refund.Cause.ASKED).exists():
        return
    for order in orders.select_related("user").order_by("-paid_at", "-pk").iterator():
        found = reckoned(order)
        if [one.why_not for one in found.open] == ["too_late"]:
            _ask(order, [one.course_id for one in found.open], "time", "出差一个月，一直没顾上看。")
            return


def _ask_after_reading(user: User) -> None:
    """All that is out of a course was read within a day, and asked for back: staff decide, too."""
    course = Course.objects.filter(slug=READ_THROUGH).first()
    if course is None:
        return
    order = _bought(user, course_ref(course.pk))
    if order.refunds.exists():
        return
    for lesson in Lesson.objects.filter(course=course).written():
        open_lesson(user=user, actor=Actor(member_id=user.pk), lesson=lesson)
    with transaction.atomic():
        _ask(order, [course.pk], "level", "前面几讲我都会，想换一门进阶的。")


def _ask(order: Order, courses: Sequence[int | None], reason: str, words: str) -> None:
    """Outside of the rule: nothing goes back by itself."""
    if order.user is None:
        return
    ask(
        user=order.user,
        order_number=order.number,
        course_ids=[one for one in courses if one is not None],
        reason=reason,
        seen_fen=sum(one.by_rule_fen for one in reckoned(order).open),
        actor=Actor(member_id=order.user.pk),
        words=words,
    )


def _title(user: User, kind: str, title: str, tax_number: str = "") -> Title:
    return fitting_title(kind=kind, title=title, tax_number=tax_number, email=user.email or "")
