"""An order whose price is gone: its page asks for no money, and says where it is ordered anew."""

import html

import pytest

from tests.experience.site.test_paying_in_wechat import WAY, inside, openid, wechat
from tests.experience.site.test_ways_to_pay import form
from tests.factories import make_plan
from tests.product.commerce.test_standing import begun, buy, give_back, placed
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.services import grant_course

__all__ = ["openid", "wechat"]
pytestmark = pytest.mark.django_db
NOW = "See what it costs now"


@pytest.fixture
def plan(learner, course):
    return buy(learner, f"plan:{make_plan(price_fen=3_100, off_percent=20).pk}")


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


def said(answer) -> str:
    return html.unescape(answer.content.decode())


def is_changed(page, course) -> bool:
    leads_on = f'href="/checkout/?offer=course%3A{course.pk}"' in page
    assert leads_on == (NOW in page) == ("The price has changed since" in page)
    assert leads_on != ("Waiting for your payment" in page or "Confirming your payment" in page)
    return leads_on


def test_its_page_asks_for_nothing_once_what_lowered_it_went_back(client, learner, course, plan):
    order = placed(learner, f"course:{course.pk}")
    payment = begun(learner, order)
    address = f"/orders/{order.number}/"
    page = said(client.get(address))
    assert not is_changed(page, course) and "seen=created-begun" in page
    give_back(learner, plan)

    page = said(client.get(address))
    assert is_changed(page, course)
    assert "Go and pay" not in page and "Cancel the order" not in page
    # A page that waits turns by itself.
    turned = client.get(f"{address}state/?seen=created-begun", headers={"hx-request": "true"})
    assert is_changed(said(turned), course)

    for _ in range(2):
        answer = client.post(f"{address}pay/", {"way": "sandbox:page"})
        assert (answer.status_code, is_changed(said(answer), course)) == (409, True)
    order.refresh_from_db()
    assert (order.status, payment.number) == ("expired", order.payments.get().number)
    assert client.get(f"/checkout/?offer={order.offer}").status_code == 200


def test_it_leads_on_to_where_it_was_wanted(client, learner, course, plan):
    order = placed(learner, f"course:{course.pk}")
    give_back(learner, plan)

    page = said(client.get(f"/orders/{order.number}/?next=/courses/{course.slug}/two/"))

    assert f"/checkout/?offer=course%3A{course.pk}&next=%2Fcourses%2F{course.slug}%2Ftwo%2F" in page


def test_what_became_theirs_ends_and_leads_to_it(client, learner, course):
    order = placed(learner, f"course:{course.pk}")
    grant_course(user=learner, course=course)

    answer = client.post(f"/orders/{order.number}/pay/", {"way": "sandbox:page"})

    assert (answer.status_code, is_changed(said(answer), course)) == (409, True)
    assert client.get(f"/checkout/?offer={order.offer}")["Location"] == f"/courses/{course.slug}/"


def test_what_was_not_paid_in_time_says_so_still(client, learner, course):
    order = placed(learner, f"course:{course.pk}")
    Order.objects.filter(pk=order.pk).update(expires_at=order.created_at)

    page = said(client.get(f"/orders/{order.number}/"))

    assert "Not paid in time" in page and NOW not in page


def test_nothing_more_is_asked_of_an_order_that_nothing_lowered(
    client, learner, course, plan, django_assert_num_queries
):
    give_back(learner, plan)
    order = placed(learner, f"course:{course.pk}")
    client.get(f"/orders/{order.number}/")

    with django_assert_num_queries(10):
        client.get(f"/orders/{order.number}/")


def test_who_comes_back_from_wechat_is_told(signed_in, learner, course, plan, wechat, openid):
    browser = inside(signed_in, learner)
    wanted = form(course, WAY) | {"seen_fen": "7920"}
    come = openid.come(browser.post("/checkout/", wanted)["Location"])
    give_back(learner, plan)

    answer = browser.get(come)

    assert (answer.status_code, is_changed_for_wechat(said(answer))) == (409, True)
    assert wechat.trades == {}


def is_changed_for_wechat(page) -> bool:
    return NOW in page and "order it anew" in page
