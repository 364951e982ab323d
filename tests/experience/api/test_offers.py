"""What is for sale, by a program: the list, a membership with its time, a bundle with its shares, a trial."""

from datetime import datetime, timedelta

import pytest

from tests.factories import make_bundle, make_course, make_plan
from tests.product.commerce.coupon_makers import flash
from tests.product.commerce.test_refunds import bought, pay
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock
from zhiyue.product.commerce.lending.trials import start_trial
from zhiyue.product.commerce.membership.held import membership_of, terms_for
from zhiyue.product.commerce.models import CourseTerms, Order, Plan
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(program, learner):
    return program(learner)


def offer(client, ref):
    return client.get(f"/api/v1/offers/{ref}").json()


def join(user, plan, seen_fen):
    order = place(user=user, offer=f"plan:{plan.pk}", seen_fen=seen_fen, actor=Actor(member_id=user.pk))
    pay(user, order)
    return order


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def listed(client, query=""):
    """The whole list page by page, forward, and that it reads the same backward."""
    address, pages = f"/api/v1/offers?page_size=2{query}", []
    while address:
        pages.append(client.get(address).json())
        address = pages[-1]["next"]
    back, before = [], pages[-1]["previous"]
    while before:
        found = client.get(before).json()
        back.insert(0, found["items"])
        before = found["previous"]
    assert back == [page["items"] for page in pages[:-1]]
    return [one for page in pages for one in page["items"]]


def test_everything_for_sale_is_one_list_over_its_pages(browser, course):
    second = make_course("second", price_fen=5_000)
    make_course("free", price_fen=0)
    bundle, plan = make_bundle([course, second]), make_plan()
    gone = make_course("gone", price_fen=100)
    make_bundle([course, gone], slug="broken")
    make_bundle([course, second], slug="draft", status="draft")
    make_plan("旧会员", status=Plan.Status.WITHDRAWN)
    type(gone).objects.filter(pk=gone.pk).update(status="withdrawn")
    found = listed(browser)
    assert [one["offer"] for one in found] == [
        f"course:{second.pk}", f"course:{course.pk}", f"bundle:{bundle.pk}", f"plan:{plan.pk}"
    ]  # fmt: skip
    assert [(one["kind"], one["title"], one["price_fen"], one["courses"]) for one in found] == [
        ("course", second.title, 5_000, ["second"]),
        ("course", course.title, 9_900, ["intuition"]),
        ("bundle", "两门一起学", 5_000, ["intuition", "second"]),
        ("plan", "全站会员", 3_000, []),
    ]
    assert listed(browser, "&kind=bundle") == [found[2]]
    assert listed(browser, "&kind=course") == found[:2]
    assert browser.get("/api/v1/offers?kind=lesson").status_code == 400


def test_the_list_says_what_is_owned_and_what_costs_less_now(asking, browser, operator, learner, course):
    second = make_course("second", price_fen=5_000)
    make_bundle([course, second])
    sale = flash(operator, second, price_fen=4_000, stock=3)
    grant_course(user=learner, course=course)
    other, mine, both = asking.get("/api/v1/offers").json()["items"]
    assert (other["offer"], other["is_owned"]) == (f"course:{second.pk}", False)
    assert (mine["is_owned"], both["is_owned"], mine["flash"]) == (True, False, None)
    assert other["flash"] == {
        "price_fen": 4_000, "left": 3, "ends_at": sale.ends_at.isoformat().replace("+00:00", "Z")
    }  # fmt: skip
    grant_course(user=learner, course=second)
    assert all(one["is_owned"] for one in asking.get("/api/v1/offers").json()["items"])
    assert not any(one["is_owned"] for one in browser.get("/api/v1/offers").json()["items"])


def test_the_list_costs_as_many_queries_however_long_it_is(
    asking, operator, course, django_assert_max_num_queries
):
    courses = [make_course(f"c{n}", price_fen=1_000 + n) for n in range(8)]
    for n in range(4):
        make_bundle(courses[n : n + 3], slug=f"b{n}", price_fen=2_000)
        make_plan(f"会员 {n}")
        flash(operator, courses[n], price_fen=500, stock=5)
    with django_assert_max_num_queries(16):
        assert len(asking.get("/api/v1/offers?page_size=50").json()["items"]) == 17


