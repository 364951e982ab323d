"""The page on which staff make memberships and put them on sale."""

import pytest

from tests.factories import make_course, make_plan
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.product.catalogue.models import Topic
from zhiyue.product.commerce.membership.plans import PlanWish, all_plans, change_plan, offer_plan
from zhiyue.product.commerce.membership.plans import make_plan as made
from zhiyue.product.commerce.models import Plan
from zhiyue.product.commerce.orders import place

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(signed_in, operator):
    browser = signed_in(operator)
    browser.cookies["zy_language"] = "en"
    return browser


def form(**changed):
    return {
        "name": "年度会员",
        "summary": "一年学个够",
        "months": "12",
        "price": "299",
        "grace_days": "7",
        "trial_days": "3",
        "off_percent": "10",
        **changed,
    }


def test_a_plan_is_made_looked_at_put_on_sale_and_withdrawn(client):
    assert "No membership yet" in client.get("/desk/plans/").content.decode()

    page = client.post("/desk/plans/make/", form(), follow=True).content.decode()
    plan = Plan.objects.get()
    assert "年度会员" in page
    assert "all paid courses" in page
    assert (plan.status, plan.price_fen, plan.months, plan.opens_all) == ("draft", 29_900, 12, True)
    client.post(f"/desk/plans/{plan.pk}/offer/")
    plan.refresh_from_db()
    assert plan.status == "offered"
    client.post(f"/desk/plans/{plan.pk}/withdraw/")
    plan.refresh_from_db()
    assert plan.status == "withdrawn"
    assert list(AuditEntry.objects.order_by("pk").values_list("act", flat=True)) == [
        "plan.made",
        "plan.offered",
        "plan.withdrawn",
    ]
    assert client.post(f"/desk/plans/{plan.pk}/burn/").status_code == 404
    assert client.post("/desk/plans/0/offer/").status_code == 404


def test_topics_bound_what_it_opens(client):
    make_course("stats", price_fen=100)
    topic = Topic.objects.get()

    client.post("/desk/plans/make/", form(topics=[topic.pk]))

    plan = Plan.objects.get()
    assert not plan.opens_all
    assert list(plan.topics.all()) == [topic]
    assert topic.name in client.get("/desk/plans/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"price": "0"}, "Give 0.01 or more."),
        ({"price": "1.234"}, "Write 2 digits behind the point at most."),
        ({"price": "100000.01"}, "Give 100000 or less."),
        ({"months": "5"}, "Choose one of the list."),
        ({"topics": ["999"]}, "in the list."),
        ({"trial_days": "365"}, "Give 90 or less."),
        ({"name": " "}, "required"),
    ],
)
def test_what_doesnt_fit_comes_back_as_it_was_typed(client, wrong, said):
    answer = client.post("/desk/plans/make/", form(**wrong))

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert "一年学个够" in answer.content.decode()
    assert not Plan.objects.exists()


def test_price_and_name_change_for_the_next_buyer(client):
    plan = make_plan("年度会员", months=12, price_fen=29_900, status="draft")

    client.post(f"/desk/plans/{plan.pk}/change/", form(price="199.50"))

    plan.refresh_from_db()
    assert (plan.price_fen, plan.grace_days) == (19_950, 7)
    entry = AuditEntry.objects.get()
    assert (entry.before["price_fen"], entry.after["price_fen"]) == (29_900, 19_950)
    assert "months" not in entry.after
    assert 'value="199.50"' in client.get("/desk/plans/").content.decode()


def test_what_was_sold_opens_what_it_opened(client, learner):
    plan = make_plan("年度会员", months=12, price_fen=29_900)
    place(user=learner, offer=f"plan:{plan.pk}", seen_fen=29_900, actor=Actor(member_id=learner.pk))

    answer = client.post(f"/desk/plans/{plan.pk}/change/", form(months="1"))

    assert answer.status_code == 400
    assert "It was sold: what it opens and how long stays." in answer.content.decode()
    plan.refresh_from_db()
    assert plan.months == 12


def test_nobody_but_who_sells_makes_plans(agent):
    by = Viewer(user=agent, visitor=None, roles=frozenset({"agent"}))
    plan = make_plan(status="draft")

    for act in (
        lambda: all_plans(by),
        lambda: made(viewer=by, wish=PlanWish("a", "", 1, 100)),
        lambda: change_plan(viewer=by, plan_id=plan.pk, wish=PlanWish("a", "", 1, 100)),
        lambda: offer_plan(viewer=by, plan_id=plan.pk),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert Plan.objects.get().status == "draft"
    assert not AuditEntry.objects.exists()
