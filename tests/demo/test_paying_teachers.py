"""The demo's teachers are paid month by month, as if the academy had done so all the time."""

from datetime import timedelta

import pytest

from tests.factories import make_course
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.kit import clock
from zhiyue.demo.staff_acts import pay_the_teachers
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.imports.past_shares import enter_past
from zhiyue.product.commerce.models import CourseShareTerms, PayoutStatement
from zhiyue.product.commerce.teaching_shares.statements import ended_month

pytestmark = pytest.mark.django_db


def test_months_are_stated_and_all_but_the_last_are_paid(learner, operator, settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE, settings.ZHIYUE_PAYOUT_AFTER_DAYS = 500, 0
    course = make_course("stats", price_fen=39_900)
    last = clock.day_start(ended_month()) + timedelta(days=9)
    whens = [last - timedelta(days=days) for days in (62, 31, 0)] + [clock.now()]
    rows = [
        PastOrder(f"demo-{n}", learner.pk, course.pk, 39_900, placed_at=at, paid_at=at)
        for n, at in enumerate(whens)
    ]
    import_orders(rows=rows)
    enter_past(rows)

    pay_the_teachers(viewer_of(operator))

    made = list(PayoutStatement.objects.order_by("month"))
    assert [one.status for one in made] == ["paid", "paid", "open"]
    assert made[-1].month == ended_month() and {one.amount_fen for one in made} == {19_950}
    for one in made[:2]:
        assert one.paid_on == clock.business_day(one.made_at) + timedelta(days=4)
        assert clock.business_day(one.made_at).day == 1
    books = {one.account: one.amount_fen for one in ledger.balances()}
    assert books[f"teacher:{course.teacher_id}"] == -2 * 19_950 and ledger.unbalanced() == []
    assert CourseShareTerms.objects.get().permille == 600


def test_without_sales_nobody_is_paid(operator):
    pay_the_teachers(viewer_of(operator))
    assert not PayoutStatement.objects.exists() and not CourseShareTerms.objects.exists()
