"""Giving back: what the learner sees before asking, what they get, and whose business it isn't."""

from datetime import timedelta
from html import unescape

import pytest

from tests.factories import lesson_of, make_bundle, make_course, make_plan
from tests.product.commerce.coupon_makers import staff
from tests.product.commerce.test_standing import buy
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import CourseRefundTerms, Order, OrderCourse, Refund
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.refunds.deciding import approve, refuse
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.selectors import may_open
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


@pytest.fixture
def read(client):
    def page(address, **asked):
        return unescape(client.get(address, asked).content.decode())

    return page


def bought(user, course, *, also=None):
    actor = Actor(member_id=user.pk)
    order = place(user=user, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)
    if also is not None:
        # As a bundle shares its price out.
        part = order.courses.get()
        OrderCourse.objects.filter(pk=part.pk).update(total_fen=5_000)
        OrderCourse.objects.create(order=order, course=also, total_fen=4_900, refund_terms=part.refund_terms)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    receive("sandbox", sandbox.press(begin(user=user, order_number=order.number, **ways).number, "pay"))
    order.refresh_from_db()
    return order


def sent(course, seen_fen, **changed):
    return {"course": str(course.pk), "seen_fen": str(seen_fen), "reason": "level", **changed}


def test_an_order_leads_to_what_goes_back_and_why(read, learner, course, client, django_assert_num_queries):
    order = bought(learner, course)
    open_lesson(user=learner, actor=Actor(member_id=learner.pk), lesson=lesson_of(course, "two"))
    assert f'href="/orders/{order.number}/refund/"' in read(f"/orders/{order.number}/")

    with django_assert_num_queries(13):
        client.get(f"/orders/{order.number}/refund/")
    page = read(f"/orders/{order.number}/refund/")

    for words in ("¥99", "Opened: 1 of 3 paid lessons", "-¥33", "Refunded by rule", "Get ¥66 back"):
        assert words in page
    assert "Within 7 days of paying you get back the share of the lessons" in page
    assert 'name="seen_fen" value="6600"' in page
    assert not Refund.objects.exists()


def test_asked_within_the_rule_it_is_on_its_way_and_the_lessons_are_closed(read, client, learner, course):
    order = bought(learner, course)

    answer = client.post(f"/orders/{order.number}/refund/", sent(course, 9_900))

    assert answer["Location"] == f"/orders/{order.number}/"
    page = read(f"/orders/{order.number}/")
    assert "Approved: ¥99 is refunded to you." in page
    assert "Your money is on its way back" in page and "Go on learning" not in page
    assert Refund.objects.get().number in page and f"/orders/{order.number}/refund/" not in page
    assert not may_open(learner, lesson_of(course, "two")).open
    pursue()
    page = read(f"/orders/{order.number}/")
    assert "Refunded" in page and "¥99 went back the way it came." in page and "Gone back" in page


def test_a_second_tap_changes_nothing(client, learner, course):
    order = bought(learner, course)
    for _ in range(2):
        assert client.post(f"/orders/{order.number}/refund/", sent(course, 9_900)).status_code == 302
    assert Refund.objects.count() == 1
    assert "under way already" in client.get(f"/orders/{order.number}/refund/").content.decode()


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"seen_fen": "1"}, 409, "has changed since you saw it"),
        ({"seen_fen": "many"}, 409, "has changed since you saw it"),
        ({"reason": ""}, 400, "Choose a reason from the list."),
        ({"course": "x"}, 400, "Choose from the list what you want refunded"),
        ({"words": "x" * 301}, 400, "300 characters at most"),
    ],
)
def test_what_doesnt_fit_comes_back_as_things_stand(client, learner, course, changed, status, words):
    order = bought(learner, course)

    answer = client.post(f"/orders/{order.number}/refund/", sent(course, 9_900) | changed)

    assert answer.status_code == status
    assert words in unescape(answer.content.decode())
    assert not Refund.objects.exists()


def test_beyond_the_rule_the_academy_is_asked_and_its_reason_is_read(read, client, learner, operator, course):
    order = bought(learner, course)
    Order.objects.update(paid_at=clock.now() - timedelta(days=8))
    page = read(f"/orders/{order.number}/refund/")
    assert "The time in which money goes back by rule is over. It was until" in " ".join(
        page.replace('<span class="text-faint">', "").split()
    )
    assert "Ask the academy" in page and 'name="seen_fen" value="0"' in page

    client.post(f"/orders/{order.number}/refund/", sent(course, 0, words="  出差 一个月 "))

    refund = Refund.objects.get()
    assert (refund.status, refund.words, refund.reason) == ("asked", "出差 一个月", "level")
    page = read(f"/orders/{order.number}/")
    assert "Waits for a decision" in page and "Go on learning" in page
    staff = Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))
    refuse(viewer=staff, number=refund.number, why="<b>已过期限</b>")
    page = client.get(f"/orders/{order.number}/").content.decode()
    assert "The academy says: &lt;b&gt;已过期限&lt;/b&gt;" in page
    assert f"/orders/{order.number}/refund/" in page


