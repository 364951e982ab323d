"""Orders on the desk: found, looked at, taken away; and by whom."""

import csv
import io
from datetime import datetime, timedelta

import pytest

from tests.factories import make_course, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.models import Order, Payment, SandboxTrade
from zhiyue.product.commerce.order_book import SoughtOrders, all_orders, export_orders, whole_order
from zhiyue.product.commerce.orders import cancel, place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox

pytestmark = pytest.mark.django_db


def ordered(user, course):
    actor = Actor(member_id=user.pk)
    return place(user=user, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)


def paid(user, course):
    order = ordered(user, course)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    receive("sandbox", sandbox.press(begin(user=user, order_number=order.number, **ways).number, "pay"))
    order.refresh_from_db()
    return order


@pytest.fixture
def sold(learner, stranger, course):
    """One order paid, one that waits, one cancelled."""
    other = make_course("other", title="别的课", price_fen=5000)
    cancelled = ordered(stranger, course)
    cancel(user=stranger, number=cancelled.number, actor=Actor(member_id=stranger.pk))
    return paid(learner, course), ordered(learner, other), cancelled


def found(read, **asked):
    page = read("/desk/orders/", **asked)
    return page.split('id="list"')[1].split("</main>")[0]


def test_orders_are_found_by_number_payment_member_and_title(read, sold, learner):
    first, second, third = sold
    numbers = {order.number for order in sold}

    def shown(**asked):
        page = found(read, **asked)
        return {number for number in numbers if f"/desk/orders/{number}/" in page}

    assert shown() == numbers
    assert shown(q=first.number[-6:].lower()) == {first.number}
    assert shown(q=Payment.objects.get().number) == {first.number}
    assert shown(q=SandboxTrade.objects.get().provider_number) == {first.number}
    assert shown(q="learner@test") == {first.number, second.number}
    assert shown(q="别的课") == {second.number}
    assert shown(status="closed") == {third.number}
    assert shown(status="nonsense") == numbers
    assert shown(member=learner.pk) == {first.number, second.number}
    assert shown(q="nothing like it") == set()
    assert "No order fits" in found(read, q="nothing like it")


def test_the_list_asks_a_constant_number_of_queries(desk, sold, django_assert_num_queries):
    with django_assert_num_queries(6):
        page = desk.get("/desk/orders/").content.decode()
    assert "3 orders" in page and "¥99" in page


