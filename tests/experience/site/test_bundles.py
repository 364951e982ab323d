"""A bundle's page, and the way from a course to it."""

import pytest

from tests.factories import make_bundle, make_course, make_plan
from tests.product.commerce.coupon_makers import flash, make
from zhiyue.collect.kinds import Actor
from zhiyue.product.commerce.models import Bundle, FlashSale, Order
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(course):
    return make_course("pictures", price_fen=20_100)


@pytest.fixture
def bundle(course, other):
    return make_bundle([course, other], price_fen=20_000)


def member(user, off_percent):
    """They hold a membership that opens another topic and takes something off everything else."""
    plan = make_plan("绘画会员", topics=["art"], off_percent=off_percent)
    actor = Actor(member_id=user.pk)
    order = place(user=user, offer=f"plan:{plan.pk}", seen_fen=plan.price_fen, actor=actor)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    receive("sandbox", sandbox.press(begin(user=user, order_number=order.number, **ways).number, "pay"))


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


def test_a_bundle_says_what_is_in_it_and_what_it_saves(english, course, other, bundle):
    page = english.get("/bundles/both/").content.decode()

    assert course.title in page and other.title in page
    assert "¥300 one by one: you save ¥100" in page
    assert "Buy · ¥200" in page
    assert f"offer=bundle%3A{bundle.pk}" in page


def test_who_owns_a_part_sees_what_comes_off(client, learner, course, bundle):
    grant_course(user=learner, course=course)

    page = client.get("/bundles/both/").content.decode()
    checkout = client.get(f"/checkout/?offer=bundle:{bundle.pk}").content.decode()

    assert "¥66 of the price of ¥200 come off for that" in page
    assert "Buy · ¥134" in page
    assert "¥201 one by one: you save ¥67" in page
    assert "两门一起学" in checkout
    assert "¥134" in checkout
    assert "Courses that are yours" in checkout and "What you paid before" not in checkout
    assert "One by one" not in page + checkout
    form = {"offer": f"bundle:{bundle.pk}", "seen_fen": "13400", "way": "sandbox:page", "next": ""}
    assert client.post("/checkout/", form).status_code == 302
    assert Order.objects.get().total_fen == 13_400


def test_the_page_has_the_flash_price_and_the_usual_one_crossed_out(english, operator, bundle):
    flash(operator, f"bundle:{bundle.pk}", 15_000, stock=3)

    page = english.get("/bundles/both/").content.decode()

    assert "Buy · ¥150" in page and "<s>¥200</s>" in page
    assert "¥300 one by one: you save ¥150" in page
    assert "3 of 3 left" in page


def test_where_the_rest_is_cheaper_alone_the_bundle_says_so(client, learner, operator, course, other, bundle):
    grant_course(user=learner, course=course)
    flash(operator, other, 9_900)

    page = client.get("/bundles/both/").content.decode()
    checkout = client.get(f"/checkout/?offer=bundle:{bundle.pk}").content.decode()

    for shown in (page, checkout):
        assert "you don't have of it costs ¥99: less than the bundle." in shown.replace("&#x27;", "'")
        assert f'<a class="link underline" href="/courses/{other.slug}/"' in shown


def test_nobody_is_told_of_one_by_one_where_the_bundle_costs_the_same(client, operator, other, bundle):
    flash(operator, other, 10_100)
    at_once, checkout = "/bundles/both/", f"/checkout/?offer=bundle:{bundle.pk}"
    assert "One by one" not in client.get(at_once).content.decode() + client.get(checkout).content.decode()

    FlashSale.objects.update(price_fen=10_099)
    for shown in (client.get(at_once).content.decode(), client.get(checkout).content.decode()):
        assert "costs ¥199.99: less" in shown


def test_a_coupon_for_the_one_that_is_missing_counts_at_the_checkout(
    client, learner, operator, course, other, bundle
):
    grant_course(user=learner, course=course)
    make(operator, "Half", off_percent=50, off_fen=0, scope=[f"course:{other.pk}"])

    checkout = client.get(f"/checkout/?offer=bundle:{bundle.pk}").content.decode()

    assert "of it costs ¥100.50: less than the bundle." in checkout and "Pay ¥134" in checkout


def test_a_member_sees_what_the_checkout_asks_of_them(client, learner, course, bundle):
    member(learner, off_percent=10)
    grant_course(user=learner, course=course)

    page = client.get("/bundles/both/").content.decode()
    checkout = client.get(f"/checkout/?offer=bundle:{bundle.pk}").content.decode()

    # 200 less a tenth is 180, of which 9,900 of 30,000 parts are theirs; the other course costs 201 less a tenth.
    assert "Buy · ¥120.60" in page and "¥120.60" in checkout
    assert "<s>¥200</s>" in page
    assert "¥59.40 of the price of ¥180 come off for that" in page
    assert "¥180.90 one by one: you save ¥60.30" in page


def test_who_owns_all_of_it_is_asked_for_nothing(client, learner, course, other, bundle):
    for one in (course, other):
        grant_course(user=learner, course=one)

    page = client.get("/bundles/both/").content.decode()

    assert "All of it is yours." in page
    assert "/checkout/" not in page
    assert client.get(f"/checkout/?offer=bundle:{bundle.pk}").status_code == 302


def test_a_course_leads_to_its_bundle(english, course, bundle):
    page = english.get(f"/courses/{course.slug}/").content.decode()

    assert "Also in the bundle “两门一起学” for ¥200." in page
    assert 'href="/bundles/both/"' in page


def test_the_course_costs_a_member_on_its_page_what_the_checkout_asks(client, learner, course):
    before = client.get(f"/courses/{course.slug}/").content.decode()
    member(learner, off_percent=10)

    page = client.get(f"/courses/{course.slug}/").content.decode()

    assert "Buy · ¥99" in before and '"price":"99.00"' in before.replace(": ", ":")
    assert (
        "Buy · ¥89.10" in page
        and "Pay ¥89.10" in client.get(f"/checkout/?offer=course:{course.pk}").content.decode()
    )
    assert page.count("<s>¥99</s>") == 2
    assert '"price":"89.10"' in page.replace(": ", ":")


def test_a_bundle_that_isnt_for_sale_is_no_page(english, bundle):
    Bundle.objects.update(status="withdrawn")

    assert english.get("/bundles/both/").status_code == 404


def test_a_bundle_with_a_course_that_isnt_out_isnt_sold(english, other, bundle):
    other.status = "withdrawn"
    other.save()

    page = english.get("/bundles/both/").content.decode()

    assert "so the bundle isn&#x27;t sold" in page or "so the bundle isn't sold" in page
    assert "/checkout/" not in page


def test_nothing_is_sold_where_nobody_takes_the_money(english, course, bundle, settings):
    settings.ZHIYUE_PAYMENT_PROVIDERS = []

    assert "/checkout/" not in english.get("/bundles/both/").content.decode()
    assert "Also in the bundle" not in english.get(f"/courses/{course.slug}/").content.decode()