def test_of_several_courses_some_may_be_asked_for(read, client, signed_in, learner, operator, course):
    other = make_course("other", title="别的课", price_fen=4_900)
    order = bought(learner, course, also=other)
    page = read(f"/orders/{order.number}/refund/")
    assert "What do you want refunded?" in page and 'name="seen_fen" value="9900"' in page
    page = read(f"/orders/{order.number}/refund/", course=other.pk)
    assert 'name="seen_fen" value="0"' in page and "Ask the academy" in page
    why = "A bundle goes back whole by rule; the academy decides about single courses."
    assert page.count(why) == 2

    client.post(f"/orders/{order.number}/refund/", sent(other, 0))
    refund = order.refunds.get()
    assert refund.status == "asked" and may_open(learner, lesson_of(other, "two")).open
    browser = signed_in(operator)
    browser.cookies["zy_language"] = "en"
    assert why in unescape(browser.get(f"/desk/refunds/{refund.number}/").content.decode())
    part = order.courses.get(course=other)
    approve(viewer=staff(operator), number=refund.number, amounts={part.pk: 4_900}, why="x")
    pursue()

    page = read(f"/orders/{order.number}/")
    assert "Partly refunded" in page and page.count("Go on learning") == 1
    assert may_open(learner, lesson_of(course, "two")).open
    assert not may_open(learner, lesson_of(other, "two")).open
    page = read(f"/orders/{order.number}/refund/")
    assert "What do you want refunded?" not in page and 'name="seen_fen" value="5000"' in page


def test_what_wasnt_paid_has_nothing_to_give_back(read, learner, course):
    order = place(
        user=learner, offer=f"course:{course.pk}", seen_fen=9_900, actor=Actor(member_id=learner.pk)
    )
    assert f"/orders/{order.number}/refund/" not in read(f"/orders/{order.number}/")
    assert "This order wasn't paid" in read(f"/orders/{order.number}/refund/")


def test_checkout_says_what_goes_back_before_anything_is_paid(read, course, settings):
    page = read(f"/checkout/?offer=course:{course.pk}")
    assert "Within 7 days of paying" in page
    settings.ZHIYUE_REFUND_FEE_PERMILLE, settings.ZHIYUE_REFUND_FEE_LEAST_FEN = 6, 100
    assert "A fee of 0.6% of it, ¥1 at least, is kept." in read(f"/checkout/?offer=course:{course.pk}")
    CourseRefundTerms.objects.create(course=course, window_days=0)
    assert "This is sold without refunds." in read(f"/checkout/?offer=course:{course.pk}")


def test_money_that_came_twice_is_told_on_the_order(read, learner, course):
    order = place(
        user=learner, offer=f"course:{course.pk}", seen_fen=9_900, actor=Actor(member_id=learner.pk)
    )
    ways = {"provider": "sandbox", "returns_to": "/", "notify_at": "/"}
    for payment in [
        begin(user=learner, order_number=order.number, channel=one, **ways) for one in ("page", "qr")
    ]:
        receive("sandbox", sandbox.press(payment.number, "pay"))
    page = read(f"/orders/{order.number}/")
    assert "It came on top, and goes back by itself." in page and "Go on learning" in page
    assert f"/orders/{order.number}/refund/" in page


def test_a_strangers_order_isnt_there_and_visitors_sign_in(client, new_browser, stranger, course):
    order = bought(stranger, course)

    assert client.get(f"/orders/{order.number}/refund/").status_code == 404
    assert client.post(f"/orders/{order.number}/refund/", sent(course, 9_900)).status_code == 404
    assert new_browser.get(f"/orders/{order.number}/refund/")["Location"].startswith("/sign-in/")
    assert not Refund.objects.exists()


def test_the_till_chooses_how_money_goes_back(client, learner, course):
    order = place(
        user=learner, offer=f"course:{course.pk}", seen_fen=9_900, actor=Actor(member_id=learner.pk)
    )
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    payment = begin(user=learner, order_number=order.number, **ways)
    assert "fails the first time" in client.get(f"/pay/sandbox/{payment.number}/").content.decode()

    client.post(f"/pay/sandbox/{payment.number}/", {"deed": "pay", "refunds": "fail_first"})

    assert sandbox.SandboxTrade.objects.get().refund_way == "fail_first"


def test_what_a_membership_saved_is_shown_before_it_is_given_back(read, client, learner, course):
    year = make_plan(months=12, price_fen=36_500, off_percent=20)
    assert "What its member prices saved on what you keep is taken off" in read(
        f"/checkout/?offer=plan:{year.pk}"
    )
    plan = buy(learner, f"plan:{year.pk}")
    kept = buy(learner, f"course:{course.pk}")

    page = read(f"/orders/{plan.number}/refund/")
    assert "<dt>Saved by member prices on what is kept</dt><dd>-¥19.80</dd>" in page
    assert f'href="/orders/{kept.number}/">{course.title}</a> ¥19.80' in page
    seen = refund_of(learner, plan.number).parts[0].by_rule_fen
    client.post(f"/orders/{plan.number}/refund/", {"reason": "time", "seen_fen": seen})
    assert Refund.objects.get().amount_fen == seen

    bundle = make_bundle([course, make_course("second", price_fen=9_900)])
    buy(learner, f"bundle:{bundle.pk}")
    page = read(f"/orders/{kept.number}/refund/")
    assert "The price of a bundle that you keep was lowered for it: ask for its refund first." in page
    assert "By rule nothing is refunded" in page