def test_a_membership_says_when_it_would_run_and_what_it_opens(browser, course):
    make_course("other", topic="art", price_fen=100)
    plan = make_plan(months=3, price_fen=8_000, topics=["data"], trial_days=7, off_percent=10)
    told = offer(browser, f"plan:{plan.pk}")
    assert (told["kind"], told["courses"], told["bundle"], told["is_owned"]) == ("plan", [], None, False)
    assert told["trial"] == {"days": 7, "is_open": True, "ended_at": None}
    shown = told["plan"]
    begins, ends = moment(shown.pop("opens_from")), moment(shown.pop("opens_until"))
    assert abs(begins - clock.now()) < timedelta(minutes=1)
    assert 88 <= (ends - begins).days <= 92
    assert shown == {
        "months": 3,
        "opens_all": False,
        "topics": ["data"],
        "course_count": 1,
        "off_percent": 10,
        "grace_days": 3,
        "credit_fen": 0,
        "replaces": None,
    }


def test_the_same_membership_goes_on_and_a_dearer_one_takes_its_place(asking, learner, course):
    month, year = make_plan(), make_plan("年会员", months=12, price_fen=30_000)
    join(learner, month, 3_000)
    again, dearer = (offer(asking, f"plan:{plan.pk}") for plan in (month, year))
    assert moment(again["plan"]["opens_from"]) == membership_of(learner).until
    assert (again["total_fen"], again["plan"]["replaces"]) == (3_000, None)
    credit = terms_for(learner, year).credit_fen
    assert 0 < credit <= 3_000
    assert (dearer["plan"]["credit_fen"], dearer["plan"]["replaces"]) == (credit, f"plan:{month.pk}")
    assert (dearer["total_fen"], dearer["lines"][1]) == (
        30_000 - credit, {"kind": "credit", "amount_fen": -credit, "code": ""}
    )  # fmt: skip
    assert dearer["trial"] is None


def test_a_bundle_tells_its_shares_and_what_is_owned_of_it(asking, browser, learner, course):
    second = make_course("second", price_fen=100)
    bundle = make_bundle([course, second], price_fen=5_000)
    told = offer(browser, f"bundle:{bundle.pk}")
    parts = told["bundle"]["parts"]
    assert [(one["course"], one["price_fen"], one["is_owned"]) for one in parts] == [
        ("intuition", 9_900, False), ("second", 100, False)
    ]  # fmt: skip
    assert [one["share_fen"] for one in parts] == [4_950, 50]
    assert (told["total_fen"], told["bundle"]["saved_fen"], told["trial"]) == (5_000, 5_000, None)
    bought(learner, course)
    mine = offer(asking, f"bundle:{bundle.pk}")
    assert [one["is_owned"] for one in mine["bundle"]["parts"]] == [True, False]
    assert (mine["total_fen"], mine["bundle"]["credit_fen"], mine["courses"]) == (50, 4_950, ["second"])
    bought(learner, second)
    assert offer(asking, f"bundle:{bundle.pk}")["is_owned"] is True


def test_a_trial_stands_on_the_offer_until_it_was_had(asking, learner, course):
    CourseTerms.objects.create(course=course, trial_days=7)
    assert offer(asking, f"course:{course.pk}")["trial"] == {"days": 7, "is_open": True, "ended_at": None}
    trial = start_trial(user=learner, course=course, actor=Actor(member_id=learner.pk))
    assert offer(asking, f"course:{course.pk}")["trial"] is None
    trial.started_at, trial.ends_at = clock.now() - timedelta(days=8), clock.now() - timedelta(days=1)
    trial.save()
    told = offer(asking, f"course:{course.pk}")["trial"]
    assert (told["is_open"], moment(told["ended_at"])) == (False, trial.ends_at)


def test_an_offer_costs_a_constant_number_of_queries(asking, learner, course, django_assert_max_num_queries):
    courses = [make_course(f"c{n}", price_fen=1_000) for n in range(8)]
    bundle = make_bundle([course, *courses], price_fen=5_000)
    plan = make_plan()
    for _ in range(3):
        join(learner, plan, 3_000)
    for ref in (f"course:{course.pk}", f"bundle:{bundle.pk}", f"plan:{plan.pk}"):
        with django_assert_max_num_queries(20):
            assert offer(asking, ref)["offer"] == ref
    assert Order.objects.filter(status="paid").count() == 3
