"""From a price to a lesson: what the learner sees on the way, and what is refused."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from limits import RateLimitItemPerHour

from tests.factories import PASSWORD, lesson_of, make_course
from tests.product.commerce.coupon_makers import make
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.kit import clock
from zhiyue.experience.shell import paying
from zhiyue.product.commerce.errors import ProviderUnreachable
from zhiyue.product.commerce.models import Order, Payment
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.selectors import may_open

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true"}


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


def checkout_url(course, onward=""):
    return f"/checkout/?offer=course:{course.pk}&next={onward or f'/courses/{course.slug}/two/'}"


def form(course, **changed):
    return {
        "offer": f"course:{course.pk}",
        "seen_fen": str(course.price_fen),
        "way": "sandbox:page",
        "next": f"/courses/{course.slug}/two/",
        **changed,
    }


def ordered(user, course):
    actor = Actor(member_id=user.pk)
    return place(user=user, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)


def begun(user, order, channel="page"):
    ways = {"provider": "sandbox", "channel": channel, "returns_to": "/", "notify_at": "/"}
    return begin(user=user, order_number=order.number, **ways)


def pay_at_sandbox(user, order):
    receive("sandbox", sandbox.press(begun(user, order).number, "pay"))


def test_a_course_is_bought_from_its_page_and_from_a_closed_lesson(english, course):
    page = english.get(f"/courses/{course.slug}/").content.decode()
    closed = english.get(f"/courses/{course.slug}/two/").content.decode()
    reading = english.get(f"/courses/{course.slug}/one/").content.decode()

    bought_for = f"/checkout/?offer=course%3A{course.pk}&amp;next=%2Fcourses%2F{course.slug}%2F"
    assert page.count(f'href="{bought_for}"') == 2
    assert "Buy · ¥99" in page and "Read a free lesson" in page
    assert f'href="{bought_for}two%2F"' in closed
    assert f'href="{bought_for}two%2F"' in reading
    assert "Paying online isn" not in page + closed


def test_nothing_is_sold_where_nobody_takes_the_money(client, course, settings):
    settings.ZHIYUE_PAYMENT_PROVIDERS = []

    assert "/checkout/" not in client.get(f"/courses/{course.slug}/").content.decode()
    assert "/checkout/" not in client.get(f"/courses/{course.slug}/two/").content.decode()
    assert client.get(checkout_url(course)).status_code == 409
    assert client.post("/checkout/", form(course)).status_code == 409
    assert not Order.objects.exists()


def test_checkout_shows_what_is_bought_its_price_and_how_to_pay(client, course, django_assert_num_queries):
    course.list_price_fen = 12_900
    course.save()
    client.get(checkout_url(course))
    with django_assert_num_queries(12):
        answer = client.get(checkout_url(course))

    page = answer.content.decode()
    assert course.title in page and "Sandbox: no money moves" in page
    assert page.count("Pay ¥99") == 2
    assert "<s>¥129</s>" in page
    assert page.count('type="radio"') == 2 and page.count(" checked") == 1
    opened = Event.objects.filter(name="checkout.opened").first()
    assert (opened.course_id, opened.properties) == (course.pk, {"amount_fen": 9900})
    assert "form-action 'self' https:" in answer["Content-Security-Policy"]


def test_a_visitor_signs_up_first_and_comes_back(english, course):
    for answer in (english.get(checkout_url(course)), english.post("/checkout/", form(course))):
        at = urlsplit(answer["Location"])
        back = urlsplit(parse_qs(at.query)["next"][0])
        assert (at.path, back.path) == ("/sign-up/", "/checkout/")
        assert parse_qs(back.query) == {
            "offer": [f"course:{course.pk}"],
            "next": [f"/courses/{course.slug}/two/"],
        }
    assert not Order.objects.exists()
    assert not Event.objects.filter(name="checkout.opened").exists()


def test_a_browser_in_which_somebody_signed_in_before_is_led_to_sign_in(english, learner, course):
    english.post("/sign-in/", {"username": learner.email, "password": PASSWORD})
    english.post("/sign-out/")

    doors = [
        english.get(f"/checkout/?offer=course:{course.pk}"),
        english.post(f"/enrol/{course.slug}/"),
        english.post(f"/try/{course.slug}/"),
        english.get("/redeem/?code=ABC"),
    ]
    assert [urlsplit(one["Location"]).path for one in doors] == ["/sign-in/"] * 4
    assert parse_qs(urlsplit(doors[3]["Location"]).query) == {"next": ["/redeem/?code=ABC"]}
    english.cookies["zy_known"] = "made:up"
    assert english.get(f"/checkout/?offer=course:{course.pk}")["Location"].startswith("/sign-up/")


def test_paying_leads_to_the_till_and_a_second_press_to_the_same(client, course):
    first = client.post("/checkout/", form(course))
    second = client.post("/checkout/", form(course))

    payment = Payment.objects.get()
    assert first["Location"] == second["Location"] == f"/pay/sandbox/{payment.number}/"
    assert payment.order == Order.objects.get()
    back = urlsplit(client.get(first["Location"]).context["trade"].returns_to)
    assert back.path == f"/orders/{payment.order.number}/"
    assert parse_qs(back.query) == {"next": [f"/courses/{course.slug}/two/"], "from": ["till"]}


def test_paying_by_a_code_leads_to_the_order_that_shows_it(client, course):
    answer = client.post("/checkout/", form(course, way="sandbox:qr"))

    order = Order.objects.get()
    assert answer["Location"] == f"/orders/{order.number}/?next=%2Fcourses%2F{course.slug}%2Ftwo%2F"
    page = client.get(answer["Location"]).content.decode()
    assert 'role="img" aria-label="Code to scan, by which ¥99 are paid"' in page
    assert f'href="http://testserver/pay/sandbox/{Payment.objects.get().number}/"' in page


def test_a_price_that_changed_is_shown_before_anything_is_ordered(client, course):
    old = form(course)
    course.price_fen = 7900
    course.save()

    answer = client.post("/checkout/", old)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "it is ¥79 now" in page and 'name="seen_fen" value="7900"' in page
    assert not Order.objects.exists()
    assert client.post("/checkout/", form(course)).status_code == 302


@pytest.mark.parametrize("seen", ["", "x", "-1", "٩٩٠٠", "9" * 40])
def test_what_a_form_says_was_seen_decides_nothing(client, course, seen):
    assert client.post("/checkout/", form(course, seen_fen=seen)).status_code == 409
    assert not Order.objects.exists()


def test_nobody_places_orders_without_end(client, course, monkeypatch):
    monkeypatch.setattr(paying, "_ORDERS_OF_ONE", RateLimitItemPerHour(1))
    assert client.post("/checkout/", form(course)).status_code == 302
    Order.objects.update(status="closed")

    answer = client.post("/checkout/", form(course))

    assert answer.status_code == 429
    assert "Retry-After" in answer
    assert not Order.objects.filter(status="created").exists()


@pytest.mark.parametrize("way", ["", "sandbox", "sandbox:pigeon", "alipay:page", ":"])
def test_a_way_that_isnt_offered_orders_and_begins_nothing(client, learner, course, way):
    answer = client.post("/checkout/", form(course, way=way))
    assert answer.status_code == 409
    assert "Choose how to pay." in answer.content.decode()
    assert not Order.objects.exists()

    answer = client.post(f"/orders/{ordered(learner, course).number}/pay/", {"way": way})
    assert answer.status_code == 409
    assert "Choose how to pay." in answer.content.decode()
    assert not Payment.objects.exists()


def test_an_offer_that_costs_nothing_is_paid_at_once(client, operator, course):
    make(operator, off_fen=50_000)
    assert "Take it for nothing" in client.get(checkout_url(course)).content.decode()

    answer = client.post("/checkout/", form(course, seen_fen="0", way=""))

    order = Order.objects.get()
    assert answer["Location"].startswith(f"/orders/{order.number}/")
    assert order.status == "paid"
    assert not Payment.objects.exists()
    assert may_open(order.user, lesson_of(course, "two")).open


def test_the_way_back_never_leads_elsewhere(client, course):
    client.post("/checkout/", form(course, next="https://evil.example/"))

    order = Order.objects.get()
    assert '="https://evil' not in client.get(checkout_url(course, "https://evil.example/")).content.decode()
    pay_at_sandbox(order.user, order)
    assert '="//evil' not in client.get(f"/orders/{order.number}/?next=//evil.example/").content.decode()
    asked = client.get(f"/orders/{order.number}/state/?next=//evil.example/", headers=HTMX)
    assert "HX-Redirect" not in asked


def test_a_provider_that_cant_be_had_keeps_the_order_and_says_so(client, course, monkeypatch):
    def silent(*_):
        raise ProviderUnreachable("It doesn't answer.")

    monkeypatch.setattr(sandbox.Sandbox, "begin", silent)
    answer = client.post("/checkout/", form(course))
    order = Order.objects.get()
    again = client.post(f"/orders/{order.number}/pay/", {"way": "sandbox:page"})

    for one in (answer, again):
        assert one.status_code == 502
        assert "It doesn&#x27;t answer." in one.content.decode()
    assert order.status == "created"
    monkeypatch.undo()
    assert client.post(f"/orders/{order.number}/pay/", {"way": "sandbox:page"}).status_code == 302


def test_what_is_mine_is_not_sold_again(client, learner, course):
    pay_at_sandbox(learner, ordered(learner, course))

    assert client.get(checkout_url(course))["Location"] == f"/courses/{course.slug}/two/"
    assert client.post("/checkout/", form(course))["Location"] == f"/courses/{course.slug}/two/"
    assert client.post("/checkout/", form(course, next=""))["Location"] == f"/courses/{course.slug}/"
    assert Order.objects.count() == 1
    assert not Event.objects.filter(name="checkout.opened").exists()


def test_what_isnt_for_sale_says_so(client):
    free = make_course("gift")
    for offer in ("course:0", f"course:{free.pk}", "", "x" * 200, "course:1\0"):
        assert client.get("/checkout/", {"offer": offer}).status_code == 409
        assert client.post("/checkout/", {"offer": offer, "seen_fen": "0"}).status_code == 409


def test_an_order_that_waits_says_how_long_and_how_to_pay(client, learner, course, django_assert_num_queries):
    order = ordered(learner, course)
    begun(learner, order)
    Payment.objects.update(begun_at=clock.now() - timedelta(minutes=3), asked_at=clock.now())
    client.get(f"/orders/{order.number}/")
    with django_assert_num_queries(10):
        page = client.get(f"/orders/{order.number}/").content.decode()

    assert "Waiting for your payment" in page and "30 minutes from now" in page
    assert "Go and pay ¥99" in page
    assert 'hx-trigger="every 2s"' in page and "seen=created-begun" in page
    assert "I have paid: look again" in page


def test_who_comes_back_from_the_till_is_told_that_it_is_being_confirmed(client, learner, course):
    order = ordered(learner, course)
    begun(learner, order)
    Payment.objects.update(begun_at=clock.now() - timedelta(minutes=20))

    page = client.get(f"/orders/{order.number}/?from=till&next=/courses/").content.decode()

    assert (
        "<h1" in page and ">Confirming your payment…</h1>" in page and "Waiting for your payment" not in page
    )
    assert 'class="skeleton" aria-hidden="true"' in page
    folded = page[page.index("Not paid yet?") :].partition("</details>")[0]
    assert "Go and pay ¥99" in folded and page.count("Go and pay ¥99") == 1
    assert "Nothing was taken" not in page and "What you may have paid already still counts" in page
    # While it waits: by itself with scripts, by itself and by a link without.
    assert "from=till&amp;next=/courses/".replace("/", "%2F") in page
    assert "seen=created-begun-confirming" in page
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert f'href="/orders/{order.number}/?from=till&amp;next=%2Fcourses%2F"' in page


def test_a_payment_begun_at_a_till_a_moment_ago_is_being_confirmed_for_a_while(client, learner, course):
    order = ordered(learner, course)
    begun(learner, order)
    at = f"/orders/{order.number}/"
    assert "Confirming your payment…" in client.get(at).content.decode()

    Payment.objects.update(begun_at=clock.now() - timedelta(minutes=3, seconds=1))
    page = client.get(at).content.decode()
    assert "Waiting for your payment" in page and "http-equiv" not in page and "Not paid yet?" not in page
    turned = client.get(f"{at}state/?seen=created-begun-confirming", headers=HTMX).content.decode()
    assert "Waiting for your payment" in turned


def test_who_was_at_no_till_waits_as_ever(client, learner, course):
    order = ordered(learner, course)
    at = f"/orders/{order.number}/"
    for address in (at, f"{at}?from=till"):
        page = client.get(address).content.decode()
        assert "Waiting for your payment" in page and "Nothing was taken" in page
    begun(learner, order, channel="qr")
    page = client.get(at).content.decode()
    assert "Waiting for your payment" in page and 'role="img"' in page and "http-equiv" not in page
    # Paid on this device after all.
    assert "Confirming your payment…" in client.get(f"{at}?from=till").content.decode()


def test_where_it_failed_or_is_paid_nothing_is_being_confirmed(client, learner, course):
    order = ordered(learner, course)
    at = f"/orders/{order.number}/?from=till"
    receive("sandbox", sandbox.press(begun(learner, order).number, "fail"))
    page = client.get(at).content.decode()
    assert "succeed, and nothing was taken" in page and "Confirming" not in page
    pay_at_sandbox(learner, order)
    page = client.get(at).content.decode()
    assert "Paid: go on learning" in page and "Confirming" not in page and "http-equiv" not in page


def test_a_page_that_waits_is_told_nothing_while_nothing_happened(client, learner, course):
    order = ordered(learner, course)
    begun(learner, order)

    answer = client.get(f"/orders/{order.number}/state/?seen=created-begun-confirming", headers=HTMX)

    assert (answer.status_code, answer.content) == (204, b"")
    assert "HX-Redirect" not in answer


def test_a_page_that_waits_turns_into_the_lesson(client, learner, course):
    order = ordered(learner, course)
    lesson = f"/courses/{course.slug}/two/"
    pay_at_sandbox(learner, order)

    turned = client.get(f"/orders/{order.number}/state/?seen=created-begun&next={lesson}", headers=HTMX)
    plain = client.get(f"/orders/{order.number}/state/?seen=created-begun", headers=HTMX).content.decode()

    assert (turned.status_code, turned["HX-Redirect"]) == (204, lesson)
    assert "Paid: go on learning" in plain and "every 2s" not in plain and "<html" not in plain
    page = client.get(f"/orders/{order.number}/?next={lesson}").content.decode()
    assert f'href="{lesson}"' in page and "every 2s" not in page
    assert client.get(lesson).status_code == 200


def test_coming_back_asks_the_provider_where_it_told_nothing(client, learner, course):
    order = ordered(learner, course)
    payment = begun(learner, order)
    sandbox.press(payment.number, "pay")

    assert "Confirming your payment…" in client.get(f"/orders/{order.number}/").content.decode()
    Payment.objects.update(begun_at=clock.now() - timedelta(seconds=6))
    assert "Paid: go on learning" in client.get(f"/orders/{order.number}/").content.decode()
    assert may_open(learner, lesson_of(course, "two")).open


def test_a_payment_that_failed_can_be_tried_again(client, learner, course):
    order = ordered(learner, course)
    receive("sandbox", sandbox.press(begun(learner, order).number, "fail"))

    page = client.get(f"/orders/{order.number}/").content.decode()
    assert "succeed, and nothing was taken" in page
    answer = client.post(f"/orders/{order.number}/pay/", {"way": "sandbox:page"})
    assert answer["Location"] == f"/pay/sandbox/{Payment.objects.last().number}/"
    assert Payment.objects.count() == 2


def test_an_order_whose_time_is_over_says_so_also_before_the_clock_noted_it(client, learner, course):
    order = ordered(learner, course)
    Order.objects.update(expires_at=clock.now() - timedelta(seconds=1))

    page = client.get(f"/orders/{order.number}/").content.decode()
    assert "Not paid in time" in page and "every 2s" not in page and "Cancel the order" not in page
    answer = client.post(f"/orders/{order.number}/pay/", {"way": "sandbox:page"})
    assert answer.status_code == 409
    assert not Payment.objects.exists()


def test_a_page_goes_on_waiting_for_money_that_was_on_its_way(client, learner, course):
    order = ordered(learner, course)
    begun(learner, order)
    for minutes, waits in ((1, True), (31, False)):
        Order.objects.update(expires_at=clock.now() - timedelta(minutes=minutes))
        assert ("every 2s" in client.get(f"/orders/{order.number}/").content.decode()) == waits


def test_an_order_is_cancelled_once_it_is_meant(client, learner, course):
    order = ordered(learner, course)

    assert client.get(f"/orders/{order.number}/cancel/").status_code == 405
    assert client.post(f"/orders/{order.number}/cancel/")["Location"] == f"/orders/{order.number}/"
    assert "You cancelled it" in client.get(f"/orders/{order.number}/").content.decode()
    order.refresh_from_db()
    assert order.status == "closed"


def test_a_paid_order_cant_be_cancelled(client, learner, course):
    order = ordered(learner, course)
    pay_at_sandbox(learner, order)

    answer = client.post(f"/orders/{order.number}/cancel/")
    assert answer.status_code == 409
    assert "Paid: go on learning" in answer.content.decode()


def test_a_strangers_order_isnt_there(signed_in, stranger, learner, course, english):
    order = ordered(learner, course)
    begun(learner, order)
    client = signed_in(stranger)

    assert client.get(f"/orders/{order.number}/").status_code == 404
    assert client.get(f"/orders/{order.number}/state/", headers=HTMX).status_code == 404
    assert client.post(f"/orders/{order.number}/pay/", {"way": "sandbox:page"}).status_code == 404
    assert client.post(f"/orders/{order.number}/cancel/").status_code == 404
    order.refresh_from_db()
    assert order.status == "created"
    assert english.get(f"/orders/{order.number}/")["Location"].startswith("/sign-in/?next=%2Forders%2F")
    asked = english.get(f"/orders/{order.number}/state/", headers=HTMX)
    assert asked["HX-Redirect"].startswith("/sign-in/")


def test_my_orders_come_by_pages_the_latest_first(client, learner, django_assert_num_queries):
    empty = client.get("/orders/").content.decode()
    assert "No order yet" in empty
    courses = [make_course(f"c{n}", title=f"课程 {n}号", price_fen=100) for n in range(21)]
    for one in courses:
        ordered(learner, one)

    with django_assert_num_queries(6):
        first = client.get("/orders/").content.decode()
    second = client.get("/orders/?orders=2").content.decode()

    assert first.index("课程 20号") < first.index("课程 1号")
    assert "课程 0号" not in first and "课程 0号" in second
    assert 'href="/orders/"' in client.get("/me/").content.decode()


def test_somebody_elses_orders_are_not_among_mine(client, stranger, course):
    ordered(stranger, course)
    assert course.title not in client.get("/orders/").content.decode()
