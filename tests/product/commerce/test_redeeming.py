"""Redeem codes: each opens its course to whoever enters it first, by an order that costs nothing."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.factories import lesson_of, make_bundle, make_course, make_plan
from tests.product.commerce.coupon_makers import batch, flash, make, staff
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.errors import (
    AlreadyOwned,
    CodeRefused,
    NoSuchBatch,
    NotForSale,
    SaleRefused,
    UnknownCode,
)
from zhiyue.product.commerce.membership.held import membership_of
from zhiyue.product.commerce.models import Bundle, Entry, Order, OrderStep, Plan, RedeemBatch, RedeemCode
from zhiyue.product.commerce.offers import offer_of
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.quoting import priced
from zhiyue.product.commerce.redeeming import (
    all_batches,
    export_batch,
    make_batch,
    redeem,
    revoke_batch,
)
from zhiyue.product.commerce.selectors import may_open, owned_by
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def redeemed(user, code):
    return redeem(user=user, code=code, actor=Actor(member_id=user.pk))


def codes(of):
    return list(of.codes.order_by("pk").values_list("text", flat=True))


def test_a_code_opens_its_course_by_an_order_that_costs_nothing(learner, operator, course):
    one = batch(operator, course)
    code = codes(one)[0]

    order = redeemed(learner, f"{code[:5].lower()} {code[5:]}")

    assert (order.status, order.price_fen, order.total_fen, order.offer) == (
        "paid",
        19_900,
        0,
        f"course:{course.pk}",
    )
    assert [(line["kind"], line["amount_fen"]) for line in order.lines] == [
        ("price", 19_900),
        ("redeem", -19_900),
    ]
    assert may_open(learner, lesson_of(course, "two")).open
    assert [row.pk for row in owned_by(learner.pk)] == [course.pk]
    assert list(OrderStep.objects.values_list("why", flat=True)) == ["placed", "costs_nothing"]
    assert not Entry.objects.exists()
    told = Event.objects.get(name="code.redeemed")
    assert told.properties == {"order": order.pk, "amount_fen": 19_900, "batch": one.pk}
    # It is no purchase: whoever redeemed one is a newcomer still.
    make(operator, audience="newcomers")
    other = make_course("drawing", price_fen=9_900)
    assert priced(learner, _offer(other)).total_fen == 7_900


def _offer(course):
    return offer_of(f"course:{course.pk}")


def test_a_code_counts_once_and_its_owner_may_enter_it_again(learner, stranger, operator, course):
    code = codes(batch(operator, course))[0]

    assert redeemed(learner, code) == redeemed(learner, code)
    with pytest.raises(CodeRefused):
        redeemed(stranger, code)

    assert Order.objects.count() == 1


def test_an_order_that_waited_for_payment_ends_and_gives_back_what_it_held(learner, operator, course):
    flash(operator, course, price_fen=9_900, stock=1)
    actor = Actor(member_id=learner.pk)
    waiting = place(user=learner, offer=f"course:{course.pk}", seen_fen=9_900, actor=actor)

    redeemed(learner, codes(batch(operator, course))[0])

    waiting.refresh_from_db()
    assert waiting.status == "expired" and waiting.flash.returned_at is not None


def test_what_opens_nothing_says_so_and_stays_as_it_was(learner, operator, course):
    over = batch(operator, course, title="过期", ends_at=clock.now() + timedelta(days=1))
    RedeemBatch.objects.filter(pk=over.pk).update(ends_at=clock.now())
    gone = batch(operator, course, title="作废")
    assert revoke_batch(viewer=staff(operator), batch_id=gone.pk) == 2
    free_by_now = make_course("drawing", price_fen=100)
    of_free = batch(operator, free_by_now, title="已免费")
    free_by_now.price_fen = 0
    free_by_now.save()

    for code, refused in (
        (codes(over)[0], CodeRefused),
        (codes(gone)[0], UnknownCode),
        ("NOSUCHCODE", UnknownCode),
        ("\x00", UnknownCode),
        (codes(of_free)[0], NotForSale),
    ):
        with pytest.raises(refused):
            redeemed(learner, code)
    owned = codes(batch(operator, course, title="已有"))[0]
    grant_course(user=learner, course=course)
    with pytest.raises(AlreadyOwned):
        redeemed(learner, owned)

    assert not Order.objects.exists()
    assert not RedeemCode.objects.exclude(redeemed_at=None).exists()


def test_a_code_of_a_plan_or_bundle_that_was_withdrawn_opens_it_still(learner, operator, course):
    plan = make_plan("绘画会员", topics=["art"])
    bundle = make_bundle([course, make_course("drawing", price_fen=9_900)], price_fen=20_000)
    [of_plan, *_] = codes(batch(operator, f"plan:{plan.pk}", title="会员码"))
    [of_bundle, *_] = codes(batch(operator, f"bundle:{bundle.pk}", title="套装码"))
    Plan.objects.update(status="withdrawn")
    Bundle.objects.update(status="withdrawn")
    with pytest.raises(NotForSale):
        offer_of(f"plan:{plan.pk}", learner)

    assert redeemed(learner, of_plan).plan.plan == plan
    assert redeemed(learner, of_bundle).status == "paid"

    assert membership_of(learner).running.plan == plan
    assert may_open(learner, lesson_of(course, "two")).open


@pytest.mark.parametrize("never", ["a draft", "a course that was never out"])
def test_a_code_opens_no_bundle_that_never_was_one(learner, operator, course, never):
    bundle = make_bundle([course, make_course("drawing", price_fen=9_900)], price_fen=20_000)
    [code, *_] = codes(batch(operator, f"bundle:{bundle.pk}"))
    if never == "a draft":
        Bundle.objects.update(status="draft")
    else:
        Course.objects.filter(pk=course.pk).update(status="draft", published_at=None)

    with pytest.raises(NotForSale):
        redeemed(learner, code)
    assert not Order.objects.exists()


def test_revoking_leaves_what_was_redeemed_open(learner, operator, course):
    one = batch(operator, course, 3)
    redeemed(learner, codes(one)[0])

    assert revoke_batch(viewer=staff(operator), batch_id=one.pk) == 2
    assert revoke_batch(viewer=staff(operator), batch_id=one.pk) == 0

    assert may_open(learner, lesson_of(course, "two")).open
    [row] = all_batches(staff(operator))
    assert (row.codes, row.redeemed, row.revoked, row.free) == (3, 1, 2, 0)
    assert AuditEntry.objects.filter(act="redeem.revoked").count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "长" * 61}, "title"),
        ({"count": 0}, "count"),
        ({"count": 5_001}, "count"),
        ({"ends_at": clock.now()}, "ends_at"),
        ({"offer": "course:0"}, "offer"),
    ],
)
def test_a_batch_that_means_nothing_isnt_made(operator, course, changed, field):
    wanted = {"title": "x", "offer": f"course:{course.pk}", "count": 1, "ends_at": None, **changed}
    with pytest.raises(SaleRefused) as refused:
        make_batch(viewer=staff(operator), **wanted)

    assert refused.value.field == field
    assert not RedeemBatch.objects.exists() and not RedeemCode.objects.exists()


def test_a_form_sent_twice_makes_one_batch_and_taking_codes_away_is_noted(operator, course):
    assert batch(operator, course) == batch(operator, course)
    one = RedeemBatch.objects.get()

    assert [code.text for code in export_batch(viewer=staff(operator), batch_id=one.pk)] == codes(one)
    assert AuditEntry.objects.get(act="redeem.exported").after == {"codes": 2}


def test_strangers_make_no_codes(learner, operator, course):
    one = batch(operator, course)
    agent = Viewer(user=learner, visitor=None, roles=frozenset({"agent"}))
    for act in (
        lambda: make_batch(viewer=agent, title="x", offer=f"course:{course.pk}", count=1, ends_at=None),
        lambda: revoke_batch(viewer=agent, batch_id=one.pk),
        lambda: export_batch(viewer=agent, batch_id=one.pk),
        lambda: all_batches(agent),
    ):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(NoSuchBatch):
        revoke_batch(viewer=staff(operator), batch_id=one.pk + 1)
    assert RedeemCode.objects.filter(revoked_at=None).count() == 2


def test_the_database_refuses_half_a_redemption(learner, operator, course):
    one = batch(operator, course)
    order = redeemed(learner, codes(one)[0])
    for wrong in ({"redeemed_at": None}, {"revoked_at": clock.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RedeemCode.objects.filter(order=order).update(**wrong)
