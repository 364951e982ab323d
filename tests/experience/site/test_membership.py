"""Memberships as learners see them: side by side, bought, tried, and ending by themselves."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.factories import make_course, make_plan
from tests.product.commerce.coupon_makers import flash
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import CourseTerms, Order, OrderPlan, TrialPass
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


def buy(client, plan, seen_fen=None, onward="/membership/"):
    """From the form of the checkout to the money; the order's page."""
    form = {
        "offer": f"plan:{plan.pk}",
        "seen_fen": str(seen_fen or plan.price_fen),
        "way": "sandbox:page",
        "next": onward,
    }
    answer = client.post("/checkout/", form)
    assert answer.status_code == 302, answer.content.decode()
    payment = Order.objects.latest("pk").payments.get()
    receive("sandbox", sandbox.press(payment.number, "pay"))
    return f"/orders/{payment.order.number}/"


def test_a_card_has_the_flash_price_and_the_usual_one_crossed_out(english, operator, course):
    year = make_plan("年卡", months=12, price_fen=29_900)
    flash(operator, f"plan:{year.pk}", 12_000, stock=3)

    page = english.get("/membership/").content.decode()

    assert "Become a member · ¥120" in page
    assert "<s>¥299</s>" in page
    assert "¥10 a month, paid at once" in page
    assert "3 of 3 left" in page


def test_plans_stand_side_by_side_with_an_honest_price(english, course, django_assert_num_queries):
    make_course("paint", topic="art", price_fen=100)
    make_plan("月度会员")
    english.get("/membership/")
    with django_assert_num_queries(5):
        english.get("/membership/")
    make_plan("数据年卡", months=12, price_fen=29_900, topics=["data"], summary="给做数据的人")
    make_plan("草稿", status="draft")

    with django_assert_num_queries(5):
        page = english.get("/membership/").content.decode()

    assert "All paid courses: 2 now" in page
    assert "1 course now, of:" in page
    assert "给做数据的人" in page
    assert "¥24.92 a month, paid at once" in page
    assert page.count("a month, paid at once") == 1
    assert "Become a member · ¥299" in page
    assert "never renews by itself" in page
    assert "草稿" not in page


def test_an_academy_without_plans_says_so(client):
    assert "No membership is for sale" in client.get("/membership/").content.decode()
    assert "/membership/" not in client.get("/me/").content.decode()


def test_from_the_course_to_a_membership_and_back_to_the_lesson(client, course):
    plan = make_plan()
    lesson = f"/courses/{course.slug}/two/"
    closed = client.get(lesson).content.decode()
    assert "Also in the membership “全站会员” from ¥30." in closed
    assert f'href="/membership/?next=%2Fcourses%2F{course.slug}%2Ftwo%2F"' in closed

    page = client.get(f"/membership/?next={lesson}").content.decode()
    assert f"/checkout/?offer=plan%3A{plan.pk}&amp;next=%2Fcourses%2F{course.slug}%2Ftwo%2F" in page
    checkout = client.get(f"/checkout/?offer=plan:{plan.pk}&next={lesson}").content.decode()
    assert "Paid now, it runs from" in checkout
    assert "never renews by itself" in checkout
    order = buy(client, plan, onward=lesson)

    assert "My membership" in client.get(order).content.decode()
    reading = client.get(lesson).content.decode()
    assert "Included in your membership until" in reading
    assert "平均数会骗人" in reading
    mine = client.get(f"/courses/{course.slug}/").content.decode()
    assert "Included in your membership until" in mine
    assert "Buy · ¥99" in mine
    assert ">Yours<" not in mine
    assert "Also in the membership" not in mine


def test_a_course_kept_out_of_memberships_names_none(client, course):
    make_plan()
    CourseTerms.objects.create(course=course, is_in_memberships=False)

    assert "Also in the membership" not in client.get(f"/courses/{course.slug}/").content.decode()


def test_ones_own_membership_says_until_when_and_what_buying_again_means(client, course):
    month, year = make_plan(), make_plan("年度会员", months=12, price_fen=30_000)
    buy(client, month)
    Order.objects.update(paid_at=clock.now() - timedelta(days=10))

    page = client.get("/membership/").content.decode()

    assert "You are a member: 全站会员" in page
    assert "Paid for until" in page
    assert "Buy again · ¥30" in page
    assert "that are left of “全站会员” come off" in page
    assert "until" in client.get("/me/").content.decode()
    checkout = client.get(f"/checkout/?offer=plan:{year.pk}").content.decode()
    assert "What you paid before" in checkout
    assert "“全站会员” ends when it begins" in checkout


