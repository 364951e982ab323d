"""The academy's sales on the desk: months, kinds, what sold most, and what orders became of what was begun."""

import csv
import io
from datetime import datetime

import pytest

from tests.factories import make_course, make_member
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit import clock
from zhiyue.experience.desk import selling
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.imports.past_sales import Sold
from zhiyue.product.commerce.models import Bundle, Coupon, CouponUse, Order, Plan, Refund
from zhiyue.product.commerce.pricing import Line
from zhiyue.product.commerce.sales import Begun, MonthSales, SoldOffer, academy_sales, monthly_sales

pytestmark = pytest.mark.django_db
NOW = datetime.fromisoformat("2026-05-20T04:00Z")


def viewer_of(user, *roles):
    return Viewer(user=user, visitor=None, roles=frozenset(roles))


@pytest.fixture
def sold(learner, stranger, course):
    """A course and a bundle in April, a membership in May, one course never paid, one given for nothing."""
    other = make_course("other", title="别的课", price_fen=5000)
    plan = Plan.objects.create(name="年度会员", price_fen=30_000, months=12, grace_days=0)
    bundle = Bundle.objects.create(slug="both", title="两门合买", price_fen=12_000)

    def row(name, who, course_id, fen, at, *, paid=True, what=None):
        moment = datetime.fromisoformat(at)
        times = {"paid_at": moment} if paid else {"ended_at": moment}
        return PastOrder(name, who.pk, course_id, fen, placed_at=moment, sold=what, **times)

    both = Sold(
        f"bundle:{bundle.pk}", bundle.title, (Line("price", 12_000),), ((course.pk, 8_000), (other.pk, 4_000))
    )
    year = Sold(f"plan:{plan.pk}", plan.name, (Line("price", 30_000),), plan_id=plan.pk)
    import_orders(
        rows=[
            # The academy's April begins while it is still March by UTC.
            row("a", learner, course.pk, 9_900, "2026-03-31T16:30Z"),
            row("b", learner, None, 12_000, "2026-04-25T04:00Z", what=both),
            row("c", stranger, other.pk, 5_000, "2026-04-26T04:00Z"),
            row("d", stranger, None, 30_000, "2026-05-02T04:00Z", what=year),
            row("e", stranger, course.pk, 9_900, "2026-05-03T04:00Z", paid=False),
            row("f", stranger, course.pk, 0, "2026-05-04T04:00Z"),
        ]
    )
    coupon = Coupon.objects.create(
        mark="ten", title="九折", off_percent=10, audience=Coupon.Audience.EVERYBODY, begins_at=NOW
    )
    CouponUse.objects.create(order=Order.objects.get(outside_number="c"), coupon=coupon, amount_fen=500)
    given_back("c", 2_000, "2026-05-10T04:00Z")
    return {name: Order.objects.get(outside_number=name) for name in "abcdef"}


def given_back(name, fen, at, **told):
    order = Order.objects.get(outside_number=name)
    moment = datetime.fromisoformat(at)
    values = {"cause": "asked", "status": "done", "asked_at": moment, "settled_at": moment} | told
    Refund.objects.create(number=f"R{Refund.objects.count()}", order=order, amount_fen=fen, **values)
    if values["cause"] != "owed" and values["status"] == "done":
        Order.objects.filter(pk=order.pk).update(refunded_fen=fen)


def test_each_month_tells_what_came_and_what_went(operator, sold):
    # Neither is gone from what was sold: one waits, the other was never a sale's money.
    given_back("a", 900, "2026-05-11T04:00Z", status="sent", settled_at=None)
    given_back("a", 900, "2026-05-11T04:00Z", cause="owed")

    found = academy_sales(viewer_of(operator, "operator"), now=NOW)

    assert len(found.months) == 12
    months = {f"{month:%Y-%m}": one for month, one in found.months}
    assert (min(months), max(months)) == ("2025-06", "2026-05")
    april, may = months["2026-04"], months["2026-05"]
    assert dict(april.by_kind) == {"course": 14_900, "bundle": 12_000}
    assert (april.sold_fen, april.refunded_fen, april.kept_fen) == (26_900, 0, 26_900)
    assert (april.orders, april.people, april.average_fen) == (3, 2, 8_967)
    assert dict(may.by_kind) == {"plan": 30_000}
    assert (may.refunds, may.refunded_fen, may.kept_fen) == (1, 2_000, 28_000)
    assert months["2026-03"] == MonthSales() and months["2026-03"].average_fen is None


