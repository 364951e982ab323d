"""A course page offers at most two other ways beside buying; more of them wait behind one line."""

import pytest

from tests.factories import make_course, make_plan
from tests.product.commerce.coupon_makers import flash
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit.money import yuan
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.models import Bundle, BundleCourse, CourseTerms
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox

pytestmark = pytest.mark.django_db

LINE = "Other ways to learn this course"


def bundle_with(course):
    other = make_course("another", price_fen=8_000)
    bundle = Bundle.objects.create(slug="two", title="两门", price_fen=9_000, status=Bundle.Status.OFFERED)
    for position, one in enumerate((course, other)):
        BundleCourse.objects.create(bundle=bundle, course=one, position=position)
    return bundle


def join(user, plan):
    price = checkout_of(user, f"plan:{plan.pk}").price.total_fen
    order = place(user=user, offer=f"plan:{plan.pk}", seen_fen=price, actor=Actor(member_id=user.pk))
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    receive("sandbox", sandbox.press(begin(user=user, order_number=order.number, **ways).number, "pay"))


def page_of(client, course):
    client.cookies["zy_language"] = "en"
    return client.get(f"/courses/{course.slug}/").content.decode()


def test_two_other_ways_stand_there(new_browser, course):
    make_plan()
    bundle_with(course)
    page = page_of(new_browser, course)
    assert "Also in the membership" in page and "Also in the bundle" in page and LINE not in page


def test_of_three_the_trial_stands_there_and_the_rest_behind_one_line(new_browser, course):
    make_plan()
    bundle_with(course)
    CourseTerms.objects.create(course=course, trial_days=3)
    page = page_of(new_browser, course)
    assert "Try the whole course for 3 days" in page
    inside = page.split("<details>")[1].split("</details>")[0]
    assert LINE in inside and "Also in the membership" in inside and "Also in the bundle" in inside
    assert page.count("Also in the membership") == page.count(LINE) == 2


def test_other_ways_stand_there_at_what_they_cost_now(new_browser, operator, course):
    plan = make_plan()
    bundle = bundle_with(course)
    flash(operator, f"plan:{plan.pk}", plan.price_fen - 500)
    flash(operator, f"bundle:{bundle.pk}", 7_700)
    page = page_of(new_browser, course)
    assert f"Also in the membership “{plan.name}” from {yuan(plan.price_fen - 500)}." in page
    assert "Also in the bundle “两门” for ¥77." in page


def test_a_member_sees_the_bundle_at_the_price_of_members(signed_in, learner, course):
    elsewhere = make_course("elsewhere", topic="design")
    join(learner, make_plan(topics=["design"], off_percent=10))
    assert elsewhere.topic_id != course.topic_id
    bundle_with(course)
    assert "Also in the bundle “两门” for ¥81." in page_of(signed_in(learner), course)