def test_whoever_doesnt_want_to_be_told_isnt(client):
    buy(client, make_plan())
    assert "Don't remind me: let it end" in client.get("/membership/").content.decode()

    page = client.post("/membership/remind/", {"wanted": "0"}, follow=True).content.decode()

    assert "Remind me before it ends" in page
    assert not OrderPlan.objects.get().wants_reminder
    client.post("/membership/remind/", {"wanted": "1"})
    assert OrderPlan.objects.get().wants_reminder


def test_a_plan_is_tried_by_one_tap(client, course):
    plan = make_plan(trial_days=7)
    assert "Try it for 7 days" in client.get("/membership/").content.decode()

    page = client.post(f"/membership/try/{plan.pk}/", follow=True).content.decode()

    assert "You are trying: 全站会员" in page
    assert "Try it for" not in page
    assert "You are trying the whole course until" in client.get(f"/courses/{course.slug}/").content.decode()
    past = clock.now() - timedelta(days=1)
    TrialPass.objects.update(started_at=past - timedelta(days=7), ends_at=past)
    assert "Your trial ended on" in client.get("/membership/").content.decode()
    again = client.post(f"/membership/try/{plan.pk}/", follow=True).content.decode()
    assert "You have tried this before" in again


def test_a_visitor_signs_up_before_trying_and_buying(english):
    plan = make_plan(trial_days=7)

    tried = english.post(f"/membership/try/{plan.pk}/")
    bought = english.get(f"/checkout/?offer=plan:{plan.pk}")

    assert tried["Location"] == "/sign-up/?next=%2Fmembership%2F"
    back = parse_qs(urlsplit(bought["Location"]).query)["next"][0]
    assert f"offer=plan%3A{plan.pk}" in back
    assert english.post("/membership/remind/")["Location"].startswith("/sign-in/")
    assert not TrialPass.objects.exists()


def test_a_plan_that_isnt_for_sale_is_neither_bought_nor_tried(client):
    plan = make_plan(trial_days=7, status="withdrawn")

    assert client.get(f"/checkout/?offer=plan:{plan.pk}").status_code == 409
    page = client.post(f"/membership/try/{plan.pk}/", follow=True).content.decode()
    assert "for sale now" in page
    assert not TrialPass.objects.exists()


def test_what_is_learnt_by_membership_is_told_apart(client, course):
    buy(client, make_plan())
    client.get(f"/courses/{course.slug}/two/")

    page = client.get("/learning/").content.decode()

    assert "Open to you by your membership or trial" in page


def test_a_member_sees_wider_plans_first_and_narrower_ones_folded_away(client, course):
    make_course("paint", topic="art", price_fen=100)
    whole, narrow = make_plan(), make_plan("数据季卡", months=3, price_fen=9_900, topics=["data"])
    buy(client, whole)

    page = client.get("/membership/").content.decode()

    folded = page.index("Memberships that open less than yours")
    assert page.index("Buy again") < folded < page.index(narrow.name)
    assert "1 course fewer than you have now." in page
    assert f'href="/courses/{course.slug}/"' in page and "Learn a first course" in page


def test_a_holder_of_a_narrow_plan_is_offered_the_wider_one(client, course):
    make_course("paint", topic="art", price_fen=100)
    make_plan("全站年卡", months=12, price_fen=29_900)
    buy(client, make_plan("数据月卡", topics=["data"]))

    page = client.get("/membership/").content.decode()

    assert "open less than yours" not in page and "fewer than you have" not in page
    assert page.index("Buy again") < page.index("全站年卡")


def test_the_refund_of_an_upgrade_says_that_the_former_comes_back(client, course):
    month, year = make_plan(), make_plan("年度会员", months=12, price_fen=30_000)
    first = client.get(buy(client, month) + "refund/").content.decode()
    seen = client.get(f"/checkout/?offer=plan:{year.pk}").context["total_fen"]
    upgraded = client.get(buy(client, year, seen_fen=seen) + "refund/").content.decode()

    assert "whose place it took comes back" in upgraded and "comes back" not in first
