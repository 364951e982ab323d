"""The demo's pretended provider paid in month by month, as if the academy had entered it all the time."""

from datetime import timedelta

import pytest

from tests.factories import make_course
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.kit import clock
from zhiyue.demo.staff_acts import enter_what_was_paid_in
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.models import Entry
from zhiyue.product.commerce.settlements.book import SoughtSettlements, all_settlements, owing, told
from zhiyue.product.commerce.teaching_shares.statements import month_end

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def months_ago(count):
    """The first day of a month that is over."""
    month = clock.business_day().replace(day=1)
    for _ in range(count):
        month = (month - DAY).replace(day=1)
    return month


def test_each_month_is_paid_in_on_the_fifth_but_its_last_days(learner, stranger, operator):
    courses = [make_course(f"c{n}", price_fen=100) for n in range(4)]
    march, april = months_ago(4), months_ago(3)
    whens = [
        (courses[0], clock.day_start(march) + 9 * DAY, 10_000),
        # Three days before the month is over: it comes with the next.
        (courses[1], month_end(march) - 3 * DAY, 700),
        (courses[2], clock.day_start(april) + 9 * DAY, 5_000),
        (courses[3], clock.now(), 300),
    ]
    import_orders(
        rows=[
            PastOrder(f"d{n}", learner.pk, course.pk, fen, placed_at=at, paid_at=at, via="sandbox")
            for n, (course, at, fen) in enumerate(whens)
        ]
        # What was paid elsewhere is owed by nobody.
        + [PastOrder("e", stranger.pk, courses[0].pk, 9, placed_at=whens[0][1], paid_at=whens[0][1])]
    )
    staff = viewer_of(operator)

    enter_what_was_paid_in(staff)

    found = [told(one) for one in all_settlements(staff, SoughtSettlements())]
    assert [(one.on, one.amount_fen) for one in found] == [
        (months_ago(2) + 4 * DAY, 5_700),
        (april + 4 * DAY, 10_000),
    ]
    assert found[0].reference == f"网银 {found[0].on:%Y%m%d}"
    assert [(one.provider, one.owed_fen) for one in owing(staff)] == [("sandbox", 300)]
    assert ledger.unbalanced() == []


def test_where_nothing_was_sold_nothing_was_paid_in(operator):
    enter_what_was_paid_in(viewer_of(operator))
    assert not Entry.objects.exists()