def test_orders_are_found_by_when_they_were_placed_with_the_sum_of_what_is_shown(read, desk, sold):
    first, second, third = sold
    # The academy's day is ahead of UTC's: half past four in the afternoon there is half past midnight here.
    for order, at in (
        (first, "2026-03-01T16:30Z"),
        (second, "2026-03-02T16:30Z"),
        (third, "2026-03-04T01:00Z"),
    ):
        Order.objects.filter(pk=order.pk).update(created_at=datetime.fromisoformat(at))

    def shown(**asked):
        page = found(read, **asked)
        return {order for order in sold if f"/desk/orders/{order.number}/" in page}

    assert shown(since="2026-03-02") == {first, second, third}
    assert shown(since="2026-03-03") == {second, third}
    assert shown(since="2026-03-02", until="2026-03-02") == {first}
    assert shown(until="2026-03-03") == {first, second}
    assert shown(since="2026-03-05") == set()
    assert shown(since="soon") == set(sold)
    assert "Write the day as 2026-03-31." in read("/desk/orders/", since="soon")
    assert "1 order · ¥99 paid" in " ".join(found(read, until="2026-03-02").split())
    assert "2 orders · ¥0 paid" in found(read, since="2026-03-03")

    Order.objects.filter(pk=first.pk).update(refunded_fen=1990)
    assert "3 orders · ¥99 paid · ¥19.90 gone back" in found(read)

    answer = desk.post("/desk/orders/export/", {"asked": "since=2026-03-03&until=2026-03-03"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row["Order"] for row in rows] == [second.number]


def test_an_order_tells_everything_that_is_known_of_it(read, desk, sold, learner, django_assert_num_queries):
    first = sold[0]
    page = read(f"/desk/orders/{first.number}/")

    assert learner.display_name in page and first.title in page
    assert Payment.objects.get().number in page and "Sandbox: no money moves" in page
    assert "paid the order" in page
    journal = page[page.index('id="journal"') :]
    assert journal.index("Placed") < journal.index("Paid")
    assert "Owed to us by Sandbox" in page and "Sold" in page
    with django_assert_num_queries(12):
        desk.get(f"/desk/orders/{first.number}/")
    assert desk.get("/desk/orders/Z000/").status_code == 404


def test_money_that_came_twice_is_told(read, learner, course):
    order = ordered(learner, course)
    ways = {"provider": "sandbox", "returns_to": "/", "notify_at": "/"}
    both = [begin(user=learner, order_number=order.number, channel=one, **ways) for one in ("page", "qr")]
    for payment in both:
        receive("sandbox", sandbox.press(payment.number, "pay"))

    page = read(f"/desk/orders/{order.number}/")
    assert "it is owed back" in page and f"Owed back, order {order.number}" in page


def test_an_empty_desk_says_so(read):
    assert "Nothing was ordered yet" in read("/desk/orders/")


def test_orders_leave_as_a_table_and_that_is_noted(desk, sold, operator):
    answer = desk.post("/desk/orders/export/", {"asked": "status=fulfilled&status=paid"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))

    assert [row["Order"] for row in rows] == [sold[0].number]
    assert (rows[0]["Total in yuan"], rows[0]["Member"], rows[0]["State"]) == ("99.00", "小林", "Paid")
    entry = AuditEntry.objects.get(act="orders.exported")
    assert (entry.by_id, entry.after) == (operator.pk, {"orders": 1})


@pytest.mark.parametrize("address", ["/desk/orders/", "/desk/invoices/", "/desk/audit/"])
def test_what_is_exported_follows_the_filters_that_change_the_list_alone(read, sold, address):
    page = read(address, since="2026-03-01")
    assert '<input type="hidden" id="asked" name="asked" value="since=2026-03-01">' in page
    assert 'hx-select-oob="#asked"' in page


def test_a_name_that_is_a_formula_stays_a_name(desk, course):
    ordered(make_member("evil@test.example", "=1+1"), course)
    answer = desk.post("/desk/orders/export/", {"asked": ""})
    assert ",'=1+1," in b"".join(answer.streaming_content).decode()


def test_who_may_see_orders_and_who_may_take_them_away(signed_in, agent, operator, learner, creator, sold):
    number = sold[0].number
    assert signed_in(agent).get(f"/desk/orders/{number}/").status_code == 200
    assert "/desk/orders/export/" not in signed_in(agent).get("/desk/orders/").content.decode()
    assert signed_in(agent).post("/desk/orders/export/").status_code == 403
    for one in (learner, creator):
        assert signed_in(one).get("/desk/orders/").status_code == 403
        assert signed_in(one).get(f"/desk/orders/{number}/").status_code == 403
        viewer = Viewer(user=one, visitor=None, roles=frozenset({"creator"}))
        for refused in (
            lambda viewer=viewer: all_orders(viewer, SoughtOrders()),
            lambda viewer=viewer: whole_order(viewer, number),
            lambda viewer=viewer: export_orders(viewer=viewer, sought=SoughtOrders()),
        ):
            with pytest.raises(NotAllowed):
                refused()
    assert not AuditEntry.objects.filter(act="orders.exported").exists()


def test_a_member_leads_to_their_orders(read, learner, sold):
    assert f'href="/desk/orders/?member={learner.pk}"' in read(f"/desk/members/{learner.pk}/")


def test_the_order_of_somebody_who_is_gone_stays(read, sold, learner):
    first = sold[0]
    type(first).objects.update(user=None)
    assert "account deleted" in read("/desk/orders/")
    assert "account deleted" in read(f"/desk/orders/{first.number}/")


def test_a_past_order_says_where_it_comes_from_and_is_found_by_its_number_there(
    read, learner, operator, course
):
    at = clock.now() - timedelta(days=100)
    past = PastOrder("T-2024-77", learner.pk, course.pk, 9_901, at, at + timedelta(minutes=1), via="offline")
    import_orders(rows=[past], by=operator)
    assert "¥99.01" in found(read, q="T-2024-77") and "No order fits" in found(read, q="T-2024")
    page = read(f"/desk/orders/{Order.objects.get().number}/")
    for said in (
        "Number elsewhere",
        "T-2024-77",
        "Brought in as a past order",
        "Paid offline",
        operator.display_name,
    ):
        assert said in page
    assert "Received before these books began" in page and "Waits until" not in page
