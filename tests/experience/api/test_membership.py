"""One's membership, what is open by it and until when, and trials, by a program."""

from datetime import datetime, timedelta

import pytest

from tests.factories import make_course, make_plan
from tests.product.commerce.test_refunds import bought, pay
from zhiyue.collect.kinds import Actor
from zhiyue.core.academy.services import publish_templates
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.kit import clock
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.models import CourseTerms, OrderPlan, TrialPass
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.rights import right_to_course
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/me/membership"


@pytest.fixture
def asking(program, learner):
    return program(learner)


def join(user, plan):
    order = place(
        user=user,
        offer=f"plan:{plan.pk}",
        seen_fen=plan.price_fen,
        actor=Actor(member_id=user.pk),
    )
    pay(user, order)
    return order


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def change(client, wanted, **headers):
    return client.patch(ADDRESS, {"wants_reminder": wanted}, content_type="application/json", headers=headers)


def attempt(client, offer, **headers):
    body = {"offer": offer}
    return client.post("/api/v1/me/trials", body, content_type="application/json", headers=headers)


def test_whoever_has_none_is_told_so(asking, db):
    assert asking.get(ADDRESS).json() == {
        "running": None,
        "following": [],
        "until": None,
        "is_in_grace": False,
        "wants_reminder": False,
        "trial": None,
    }
    answer = change(asking, wanted=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_membership")


def test_what_runs_and_what_follows_is_told_with_its_times(asking, learner):
    plan = make_plan(off_percent=10)
    first, second = join(learner, plan), join(learner, plan)
    told = asking.get(ADDRESS).json()
    held = membership_of(learner)
    assert told["running"]["order"] == first.number
    assert (told["running"]["plan"], told["running"]["title"]) == (f"plan:{plan.pk}", "全站会员")
    assert (told["running"]["months"], told["running"]["off_percent"]) == (1, 10)
    assert moment(told["running"]["opens_until"]) == held.running.period.opens_until
    (after,) = told["following"]
    assert (after["order"], after["opens_from"]) == (second.number, told["running"]["opens_until"])
    assert (moment(told["until"]), told["is_in_grace"]) == (held.until, False)


def test_the_reminder_is_chosen_and_nothing_changed_in_between_is_overwritten(asking, learner):
    join(learner, make_plan())
    before = asking.get(ADDRESS)
    assert before.json()["wants_reminder"] is True
    changed = change(asking, wanted=False, **{"if-match": before["ETag"]})
    assert (changed.status_code, changed.json()["wants_reminder"]) == (200, False)
    assert changed["ETag"] == asking.get(ADDRESS)["ETag"]
    late = change(asking, wanted=True, **{"if-match": before["ETag"]})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert OrderPlan.objects.get().wants_reminder is False
    assert change(asking, wanted="perhaps").status_code == 400


def test_a_token_that_reads_changes_nothing(program, learner):
    join(learner, make_plan())
    reader = program(learner, Scope.ME_READ)
    assert change(reader, wanted=False).status_code == 403
    assert attempt(reader, "plan:1").status_code == 403
    assert OrderPlan.objects.get().wants_reminder is True


def test_every_open_course_says_by_what_and_until_when(asking, learner, course):
    """As `right_to_course`, of which lessons are asked, says it of each."""
    paid, given = make_course("paid", price_fen=100), make_course("given", price_fen=100)
    art, tried = make_course("art", topic="art", price_fen=100), make_course("tried", price_fen=100)
    CourseTerms.objects.create(course=tried, trial_days=7, is_in_memberships=False)
    bought(learner, paid)
    grant_course(user=learner, course=given)
    attempt(asking, f"course:{tried.pk}")
    all_of_it, data = make_plan(), make_plan("数据会员", months=3, topics=["data"], price_fen=2_900)
    join(learner, all_of_it)
    # What costs less than what is left of the first one follows it.
    join(learner, data)
    found = {one["course"]["slug"]: one for one in asking.get("/api/v1/me/courses").json()["items"]}
    assert {slug: one["source"] for slug, one in found.items()} == {
        "paid": "paid", "given": "granted", "tried": "trial", "art": "membership", "intuition": "membership"
    }  # fmt: skip
    for one in (course, paid, given, art, tried):
        right = right_to_course(learner.pk, one)
        until = found[one.slug]["until"]
        assert (moment(until) if until else None) == right.until, one.slug
    assert found["paid"]["until"] is None
    held = membership_of(learner)
    assert moment(found["art"]["until"]) == held.running.period.opens_until
    assert moment(found["intuition"]["until"]) == held.until


def test_what_opens_in_grace_says_when_that_ends(asking, learner, course):
    order = join(learner, make_plan())
    type(order).objects.update(paid_at=clock.now() - timedelta(days=32))
    (one,) = asking.get("/api/v1/me/courses").json()["items"]
    right = right_to_course(learner.pk, course)
    assert (one["source"], moment(one["until"])) == ("membership", right.until)
    assert right.until == membership_of(learner).running.period.grace_until
    assert asking.get(ADDRESS).json()["is_in_grace"] is True


def test_of_several_trials_the_longest_counts(asking, learner, course):
    CourseTerms.objects.create(course=course, trial_days=3)
    plan = make_plan(trial_days=9)
    attempt(asking, f"course:{course.pk}")
    assert attempt(asking, f"plan:{plan.pk}").status_code == 201
    (one,) = asking.get("/api/v1/me/courses").json()["items"]
    assert moment(one["until"]) == right_to_course(learner.pk, course).until
    assert moment(one["until"]) == TrialPass.objects.get(plan=plan).ends_at


def test_a_course_is_tried_once_and_told_again_while_it_runs(asking, learner, course):
    CourseTerms.objects.create(course=course, trial_days=7)
    first = attempt(asking, f"course:{course.pk}")
    told = first.json()
    assert (first.status_code, told["offer"]) == (201, f"course:{course.pk}")
    assert moment(told["ends_at"]) - moment(told["started_at"]) == timedelta(days=7)
    assert attempt(asking, f"course:{course.pk}").json() == told
    TrialPass.objects.update(
        started_at=clock.now() - timedelta(days=8), ends_at=clock.now() - timedelta(days=1)
    )
    over = attempt(asking, f"course:{course.pk}")
    assert (over.status_code, over.json()["code"]) == (409, "trial_over")


def test_a_membership_is_tried_and_stands_beside_what_runs(asking, learner):
    plan = make_plan(trial_days=7)
    told = attempt(asking, f"plan:{plan.pk}", **{"idempotency-key": "a"}).json()
    trial = asking.get(ADDRESS).json()["trial"]
    assert trial == {
        "plan": f"plan:{plan.pk}",
        "title": "全站会员",
        "started_at": told["started_at"],
        "ends_at": told["ends_at"],
    }


@pytest.mark.parametrize(
    ("offer", "status", "code"),
    [
        ("course:{course}", 409, "no_trial"),
        ("plan:{plan}", 409, "no_trial"),
        ("bundle:1", 409, "not_for_sale"),
        ("course:999", 409, "not_for_sale"),
        ("nonsense", 409, "not_for_sale"),
        ("", 400, "invalid"),
    ],
)
def test_what_can_not_be_tried_says_so(asking, course, offer, status, code):
    answer = attempt(asking, offer.format(course=course.pk, plan=make_plan().pk))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not TrialPass.objects.exists()


def test_new_agreements_stop_a_program_from_choosing_for_its_member(asking, learner, owner):
    join(learner, make_plan())
    publish_templates(texts=[("terms", "用户协议", "正文")])
    answer = change(asking, wanted=False)
    assert (answer.status_code, answer.json()["code"]) == (403, "agreements_pending")


def test_it_costs_a_constant_number_of_queries(asking, learner, course, django_assert_max_num_queries):
    plan = make_plan()
    for n in range(4):
        make_course(f"c{n}", price_fen=100)
        join(learner, plan)
    with django_assert_max_num_queries(8):
        assert len(asking.get(ADDRESS).json()["following"]) == 3
    with django_assert_max_num_queries(14):
        assert len(asking.get("/api/v1/me/courses").json()["items"]) == 5