def test_the_last_days_tell_what_sold_most_and_what_was_begun(operator, sold):
    found = academy_sales(viewer_of(operator, "operator"), now=NOW)

    assert found.offers == [
        SoldOffer(sold["d"].offer, "年度会员", 1, 30_000, 0),
        SoldOffer(sold["b"].offer, "两门合买", 1, 12_000, 0),
        SoldOffer(sold["c"].offer, "别的课", 1, 5_000, 2_000),
    ]
    assert found.begun == Begun(orders=4, paid=3, waiting=0, with_coupon=1, coupons_fen=500)


def test_an_offer_is_called_as_it_was_ordered_last(operator, sold):
    Order.objects.filter(pk=sold["a"].pk).update(title="最早的名字", paid_at=NOW)
    later = make_member("later@test.example")
    import_orders(
        rows=[PastOrder("g", later.pk, sold["a"].courses.get().course_id, 9_900, placed_at=NOW, paid_at=NOW)]
    )
    best = academy_sales(viewer_of(operator, "operator"), now=NOW).offers[1]
    assert (best.offer, best.orders, best.sold_fen) == (sold["a"].offer, 2, 19_800)
    assert best.title == Order.objects.get(outside_number="g").title != "最早的名字"


def test_the_page_shows_them(read, sold, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    page = read("/desk/sales/")

    assert "April 2026 brought ¥269, the month before nothing" in page
    for words in ("¥300", "April 2026, the whole: ¥269", "¥280", "75%", "3 of 4; 0 still wait", "33%", "¥5"):
        assert words in page
    assert "年度会员" in page and "Memberships" in page and 'data-is="Sold"' in page
    assert "learner@test" not in page


def test_the_months_leave_as_a_table(desk, sold, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    text = b"".join(desk.get("/desk/sales.csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))

    assert len(rows) == 12
    assert list(rows[-1].values()) == [
        "2026-05", "300.00", "0.00", "0.00", "300.00", "1", "1", "1", "20.00", "280.00",
    ]  # fmt: skip
    assert list(rows[0].values())[1:5] == ["0.00"] * 4


def test_the_page_asks_a_constant_number_of_queries(desk, sold, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with django_assert_num_queries(10):
        desk.get("/desk/sales/")
    who = make_member("many@test.example")
    courses = [make_course(f"more-{n}", price_fen=100) for n in range(5)]
    import_orders(
        rows=[
            PastOrder(f"m{n}", who.pk, one.pk, 100, placed_at=NOW, paid_at=NOW)
            for n, one in enumerate(courses)
        ]
    )
    with django_assert_num_queries(10):
        desk.get("/desk/sales/")


def test_an_academy_without_sales_says_so(read):
    page = read("/desk/sales/")
    assert "Nothing was sold in the last twelve months" in page and "charts" not in page.split("<main")[1]


def test_more_may_go_back_than_came(in_english):
    one = MonthSales(refunds=1, refunded_fen=500)
    assert one.kept_fen == -500
    months = [(first, MonthSales()) for first in clock.last_months(11, NOW)] + [(NOW.date(), one)]
    assert selling.figures(months)[2][1] == "-¥5"


def test_sales_are_for_who_may_see_orders(signed_in, agent, learner, creator, stranger):
    assert signed_in(agent).get("/desk/sales/").status_code == 200
    assert signed_in(agent).get("/desk/sales.csv").status_code == 200
    for one in (learner, creator, stranger):
        assert signed_in(one).get("/desk/sales/").status_code == 403
        assert signed_in(one).get("/desk/sales.csv").status_code == 403
        for refused in (academy_sales, monthly_sales):
            with pytest.raises(NotAllowed):
                refused(viewer_of(one, "creator"))
