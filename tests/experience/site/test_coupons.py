"""Coupons at the checkout and on their own page."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_course
from tests.product.commerce.coupon_makers import codes, make
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Coupon, CouponHolder, Order
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


def checkout_url(course, coupon=""):
    return f"/checkout/?offer=course:{course.pk}" + (f"&coupon={coupon}" if coupon else "")


def form(course, **changed):
    return {"offer": f"course:{course.pk}", "seen_fen": "9900", "way": "sandbox:page", **changed}


def test_the_best_coupon_stands_at_the_checkout_and_on_the_order(client, operator, course):
    few, more = make(operator, "Ten", off_fen=1_000), make(operator, "Twenty")

    page = client.get(checkout_url(course)).content.decode()
    client.post("/checkout/", form(course, seen_fen="7900", coupon=""))

    assert "Coupon “Twenty”" in page and page.count("Pay ¥79") == 2
    assert page.index(more.mark) < page.index(few.mark)
    assert page.count('name="coupon"') == 4
    assert Event.objects.get(name="checkout.opened").properties == {"amount_fen": 7_900, "coupon": more.mark}
    order = Order.objects.get()
    assert order.total_fen == 7_900
    assert "Coupon “Twenty”" in client.get(f"/orders/{order.number}/").content.decode()


def test_another_coupon_or_none_can_be_chosen(client, operator, course):
    few = make(operator, "Ten", off_fen=1_000)
    make(operator, "Twenty")

    sent = client.post("/checkout/", form(course, act="price", coupon=few.mark))
    assert sent["Location"] == f"/checkout/?offer=course%3A{course.pk}&coupon={few.mark}"
    assert client.get(sent["Location"]).content.decode().count("Pay ¥89") == 2
    assert client.get(checkout_url(course, "none")).content.decode().count("Pay ¥99") == 2
    # Chosen without asking for its price first: the new price is shown before anything is ordered.
    answer = client.post("/checkout/", form(course, seen_fen="7900", coupon=few.mark))
    assert answer.status_code == 409 and "it is ¥89 now" in answer.content.decode()
    assert not Order.objects.exists()
    client.post("/checkout/", form(course, seen_fen="8900", coupon=few.mark))
    assert Order.objects.get().total_fen == 8_900


def test_a_code_that_is_typed_is_ones_own_and_counts(client, learner, operator, course):
    coupon = make(operator, "Twenty", audience="code")
    [code] = codes(operator, coupon)

    sent = client.post("/checkout/", form(course, act="price", code=code.lower()))
    page = client.get(sent["Location"]).content.decode()

    assert "“Twenty” is yours, and makes this cheaper." in page and page.count("Pay ¥79") == 2
    assert CouponHolder.objects.get().user == learner


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"threshold_fen": 10_000}, "It needs a price of ¥100 at least"),
        ({"scope": []}, "It isn’t for what you are buying"),
        ({"off_fen": 100}, "Here another takes more off."),
    ],
)
def test_a_code_that_helps_nothing_here_says_so(client, operator, course, changed, said):
    make(operator, "Best", off_fen=3_000)
    if "scope" in changed:
        changed = {"scope": [f"course:{make_course('drawing', price_fen=100).pk}"]}
    [code] = codes(operator, make(operator, "Twenty", audience="code", **changed))

    sent = client.post("/checkout/", form(course, act="price", code=code))

    page = client.get(sent["Location"]).content.decode()
    assert said in page.replace("&#x27;", "’") and page.count("Pay ¥69") == 2


def test_a_coupon_that_cant_be_had_leads_back_to_the_price_without_it(client, operator, course):
    coupon = make(operator, "Twenty", audience="code")

    for answer in (
        client.get(checkout_url(course, coupon.mark)),
        client.get(checkout_url(course, "x" * 500)),
        client.post("/checkout/", form(course, coupon=coupon.mark)),
        client.post("/checkout/", form(course, coupon="\0")),
    ):
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "You have no such coupon." in page and page.count("Pay ¥99") == 2
    assert not Order.objects.exists()


def test_the_last_coupon_taken_by_somebody_else_changes_the_price(client, stranger, operator, course):
    make(operator, "Last", most_uses=1)
    assert "Pay ¥79" in client.get(checkout_url(course)).content.decode()
    actor = Actor(member_id=stranger.pk)
    place(user=stranger, offer=f"course:{course.pk}", seen_fen=7_900, actor=actor)

    answer = client.post("/checkout/", form(course, seen_fen="7900"))

    assert answer.status_code == 409
    assert "it is ¥99 now" in answer.content.decode()
    assert Order.objects.count() == 1


def test_guessing_codes_is_bounded_and_right_ones_cost_nothing(client, operator, course):
    coupon = make(operator, "Twenty", audience="code")
    [code] = codes(operator, coupon)
    for _ in range(12):
        assert client.post("/coupons/", {"code": code}).status_code == 302
    for n in range(10):
        answer = client.post("/coupons/", {"code": f"NOTACODE{n}"})
        assert answer.status_code == 404
        assert "There is no such code." in answer.content.decode()

    # One tally for every place where codes are entered.
    assert client.post("/coupons/", {"code": "NOTACODE"}).status_code == 429
    assert client.post("/checkout/", form(course, act="price", code="NOTACODE")).status_code == 429
    assert client.post("/coupons/", {"code": code}).status_code == 429


def test_my_coupons_in_their_groups(client, learner, operator, course, django_assert_num_queries):
    empty = client.get("/coupons/").content.decode()
    assert "No coupon to use now" in empty
    make(operator, "Usable", scope=[f"course:{course.pk}", f"topic:{course.topic_id}"], most_uses=40)
    make(operator, "Coming", begun=False)
    make(operator, "Paused")
    Coupon.objects.filter(title="Paused").update(paused_at=clock.now())
    make(operator, "Spent", off_percent=50, most_fen=5_000, threshold_fen=1_000)
    make(operator, "Not mine", audience="code")
    actor = Actor(member_id=learner.pk)
    place(user=learner, offer=f"course:{course.pk}", seen_fen=4_950, actor=actor)

    client.get("/coupons/")
    with django_assert_num_queries(7):
        page = client.get("/coupons/").content.decode()

    places = [page.index(title) for title in ("Usable", "Coming", "Spent", "Paused")]
    assert places == sorted(places)
    assert "Not mine" not in page
    assert "50% off, ¥50 at most" in page and "from a price of ¥10 on" in page
    assert f">{course.title}<" in page and "40 left for everybody together" in page
    assert "used by you 1 time" in page and "The academy has paused this coupon." in page


def test_an_empty_code_is_asked_for(client):
    answer = client.post("/coupons/", {"code": "  "})
    assert answer.status_code == 409 and "Write the code." in answer.content.decode()


def test_visitors_sign_in_first(english):
    assert english.get("/coupons/")["Location"].startswith("/sign-in/")
    assert english.post("/coupons/", {"code": "X"})["Location"].startswith("/sign-in/")


def test_me_leads_to_my_coupons(client):
    assert 'href="/coupons/"' in client.get("/me/").content.decode()


def test_a_coupon_that_ends_says_when(client, operator):
    make(operator, "Ends", ends_at=clock.now() + timedelta(days=2))
    assert " to " in client.get("/coupons/").content.decode()


@pytest.mark.parametrize("address", ["/courses/{}/", "/courses/{}/one/", "/courses/{}/two/"])
def test_a_member_sees_before_the_checkout_what_it_will_ask(client, operator, course, address):
    make(operator, "Welcome", audience="newcomers", scope=["kind:course"])

    page = client.get(address.format(course.slug)).content.decode()

    assert "Buy · ¥79" in page and "Buy · ¥99" not in page
    assert "With “Welcome” you pay ¥79" in page
    assert "Pay ¥79" in client.get(checkout_url(course)).content.decode()


def test_the_usual_price_is_crossed_out_and_search_engines_are_told_everybodys(client, operator, course):
    make(operator, "Half", off_percent=50)

    page = client.get(f"/courses/{course.slug}/").content.decode()
    closed = client.get(f"/courses/{course.slug}/two/").content.decode()

    assert page.count("<s>¥99</s>") == 2 and closed.count("<s>¥99</s>") == 1
    assert page.count("With “Half” you pay ¥49.50") == 1 and page.count("with “Half”") == 1
    assert '"price":"99.00"' in page.replace(": ", ":")


def test_a_visitor_is_told_what_every_newcomer_gets_and_sees_everybodys_price(english, operator, course):
    make(operator, "Welcome", audience="newcomers")
    make(operator, "Mine", audience="code", off_fen=5_000)
    make(operator, "Later", begun=False, off_fen=6_000)
    make(operator, "Dear", threshold_fen=20_000, off_fen=6_000)
    make(operator, "Elsewhere", scope=[f"course:{make_course('drawing', price_fen=100).pk}"], off_fen=6_000)

    for address in (f"/courses/{course.slug}/", f"/courses/{course.slug}/two/"):
        page = english.get(address).content.decode()
        assert "Buy · ¥99" in page and "New here: ¥20 off" in page and "<s>¥99</s>" not in page


def test_what_everybody_gets_is_not_called_the_newcomers(english, operator, course):
    make(operator, "All", most_uses=1)
    assert "Once you are signed in: ¥20 off" in english.get(f"/courses/{course.slug}/").content.decode()


def test_nobody_hears_of_coupons_where_nothing_is_sold_or_it_is_theirs(
    client, english, learner, operator, course, settings
):
    make(operator, "Welcome", audience="newcomers")
    grant_course(user=learner, course=course)
    assert "Welcome" not in client.get(f"/courses/{course.slug}/").content.decode()
    settings.ZHIYUE_PAYMENT_PROVIDERS = []
    with CaptureQueriesContext(connection) as asked:
        page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "New here" not in page
    assert not any("commerce_coupon" in one["sql"] for one in asked)


def test_coupons_cost_a_course_page_one_query(client, english, operator, course):
    make(operator, "Welcome", audience="newcomers")
    for browser in (client, english):
        browser.get(f"/courses/{course.slug}/")
        with CaptureQueriesContext(connection) as asked:
            browser.get(f"/courses/{course.slug}/")
        assert sum('FROM "commerce_coupon"' in one["sql"] for one in asked) == 1
